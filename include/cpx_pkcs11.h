/*
 * Constants of libcpx_pkcs11.so that the standard does not define.
 * Include a PKCS #11 header first: CKR_VENDOR_DEFINED comes from there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CPX_PKCS11_H
#define CPX_PKCS11_H

/* Name of the module file, for dlopen() and for configuration files. */
#define CPX_PKCS11_MODULE "libcpx_pkcs11.so"

/*
 * An update of the card's data was interrupted: the card must be updated again before it can be used.
 * The same number as CKR_ASIP_BAD_EF_ACTUA of the official CPS module.
 */
#define CKR_CPX_INTERRUPTED_UPDATE (CKR_VENDOR_DEFINED + 1UL)

#endif
