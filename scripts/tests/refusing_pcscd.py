"""A PC/SC service that knows its protocol and lets nobody in: SCardEstablishContext is SCARD_W_SECURITY_VIOLATION."""

import os
import socket
import struct
import sys

CMD_ESTABLISH_CONTEXT = 0x01
CMD_VERSION = 0x11
SCARD_S_SUCCESS = 0
SCARD_W_SECURITY_VIOLATION = 0x8010006A


def exactly(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def serve(connection):
    while True:
        size, command = struct.unpack("=II", exactly(connection, 8))
        body = bytearray(exactly(connection, size))
        # The last field of each message is its return value.
        answer = SCARD_S_SUCCESS if command == CMD_VERSION else SCARD_W_SECURITY_VIOLATION
        body[-4:] = struct.pack("=I", answer)
        connection.sendall(bytes(body))


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            try:
                serve(connection)
            except EOFError:
                os._exit(0)
        connection.close()


main()
