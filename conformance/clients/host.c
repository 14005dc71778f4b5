/*
 * An application that does what it is told, one call for each line on standard input, and keeps nothing: a code, a
 * plaintext and protected data stand in one buffer, wiped after the call. What is found in its memory is the module's.
 *
 *   host MODULE...        two names of modules, or the same one twice, are modules 1 and 2
 *
 * Each line is answered with one: the function and its CK_RV, then what it gave. "use 2" turns to the second module.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRYPTOKI_COMPAT
#include <p11-kit/pkcs11.h>

#define MODULES 2

struct module {
    const char *path;
    void *library;
    CK_FUNCTION_LIST *list;
    CK_SESSION_HANDLE session;
};

static struct module modules[MODULES];
static struct module *now = modules;
static char **arguments;

/* The only place for what must not stay: the line read, and what a call gives. */
static struct {
    char line[512];
    CK_BYTE data[8192];
} secret;

/* Bytes of standard input that are not yet a line, read without any buffer of the C library. */
static int read_line(void)
{
    size_t length = 0;

    explicit_bzero(secret.line, sizeof secret.line);
    while (length < sizeof secret.line - 1) {
        if (read(STDIN_FILENO, &secret.line[length], 1) != 1)
            return 0;
        if (secret.line[length] == '\n') {
            secret.line[length] = 0;
            return 1;
        }
        length++;
    }
    return 0;
}

/* Written with one system call: the C library keeps nothing either. */
static void say(const char *name, CK_RV rv, const char *more)
{
    char text[256];
    int length = snprintf(text, sizeof text, "%s 0x%lx%s%s\n", name, rv, more ? " " : "", more ? more : "");

    if (write(STDOUT_FILENO, text, (size_t)length) != length)
        _exit(3);
}

/* Tells a value without holding it: length and FNV-1a. */
static void say_value(const char *name, CK_RV rv, CK_ULONG length)
{
    unsigned long long sum = 0xcbf29ce484222325ULL;
    char text[64];

    if (rv != CKR_OK) {
        say(name, rv, NULL);
        return;
    }
    for (CK_ULONG i = 0; i < length; i++)
        sum = (sum ^ secret.data[i]) * 0x100000001b3ULL;
    snprintf(text, sizeof text, "%lu %016llx", length, sum);
    say(name, rv, text);
}

static CK_RV load(void)
{
    CK_C_GetFunctionList get;

    now->library = dlopen(now->path, RTLD_NOW | RTLD_LOCAL);
    if (!now->library) {
        fprintf(stderr, "%s\n", dlerror());
        return CKR_GENERAL_ERROR;
    }
    get = (CK_C_GetFunctionList)dlsym(now->library, "C_GetFunctionList");
    return get ? get(&now->list) : CKR_GENERAL_ERROR;
}

static CK_RV first_slot(CK_SLOT_ID *slot)
{
    CK_SLOT_ID slots[16];
    CK_ULONG count = 16;
    CK_RV rv = now->list->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv == CKR_OK && count == 0)
        return CKR_TOKEN_NOT_PRESENT;
    *slot = slots[0];
    return rv;
}

static CK_RV open_session(void)
{
    CK_SLOT_ID slot;
    CK_RV rv = first_slot(&slot);

    if (rv != CKR_OK)
        return rv;
    return now->list->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &now->session);
}

/* The one object of this class that has the attribute. */
static CK_RV find_with(CK_OBJECT_CLASS class, CK_ATTRIBUTE attribute, CK_OBJECT_HANDLE *object)
{
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, attribute};
    CK_ULONG count = 0;
    CK_RV rv = now->list->C_FindObjectsInit(now->session, template, 2);

    if (rv != CKR_OK)
        return rv;
    rv = now->list->C_FindObjects(now->session, object, 1, &count);
    now->list->C_FindObjectsFinal(now->session);
    if (rv != CKR_OK)
        return rv;
    return count == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

static CK_RV find(CK_OBJECT_CLASS class, const char *label, CK_OBJECT_HANDLE *object)
{
    return find_with(class, (CK_ATTRIBUTE){CKA_LABEL, (void *)label, strlen(label)}, object);
}

