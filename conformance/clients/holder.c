/* A program that keeps the card to itself for some seconds, and resets it at the end: holder READER SECONDS. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <winscard.h>

static void must(const char *what, LONG rv)
{
    if (rv == SCARD_S_SUCCESS)
        return;
    fprintf(stderr, "holder: %s: %s\n", what, pcsc_stringify_error(rv));
    exit(1);
}

int main(int argc, char **argv)
{
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;

    if (argc != 3)
        return 2;
    must("SCardEstablishContext", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    must("SCardConnect",
         SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol));
    must("SCardBeginTransaction", SCardBeginTransaction(card));
    puts("holds");
    fflush(stdout);
    sleep((unsigned)atoi(argv[2]));
    must("SCardReconnect", SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1,
                                          SCARD_RESET_CARD, &protocol));
    must("SCardEndTransaction", SCardEndTransaction(card, SCARD_LEAVE_CARD));
    must("SCardDisconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
    must("SCardReleaseContext", SCardReleaseContext(context));
    return 0;
}
