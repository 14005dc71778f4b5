/*
 * The names of libpcsclite.so.1, for linking on a machine that has the library of another architecture only. Nothing of
 * this is ever run or delivered: what is linked against it loads the library of the system on which it runs.
 */
#define FUNCTION(name) \
    void name(void) {}

FUNCTION(SCardBeginTransaction)
FUNCTION(SCardCancel)
FUNCTION(SCardConnect)
FUNCTION(SCardControl)
FUNCTION(SCardDisconnect)
FUNCTION(SCardEndTransaction)
FUNCTION(SCardEstablishContext)
FUNCTION(SCardFreeMemory)
FUNCTION(SCardGetAttrib)
FUNCTION(SCardGetStatusChange)
FUNCTION(SCardIsValidContext)
FUNCTION(SCardListReaderGroups)
FUNCTION(SCardListReaders)
FUNCTION(SCardReconnect)
FUNCTION(SCardReleaseContext)
FUNCTION(SCardSetAttrib)
FUNCTION(SCardStatus)
FUNCTION(SCardTransmit)
FUNCTION(pcsc_stringify_error)

/* SCARD_IO_REQUEST. */
typedef struct {
    unsigned long protocol, length;
} Request;

const Request g_rgSCardT0Pci = {1, sizeof(Request)};
const Request g_rgSCardT1Pci = {2, sizeof(Request)};
const Request g_rgSCardRawPci = {4, sizeof(Request)};
