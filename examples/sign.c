/* Signs with the card: sign MODULE FILE >SIGNATURE. The PIN comes from the standard input; the signature is RSA PKCS #1 v1.5, SHA-256.
 *
 *     cc -I/usr/include/p11-kit-1 sign.c -o sign -ldl        (libp11-kit-dev of Debian)
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(const char *function, CK_RV rv) {
    if (rv != CKR_OK) fprintf(stderr, "%s: 0x%lx\n", function, rv), exit(1);
}

int main(int argc, char **argv) {
    char pin[16] = "";
    unsigned char message[65536], signature[256];
    unsigned long count = 1, length = sizeof signature;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_OBJECT_CLASS private_key = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE signature_key[] = {{CKA_CLASS, &private_key, sizeof private_key}, {CKA_LABEL, "CPS_PRIV_SIG", 12}};
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    void *module = file ? dlopen(argv[1], RTLD_NOW) : NULL;
    CK_C_GetFunctionList get_functions = module ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    CK_FUNCTION_LIST *p11;

    if (!get_functions || !fgets(pin, sizeof pin, stdin)) return fputs("usage: sign MODULE FILE <PIN >SIGNATURE\n", stderr), 2;
    must("C_GetFunctionList", get_functions(&p11));
    must("C_Initialize", p11->C_Initialize(NULL));
    must("C_GetSlotList", p11->C_GetSlotList(CK_TRUE, &slot, &count));
    if (count == 0) return fputs("no card in any reader\n", stderr), 1;
    must("C_OpenSession", p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session));
    must("C_Login", p11->C_Login(session, CKU_USER, (unsigned char *)pin, strcspn(pin, "\n")));
    must("C_FindObjectsInit", p11->C_FindObjectsInit(session, signature_key, 2));
    must("C_FindObjects", p11->C_FindObjects(session, &key, 1, &count));
    must("C_SignInit", p11->C_SignInit(session, &mechanism, key));
    must("C_Sign", p11->C_Sign(session, message, fread(message, 1, sizeof message, file), signature, &length));
    fwrite(signature, 1, length, stdout);
    must("C_Finalize", p11->C_Finalize(NULL));
    return 0;
}
