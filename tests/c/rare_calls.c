/*
 * Calls that no common client makes, through the real stack: scripts/tests/module.sh.
 *
 *   rare_calls MODULE recover FILE      signs "a message" with C_SignRecover, writes the signature to FILE, recovers the message
 *   rare_calls MODULE write FILE        writes FILE into CPS_DATA and reads it back
 *   rare_calls MODULE memory            logs in, signs, logs out, and looks for the code in its own memory meanwhile
 *   rare_calls MODULE follow            for each line of standard input says which slots have a token, and whether a login works
 *
 * The code is the first line of standard input. The declarations below are all that it needs of PKCS #11.
 */
#define _DEFAULT_SOURCE

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned char CK_BYTE;
typedef unsigned long CK_ULONG, CK_RV;
typedef struct { CK_ULONG type; void *pValue; CK_ULONG ulValueLen; } CK_ATTRIBUTE;
typedef struct { CK_ULONG mechanism; void *pParameter; CK_ULONG ulParameterLen; } CK_MECHANISM;

#define CKM_RSA_PKCS 1UL
#define CKA_CLASS 0UL
#define CKA_LABEL 3UL
#define CKA_VALUE 0x11UL
#define CKA_ID 0x102UL
#define CKO_DATA 0UL
#define CKO_PUBLIC_KEY 2UL
#define CKO_PRIVATE_KEY 3UL
#define CKU_USER 1UL
#define CKF_RW_SERIAL 6UL

static void *module;

