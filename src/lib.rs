//! `libcpx_pkcs11.so`: a PKCS #11 module for the French health professional cards (CPx).