static CK_RV load_file(const char *name, CK_ULONG *length)
{
    FILE *file = fopen(name, "rb");

    if (!file)
        return CKR_FUNCTION_FAILED;
    setvbuf(file, NULL, _IONBF, 0);
    *length = fread(secret.data, 1, sizeof secret.data, file);
    fclose(file);
    return *length < sizeof secret.data ? CKR_OK : CKR_DATA_LEN_RANGE;
}

/* sign LABEL FILE SIGNATURE */
static void sign(const char *label, const char *in, const char *out)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_BYTE signature[512];
    CK_ULONG length = 0, size = sizeof signature;
    CK_RV rv = find(CKO_PRIVATE_KEY, label, &key);
    const char *name = "C_FindObjects";
    FILE *file;

    if (rv == CKR_OK) {
        name = "C_SignInit";
        rv = now->list->C_SignInit(now->session, &mechanism, key);
    }
    if (rv == CKR_OK) {
        name = "C_Sign";
        rv = load_file(in, &length);
    }
    if (rv == CKR_OK)
        rv = now->list->C_Sign(now->session, secret.data, length, signature, &size);
    if (rv == CKR_OK && (file = fopen(out, "wb"))) {
        fwrite(signature, 1, size, file);
        fclose(file);
    }
    say(name, rv, NULL);
}

/* digest: something that needs no card */
static void digest(void)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE value[32];
    CK_ULONG size = sizeof value;
    CK_RV rv = now->list->C_DigestInit(now->session, &mechanism);

    if (rv == CKR_OK)
        rv = now->list->C_Digest(now->session, (CK_BYTE *)"a message", 9, value, &size);
    say("C_Digest", rv, NULL);
}

/* decrypt FILE */
static void decrypt(const char *in)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_ULONG length = 0, size = sizeof secret.data;
    CK_BYTE cryptogram[512];
    CK_RV rv = find(CKO_PRIVATE_KEY, "CPS_PRIV_AUT", &key);

    if (rv == CKR_OK)
        rv = now->list->C_DecryptInit(now->session, &mechanism, key);
    if (rv == CKR_OK)
        rv = load_file(in, &length);
    if (rv == CKR_OK && length <= sizeof cryptogram) {
        memcpy(cryptogram, secret.data, length);
        rv = now->list->C_Decrypt(now->session, cryptogram, length, secret.data, &size);
    }
    say_value("C_Decrypt", rv, size);
}

/* unwrap FILE [keep]: reads the key's value; then the key is destroyed, or kept as long as the login lasts */
static void unwrap(const char *in, const char *keep)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    CK_ATTRIBUTE template = {CKA_KEY_TYPE, &type, sizeof type};
    CK_BYTE check[3];
    CK_ATTRIBUTE value[] = {{CKA_VALUE, secret.data, sizeof secret.data}, {CKA_CHECK_VALUE, check, sizeof check}};
    CK_OBJECT_HANDLE key, unwrapped;
    CK_ULONG length = 0;
    CK_BYTE wrapped[512];
    CK_RV rv = find(CKO_PRIVATE_KEY, "CPS_PRIV_AUT", &key);

    if (rv == CKR_OK)
        rv = load_file(in, &length);
    if (rv == CKR_OK && length <= sizeof wrapped) {
        memcpy(wrapped, secret.data, length);
        rv = now->list->C_UnwrapKey(now->session, &mechanism, key, wrapped, length, &template, 1, &unwrapped);
    }
    if (rv == CKR_OK)
        rv = now->list->C_GetAttributeValue(now->session, unwrapped, value, 2);
    if (rv == CKR_OK && strcmp(keep, "keep") != 0)
        rv = now->list->C_DestroyObject(now->session, unwrapped);
    say_value("C_UnwrapKey", rv, rv == CKR_OK ? value[0].ulValueLen : 0);
}

/* encrypt FILE: in parts, for the authentication key */
static void encrypt(const char *in)
{
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_BYTE name[64], cryptogram[512];
    CK_ATTRIBUTE id = {CKA_ID, name, sizeof name};
    CK_ULONG length = 0, done = 0, size = sizeof cryptogram;
    CK_RV rv = find(CKO_PRIVATE_KEY, "CPS_PRIV_AUT", &key);

    if (rv == CKR_OK)
        rv = now->list->C_GetAttributeValue(now->session, key, &id, 1);
    if (rv == CKR_OK)
        rv = find_with(CKO_PUBLIC_KEY, id, &key);
    if (rv == CKR_OK)
        rv = now->list->C_EncryptInit(now->session, &mechanism, key);
    if (rv == CKR_OK)
        rv = load_file(in, &length);
    while (rv == CKR_OK && done < length) {
        CK_ULONG part = length - done < 20 ? length - done : 20, none = 0;
        rv = now->list->C_EncryptUpdate(now->session, &secret.data[done], part, cryptogram, &none);
        done += part;
    }
    if (rv == CKR_OK)
        rv = now->list->C_EncryptFinal(now->session, cryptogram, &size);
    say("C_EncryptFinal", rv, NULL);
}