/* Calls a function of the module; what it answers must be CKR_OK. */
#define CALL(name, types, ...)                                                         \
    do {                                                                               \
        CK_RV (*function) types = (CK_RV (*) types)(uintptr_t)dlsym(module, #name);    \
        CK_RV rv = function ? function(__VA_ARGS__) : ~0UL;                            \
        if (rv != 0) {                                                                 \
            fprintf(stderr, "line %d: %s answers 0x%lx\n", __LINE__, #name, rv);       \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

#define EXPECT(condition)                                                   \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "line %d: %s is not so\n", __LINE__, #condition); \
            exit(1);                                                        \
        }                                                                   \
    } while (0)

/* The code, never twice in memory but in `masked`. */
static volatile CK_BYTE code[16], masked[16];
static size_t code_length;
static const CK_BYTE MASK = 0x5A;

/* One byte at a time, past every buffer of the C library. */
static void read_code(void)
{
    char byte;

    while (code_length < sizeof code && read(0, &byte, 1) == 1 && byte != '\n') {
        code[code_length] = (CK_BYTE)byte;
        masked[code_length++] = (CK_BYTE)byte ^ MASK;
    }
    byte = 0;
    EXPECT(code_length >= 4);
}

static void wipe_code(void)
{
    for (size_t i = 0; i < sizeof code; i++)
        code[i] = 0;
}

static CK_ULONG open_session(CK_ULONG slot)
{
    CK_ULONG session = 0;

    CALL(C_OpenSession, (CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *), slot, CKF_RW_SERIAL, NULL, NULL, &session);
    return session;
}

static CK_ULONG first_slot(void)
{
    CK_ULONG slot = 0, count = 1;

    CALL(C_GetSlotList, (CK_BYTE, CK_ULONG *, CK_ULONG *), 1, &slot, &count);
    EXPECT(count == 1);
    return slot;
}

static void login(CK_ULONG session)
{
    CALL(C_Login, (CK_ULONG, CK_ULONG, CK_BYTE *, CK_ULONG), session, CKU_USER, (CK_BYTE *)code, code_length);
}

static CK_ULONG find(CK_ULONG session, CK_ULONG class, CK_ULONG kind, const void *value, size_t length)
{
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {kind, (void *)value, length}};
    CK_ULONG object = 0, count = 0;

    CALL(C_FindObjectsInit, (CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, template, 2UL);
    CALL(C_FindObjects, (CK_ULONG, CK_ULONG *, CK_ULONG, CK_ULONG *), session, &object, 1UL, &count);
    CALL(C_FindObjectsFinal, (CK_ULONG), session);
    EXPECT(count == 1);
    return object;
}

static CK_ULONG find_label(CK_ULONG session, CK_ULONG class, const char *label)
{
    return find(session, class, CKA_LABEL, label, strlen(label));
}

static void save(const char *path, const CK_BYTE *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    EXPECT(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void recover(const char *path)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_BYTE message[] = "a message", signature[256], data[256], id[32];
    CK_ULONG length = sizeof signature, recovered = sizeof data, session = open_session(first_slot());
    CK_ATTRIBUTE identifier = {CKA_ID, id, sizeof id};
    CK_ULONG private_key, public_key;

    login(session);
    private_key = find_label(session, CKO_PRIVATE_KEY, "CPS_PRIV_AUT");
    CALL(C_GetAttributeValue, (CK_ULONG, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, private_key, &identifier, 1UL);
    public_key = find(session, CKO_PUBLIC_KEY, CKA_ID, id, identifier.ulValueLen);
    CALL(C_SignRecoverInit, (CK_ULONG, CK_MECHANISM *, CK_ULONG), session, &mechanism, private_key);
    CALL(C_SignRecover, (CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *), session, message, sizeof message - 1,
         signature, &length);
    EXPECT(length == 256);
    CALL(C_VerifyRecoverInit, (CK_ULONG, CK_MECHANISM *, CK_ULONG), session, &mechanism, public_key);
    CALL(C_VerifyRecover, (CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *), session, signature, length, data,
         &recovered);
    EXPECT(recovered == sizeof message - 1 && memcmp(data, message, recovered) == 0);
    save(path, signature, length);
}

static void write_data(const char *path)
{
    static CK_BYTE text[4096], value[65536];
    CK_ULONG session = open_session(first_slot()), area;
    CK_ATTRIBUTE attribute = {CKA_VALUE, text, 0}, after = {CKA_VALUE, value, sizeof value};
    FILE *file = fopen(path, "rb");

    EXPECT(file != NULL);
    attribute.ulValueLen = fread(text, 1, sizeof text, file);
    EXPECT(fclose(file) == 0 && attribute.ulValueLen > 0);
    login(session);
    area = find_label(session, CKO_DATA, "CPS_DATA");
    CALL(C_SetAttributeValue, (CK_ULONG, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, area, &attribute, 1UL);
    CALL(C_GetAttributeValue, (CK_ULONG, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG), session, area, &after, 1UL);
    EXPECT(after.ulValueLen >= attribute.ulValueLen && memcmp(value, text, attribute.ulValueLen) == 0);
}

/* Places in writable memory where the code stands, as text. */
static unsigned occurrences(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned found = 0;
    char line[512], rights[8];

    EXPECT(maps != NULL);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;

        EXPECT(sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3);
        if (rights[0] != 'r' || rights[1] != 'w' || strstr(line, "[v"))
            continue;
        for (const volatile CK_BYTE *at = (const CK_BYTE *)start; at + code_length <= (const CK_BYTE *)end; at++) {
            size_t same = 0;

            while (same < code_length && at[same] == (masked[same] ^ MASK))
                same++;
            if (same == code_length) {
                fprintf(stderr, "the code stands at %p, in %s", (void *)at, line);
                found++;
            }
        }
    }
    fclose(maps);
    return found;
}

static void memory(void)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_BYTE message[20] = {1}, signature[256];
    CK_ULONG length = sizeof signature, session = open_session(first_slot());

    EXPECT(occurrences() == 1);
    login(session);
    wipe_code();
    EXPECT(occurrences() == 0);
    CALL(C_SignInit, (CK_ULONG, CK_MECHANISM *, CK_ULONG), session, &mechanism,
         find_label(session, CKO_PRIVATE_KEY, "CPS_PRIV_AUT"));
    CALL(C_Sign, (CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *), session, message, sizeof message, signature,
         &length);
    EXPECT(occurrences() == 0);
    CALL(C_Logout, (CK_ULONG), session);
    EXPECT(occurrences() == 0);
}

static void follow(void)
{
    char byte;

    while (read(0, &byte, 1) == 1) {
        CK_ULONG slots[16], all = 0, count = 16;

        if (byte != '\n')
            continue;
        CALL(C_GetSlotList, (CK_BYTE, CK_ULONG *, CK_ULONG *), 0, NULL, &all);
        CALL(C_GetSlotList, (CK_BYTE, CK_ULONG *, CK_ULONG *), 1, slots, &count);
        for (CK_ULONG i = 0; i < count; i++) {
            CK_ULONG session = open_session(slots[i]);

            login(session);
            CALL(C_CloseSession, (CK_ULONG), session);
        }
        printf("%lu slots, %lu with a token\n", all, count);
        fflush(stdout);
    }
}

int main(int count, char **arguments)
{
    const char *what = count > 2 ? arguments[2] : "";
    const char *path = count > 3 ? arguments[3] : "";

    EXPECT(count > 2);
    module = dlopen(arguments[1], RTLD_NOW);
    EXPECT(module != NULL);
    read_code();
    CALL(C_Initialize, (void *), NULL);
    if (strcmp(what, "recover") == 0)
        recover(path);
    else if (strcmp(what, "write") == 0)
        write_data(path);
    else if (strcmp(what, "memory") == 0)
        memory();
    else if (strcmp(what, "follow") == 0)
        follow();
    else
        EXPECT(!"a known word");
    CALL(C_Finalize, (void *), NULL);
    return 0;
}
