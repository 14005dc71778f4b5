/*
 * A C application that loads the module by its path, asks for its function lists, starts it and lets it go.
 *
 * The declarations below are all that it needs of PKCS #11, so that the test depends on no header package.
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned char CK_UTF8CHAR;
typedef unsigned long CK_ULONG, CK_RV, CK_FLAGS;
typedef struct { unsigned char major, minor; } CK_VERSION;

typedef struct {
    CK_VERSION cryptokiVersion;
    CK_UTF8CHAR manufacturerID[32];
    CK_FLAGS flags;
    CK_UTF8CHAR libraryDescription[32];
    CK_VERSION libraryVersion;
} CK_INFO;

/* The head of CK_FUNCTION_LIST, the same in every version. */
typedef struct CK_FUNCTION_LIST {
    CK_VERSION version;
    CK_RV (*C_Initialize)(void *);
    CK_RV (*C_Finalize)(void *);
    CK_RV (*C_GetInfo)(CK_INFO *);
    CK_RV (*C_GetFunctionList)(struct CK_FUNCTION_LIST **);
} CK_FUNCTION_LIST;

typedef struct {
    CK_UTF8CHAR *pInterfaceName;
    CK_FUNCTION_LIST *pFunctionList;
    CK_FLAGS flags;
} CK_INTERFACE;

#define CKR_OK 0UL
#define CKR_CRYPTOKI_NOT_INITIALIZED 0x190UL
#define CKR_VENDOR_DEFINED 0x80000000UL

#include "cpx_pkcs11.h"

#define EXPECT(condition)                                                   \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "line %d: %s is not so\n", __LINE__, #condition); \
            return 1;                                                       \
        }                                                                   \
    } while (0)

static int use(CK_FUNCTION_LIST *list, int major, int minor)
{
    CK_INFO info;

    EXPECT(list->version.major == major && list->version.minor == minor);
    EXPECT(list->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT(list->C_Initialize(NULL) == CKR_OK);
    EXPECT(list->C_GetInfo(&info) == CKR_OK);
    EXPECT(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 2);
    EXPECT(memchr(info.manufacturerID, 0, sizeof info.manufacturerID) == NULL);
    EXPECT(info.libraryDescription[31] == ' ');
    EXPECT(list->C_Finalize(NULL) == CKR_OK);
    EXPECT(list->C_GetInfo(&info) == CKR_CRYPTOKI_NOT_INITIALIZED);
    return 0;
}

/* A child process starts over; what it does leaves its parent alone. */
static int fork_with(CK_FUNCTION_LIST *list)
{
    CK_INFO info;
    int status = 0;
    pid_t child;

    EXPECT(list->C_Initialize(NULL) == CKR_OK);
    child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        /* Twice as a whole, since the first C_Initialize is the one that inherits something. */
        _exit(use(list, 2, 40) || use(list, 2, 40));
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(list->C_GetInfo(&info) == CKR_OK);
    EXPECT(list->C_Finalize(NULL) == CKR_OK);
    return 0;
}

static int load(const char *path)
{
    CK_RV (*get_function_list)(CK_FUNCTION_LIST **);
    CK_RV (*get_interface)(CK_UTF8CHAR *, CK_VERSION *, CK_INTERFACE **, CK_FLAGS);
    CK_UTF8CHAR name[] = "PKCS 11";
    CK_VERSION v3_0 = {3, 0};
    CK_FUNCTION_LIST *list = NULL;
    CK_INTERFACE *interface = NULL;
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    *(void **)&get_function_list = dlsym(module, "C_GetFunctionList");
    *(void **)&get_interface = dlsym(module, "C_GetInterface");
    EXPECT(get_function_list != NULL && get_interface != NULL);

    EXPECT(get_function_list(&list) == CKR_OK);
    EXPECT(use(list, 2, 40) == 0);
    EXPECT(fork_with(list) == 0);

    EXPECT(get_interface(name, &v3_0, &interface, 0) == CKR_OK);
    EXPECT(strcmp((const char *)interface->pInterfaceName, "PKCS 11") == 0);
    EXPECT(use(interface->pFunctionList, 3, 0) == 0);

    EXPECT(get_interface(NULL, NULL, &interface, 0) == CKR_OK);
    EXPECT(use(interface->pFunctionList, 3, 2) == 0);

    EXPECT(dlclose(module) == 0);
    return 0;
}

int main(int argc, char **argv)
{
    const char *name;

    EXPECT(argc == 2);
    name = strrchr(argv[1], '/');
    EXPECT(name != NULL && strcmp(name + 1, CPX_PKCS11_MODULE) == 0);
    /* Twice: what is left of the first time must not disturb the second. */
    return load(argv[1]) || load(argv[1]);
}