/* read LABEL: the value of a data object */
static void read_data(const char *label)
{
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE value = {CKA_VALUE, secret.data, sizeof secret.data};
    CK_RV rv = find(CKO_DATA, label, &object);

    if (rv == CKR_OK)
        rv = now->list->C_GetAttributeValue(now->session, object, &value, 1);
    say_value("C_GetAttributeValue", rv, value.ulValueLen);
}

/* write LABEL BYTE: fills a data object of 256 bytes or more */
static void write_data(const char *label, const char *byte)
{
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE value = {CKA_VALUE, secret.data, 256};
    CK_RV rv = find(CKO_DATA, label, &object);

    memset(secret.data, byte[0], 256);
    if (rv == CKR_OK)
        rv = now->list->C_SetAttributeValue(now->session, object, &value, 1);
    say("C_SetAttributeValue", rv, NULL);
}

/* list: every object is looked at, the certificates read */
static void list(void)
{
    CK_OBJECT_HANDLE objects[100];
    CK_ULONG count = 0, length = 0;
    char text[64];
    CK_RV rv = now->list->C_FindObjectsInit(now->session, NULL, 0);

    if (rv == CKR_OK)
        rv = now->list->C_FindObjects(now->session, objects, 100, &count);
    if (rv == CKR_OK)
        rv = now->list->C_FindObjectsFinal(now->session);
    for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
        CK_OBJECT_CLASS class = 0;
        CK_ATTRIBUTE attribute = {CKA_CLASS, &class, sizeof class};
        CK_ATTRIBUTE value = {CKA_VALUE, secret.data, sizeof secret.data};

        rv = now->list->C_GetAttributeValue(now->session, objects[i], &attribute, 1);
        if (rv == CKR_OK && class == CKO_CERTIFICATE) {
            rv = now->list->C_GetAttributeValue(now->session, objects[i], &value, 1);
            length += value.ulValueLen;
        }
    }
    snprintf(text, sizeof text, "%lu objects, %lu bytes", count, length);
    say("C_FindObjects", rv, text);
}

/* rounds COUNT CODE LABEL FILE SIGNATURE: all of a program's life, so many times; the last signature stays */
static void rounds(int count, const char *code, const char *label, const char *in, const char *out)
{
    CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
    CK_OBJECT_HANDLE key;
    CK_BYTE signature[512];
    CK_ULONG length = 0, size = 0;
    char text[64];
    const char *name = "C_Initialize";
    CK_RV rv = CKR_OK;
    FILE *file;
    int done;

    for (done = 0; rv == CKR_OK && done < count; done += rv == CKR_OK) {
        name = "C_Initialize";
        rv = now->list->C_Initialize(NULL);
        if (rv == CKR_OK)
            name = "C_OpenSession", rv = open_session();
        if (rv == CKR_OK)
            name = "C_Login", rv = now->list->C_Login(now->session, CKU_USER, (CK_UTF8CHAR *)code, strlen(code));
        if (rv == CKR_OK)
            name = "C_FindObjects", rv = find(CKO_PRIVATE_KEY, label, &key);
        if (rv == CKR_OK)
            name = "C_SignInit", rv = now->list->C_SignInit(now->session, &mechanism, key);
        if (rv == CKR_OK)
            name = "C_Sign", rv = load_file(in, &length), size = sizeof signature;
        if (rv == CKR_OK)
            rv = now->list->C_Sign(now->session, secret.data, length, signature, &size);
        if (rv == CKR_OK)
            name = "C_Finalize", rv = now->list->C_Finalize(NULL);
    }
    if (rv == CKR_OK && (file = fopen(out, "wb"))) {
        fwrite(signature, 1, size, file);
        fclose(file);
    }
    snprintf(text, sizeof text, "%d rounds, %s", done, name);
    say("rounds", rv, text);
}

