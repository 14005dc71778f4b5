/*
 * Another program on the card, which knows nothing of the module: guest READER. Connects, says so, and stays until its standard input
 * ends; asks the card each time it is sent a line, and says whether it was reset since.
 */
#include <stdio.h>
#include <stdlib.h>
#include <winscard.h>

static void must(const char *what, LONG rv)
{
    if (rv == SCARD_S_SUCCESS)
        return;
    fprintf(stderr, "guest: %s: %s\n", what, pcsc_stringify_error(rv));
    exit(1);
}

int main(int argc, char **argv)
{
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol, state, size;
    BYTE atr[MAX_ATR_SIZE];
    char line[16];
    LONG rv;

    if (argc != 2)
        return 2;
    must("SCardEstablishContext", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    must("SCardConnect",
         SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol));
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("connected");
    while (fgets(line, sizeof line, stdin)) {
        size = sizeof atr;
        rv = SCardStatus(card, NULL, NULL, &state, &protocol, atr, &size);
        puts(rv == SCARD_S_SUCCESS ? "as before" : pcsc_stringify_error(rv));
    }
    must("SCardDisconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
    must("SCardReleaseContext", SCardReleaseContext(context));
    return 0;
}
