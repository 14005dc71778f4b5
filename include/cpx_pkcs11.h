/*
 * Constants of libcpx_pkcs11.so that the standard does not define. Its return codes are all those of the standard.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CPX_PKCS11_H
#define CPX_PKCS11_H

/* Name of the module file, for dlopen() and for configuration files. */
#define CPX_PKCS11_MODULE "libcpx_pkcs11.so"

#endif