static atomic_int busy_until_told;
static atomic_ulong busy_calls;

static void *use_the_card(void *nothing)
{
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_BYTE random[8];

    (void)nothing;
    if (first_slot(&slot) != CKR_OK ||
        now->list->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return NULL;
    while (atomic_load(&busy_until_told) && now->list->C_GenerateRandom(session, random, sizeof random) == CKR_OK)
        atomic_fetch_add(&busy_calls, 1);
    now->list->C_CloseSession(session);
    return NULL;
}

/* busy THREADS: they use the card all the time; busy 0: until now */
static void busy(int threads)
{
    static pthread_t running[64];
    static int count;
    char text[32];
    int ok = 1;

    atomic_store(&busy_until_told, threads > 0);
    if (threads == 0)
        while (count > 0)
            pthread_join(running[--count], NULL);
    while (ok && count < threads && count < 64)
        ok = pthread_create(&running[count], NULL, use_the_card, NULL) == 0 && ++count;
    snprintf(text, sizeof text, "%lu", atomic_load(&busy_calls));
    say("busy", ok ? CKR_OK : CKR_HOST_MEMORY, text);
}

static void *wait_for_event(void *nothing)
{
    CK_SLOT_ID slot = 0;
    CK_RV rv = now->list->C_WaitForSlotEvent(0, &slot, NULL);

    (void)nothing;
    say("C_WaitForSlotEvent", rv, NULL);
    return NULL;
}

static void at_exit(void)
{
    say("C_CloseAllSessions", now->list->C_CloseAllSessions(0), NULL);
    say("C_Finalize", now->list->C_Finalize(NULL), NULL);
}

/* at-the-very-end LIBRARY: loads late.c, whose destructor runs after those of what was loaded before it. */
static CK_RV at_the_very_end(const char *path)
{
    void *late = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void (**call)(void) = late ? (void (**)(void))dlsym(late, "at_the_very_end") : NULL;

    if (!call)
        return CKR_FUNCTION_FAILED;
    *call = at_exit;
    return CKR_OK;
}

/* fork exit|start: the child ends as programs end, or begins anew */
static void fork_child(const char *what)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        CK_RV rv = CKR_OK;
        if (strcmp(what, "start") == 0) {
            CK_SESSION_INFO info;
            rv = now->list->C_GetSessionInfo(now->session, &info);
            rv = rv == CKR_CRYPTOKI_NOT_INITIALIZED ? now->list->C_Initialize(NULL) : CKR_GENERAL_ERROR;
            if (rv == CKR_OK)
                rv = open_session();
            if (rv == CKR_OK)
                rv = now->list->C_Finalize(NULL);
        }
        say("child", rv, NULL);
        exit(0);
    }
    waitpid(child, &status, 0);
    say("fork", child > 0 && status == 0 ? CKR_OK : CKR_FUNCTION_FAILED, NULL);
}

static const char *kept;

