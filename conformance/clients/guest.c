/*
 * Another program on the card, which knows nothing of the module.
 *
 * guest READER: connects, says so, and stays until its standard input ends; asks the card each time it is sent a line, and says
 * whether it was reset since.
 *
 * guest READER SECONDS: keeps the card to itself so long, says so at the start, and resets the card at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <winscard.h>

#define PROTOCOLS (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1)

static void must(const char *what, LONG rv)
{
    if (rv == SCARD_S_SUCCESS)
        return;
    fprintf(stderr, "guest: %s: %s\n", what, pcsc_stringify_error(rv));
    exit(1);
}

/* Asks the card for each line of the standard input. */
static void look(SCARDHANDLE card)
{
    DWORD protocol, state, size;
    BYTE atr[MAX_ATR_SIZE];
    char line[16];
    LONG rv;

    puts("connected");
    while (fgets(line, sizeof line, stdin)) {
        size = sizeof atr;
        rv = SCardStatus(card, NULL, NULL, &state, &protocol, atr, &size);
        puts(rv == SCARD_S_SUCCESS ? "as before" : pcsc_stringify_error(rv));
    }
}

static void hold(SCARDHANDLE card, unsigned seconds)
{
    DWORD protocol;

    must("SCardBeginTransaction", SCardBeginTransaction(card));
    puts("holds");
    sleep(seconds);
    must("SCardReconnect", SCardReconnect(card, SCARD_SHARE_SHARED, PROTOCOLS, SCARD_RESET_CARD, &protocol));
    must("SCardEndTransaction", SCardEndTransaction(card, SCARD_LEAVE_CARD));
}

int main(int argc, char **argv)
{
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;

    if (argc != 2 && argc != 3)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    must("SCardEstablishContext", SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    must("SCardConnect", SCardConnect(context, argv[1], SCARD_SHARE_SHARED, PROTOCOLS, &card, &protocol));
    if (argc == 2)
        look(card);
    else
        hold(card, (unsigned)atoi(argv[2]));
    must("SCardDisconnect", SCardDisconnect(card, SCARD_LEAVE_CARD));
    must("SCardReleaseContext", SCardReleaseContext(context));
    return 0;
}