static void run(char **word)
{
    CK_FUNCTION_LIST *p11 = now->list;
    const char *command = word[0];
    pthread_t thread;

    if (strcmp(command, "use") == 0)
        now = &modules[word[1][0] - '1'];
    else if (strcmp(command, "load") == 0)
        say("load", load(), NULL);
    else if (strcmp(command, "unload") == 0)
        say("unload", dlclose(now->library) == 0 ? CKR_OK : CKR_FUNCTION_FAILED, NULL);
    else if (strcmp(command, "initialize") == 0)
        say("C_Initialize", p11->C_Initialize(NULL), NULL);
    else if (strcmp(command, "finalize") == 0)
        say("C_Finalize", p11->C_Finalize(NULL), NULL);
    else if (strcmp(command, "token") == 0) {
        CK_SLOT_ID slot = 0;
        CK_TOKEN_INFO info = {0};
        char text[64];
        CK_RV rv = first_slot(&slot);
        if (rv == CKR_OK)
            rv = p11->C_GetTokenInfo(slot, &info);
        snprintf(text, sizeof text, "%.32s", (char *)info.label);
        say("C_GetTokenInfo", rv, rv == CKR_OK ? text : NULL);
    } else if (strcmp(command, "open") == 0)
        say("C_OpenSession", open_session(), NULL);
    else if (strcmp(command, "close") == 0)
        say("C_CloseSession", p11->C_CloseSession(now->session), NULL);
    else if (strcmp(command, "state") == 0) {
        CK_SESSION_INFO info = {0};
        CK_RV rv = p11->C_GetSessionInfo(now->session, &info);
        char text[32];
        snprintf(text, sizeof text, "%lu", info.state);
        say("C_GetSessionInfo", rv, rv == CKR_OK ? text : NULL);
    } else if (strcmp(command, "login") == 0) {
        CK_UTF8CHAR *code = (CK_UTF8CHAR *)word[1];
        say("C_Login", p11->C_Login(now->session, CKU_USER, code, strlen(word[1])), NULL);
    } else if (strcmp(command, "logout") == 0)
        say("C_Logout", p11->C_Logout(now->session), NULL);
    else if (strcmp(command, "change") == 0)
        say("C_SetPIN",
            p11->C_SetPIN(now->session, (CK_UTF8CHAR *)word[1], strlen(word[1]), (CK_UTF8CHAR *)word[2],
                          strlen(word[2])),
            NULL);
    else if (strcmp(command, "sign") == 0)
        sign(word[1], word[2], word[3]);
    else if (strcmp(command, "digest") == 0)
        digest();
    else if (strcmp(command, "decrypt") == 0)
        decrypt(word[1]);
    else if (strcmp(command, "unwrap") == 0)
        unwrap(word[1], word[2]);
    else if (strcmp(command, "encrypt") == 0)
        encrypt(word[1]);
    else if (strcmp(command, "read") == 0)
        read_data(word[1]);
    else if (strcmp(command, "write") == 0)
        write_data(word[1], word[2]);
    else if (strcmp(command, "random") == 0)
        say_value("C_GenerateRandom", p11->C_GenerateRandom(now->session, secret.data, 32), 0);
    else if (strcmp(command, "list") == 0)
        list();
    else if (strcmp(command, "rounds") == 0)
        rounds(atoi(word[1]), word[2], word[3], word[4], word[5]);
    else if (strcmp(command, "busy") == 0)
        busy(atoi(word[1]));
    else if (strcmp(command, "busy-calls") == 0) {
        char text[32];
        snprintf(text, sizeof text, "%lu", atomic_load(&busy_calls));
        say("busy", CKR_OK, text);
    } else if (strcmp(command, "wait") == 0)
        say("thread", pthread_create(&thread, NULL, wait_for_event, NULL) == 0 ? CKR_OK : CKR_HOST_MEMORY, NULL);
    else if (strcmp(command, "fork") == 0)
        fork_child(word[1]);
    else if (strcmp(command, "exec") == 0) {
        say("exec", CKR_OK, NULL);
        execv("/proc/self/exe", arguments);
    } else if (strcmp(command, "keep") == 0)
        /* What a careless program would do, so that a search for it must succeed. */
        say("keep", (kept = strdup(word[1])) ? CKR_OK : CKR_HOST_MEMORY, NULL);
    else if (strcmp(command, "at-the-very-end") == 0)
        say("at-the-very-end", at_the_very_end(word[1]), NULL);
    else if (strcmp(command, "at-exit") == 0)
        say("at-exit", atexit(at_exit) == 0 ? CKR_OK : CKR_HOST_MEMORY, NULL);
    else if (strcmp(command, "process") == 0) {
        char text[32];
        snprintf(text, sizeof text, "%d", getpid());
        say("process", CKR_OK, text);
    } else if (strcmp(command, "secure") == 0) {
        say("AT_SECURE", CKR_OK, getauxval(AT_SECURE) ? "1" : "0");
    } else if (strcmp(command, "exit") == 0)
        exit(0);
    else
        say("unknown", CKR_ARGUMENTS_BAD, NULL);
}

int main(int count, char **values)
{
    arguments = values;
    for (int i = 0; i < MODULES; i++) {
        now = &modules[i];
        now->path = values[i + 1 < count ? i + 1 : count - 1];
        if (i + 1 < count && load() != CKR_OK)
            return 2;
    }
    now = modules;
    while (read_line()) {
        char *word[7] = {"", "", "", "", "", "", ""};
        char *rest = secret.line;

        for (int i = 0; i < 6; i++) {
            char *next = strsep(&rest, " ");
            if (next)
                word[i] = next;
        }
        run(word);
        explicit_bzero(&secret, sizeof secret);
    }
    return 0;
}
