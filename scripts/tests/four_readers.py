#!/usr/bin/env python3
"""Four simulated cards in four virtual readers at once, each inserted and removed again and again.

Usage: four_readers.py CONTROL_SOCKET CYCLES. Every reader is a thread with a context of its own, as four programs
would have. Talks to pcscd through libpcsclite, with nothing but Python's standard library.
"""

import ctypes
import socket
import sys
import threading
import time

PATIENCE = 300  # seconds for anything that a busy machine may delay

# winscard.h, pcsclite.h
SCOPE_SYSTEM = 2
SHARE_SHARED = 2
LEAVE_CARD = 0
PROTOCOL_T0, PROTOCOL_T1 = 1, 2
STATE_UNAWARE, STATE_CHANGED, STATE_EMPTY, STATE_PRESENT, STATE_MUTE = 0x0000, 0x0002, 0x0010, 0x0020, 0x0200
TIMEOUT = 0x8010000A

SERIAL = "5A0A8025000001"
# Name, reader, ATR, protocol, commands with the beginnings of their answers.
CARDS = (
    ("contact", 0, "3BAC00402A001225006480000310009000", PROTOCOL_T0, (("00B09C000C", SERIAL),)),
    (
        "chipdoc",
        1,
        "3B9B188001001225006480040100009044",
        PROTOCOL_T1,
        (("01A4040C088025000001FF0100", "9000"), ("01A4080C02D003", "9000"), ("01B0000000", SERIAL)),
    ),
    ("antenna", 2, "3B8F80010031B86404B0ECC1739401808290000E", PROTOCOL_T1, (("00B09C000C", SERIAL),)),
    (
        "patient",
        3,
        "3B751300004309EA9000",
        PROTOCOL_T0,
        (("00A4040C0BD250000002564954414C45", "9000"), ("00B0820001", "659000")),
    ),
)

LIBRARY = ctypes.CDLL("libpcsclite.so.1")
DWORD, HANDLE = ctypes.c_ulong, ctypes.c_long


class ReaderState(ctypes.Structure):
    _fields_ = [
        ("reader", ctypes.c_char_p),
        ("user_data", ctypes.c_void_p),
        ("current", DWORD),
        ("event", DWORD),
        ("atr_length", DWORD),
        ("atr", ctypes.c_ubyte * 33),
    ]


class IoRequest(ctypes.Structure):
    _fields_ = [("protocol", DWORD), ("length", DWORD)]


class Refused(Exception):
    """pcscd refused, the card answered something else, or nothing happened."""


def call(function, *arguments):
    result = getattr(LIBRARY, function)(*arguments) & 0xFFFFFFFF
    if result:
        raise Refused(f"{function}: {result:08X}")


class Reader:
    """One reader, seen through a context of its own."""

    def __init__(self, number):
        self.name = f"Reader {number} {number:02X} 00".encode()
        self.context = HANDLE()
        call("SCardEstablishContext", DWORD(SCOPE_SYSTEM), None, None, ctypes.byref(self.context))
        self.known = STATE_UNAWARE

    def wait_for(self, wanted):
        """Waits for a state; gives the ATR."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state = ReaderState(reader=self.name, current=self.known)
            result = LIBRARY.SCardGetStatusChange(self.context, DWORD(1000), ctypes.byref(state), DWORD(1))
            if result & 0xFFFFFFFF == TIMEOUT:
                continue
            if result:
                raise Refused(f"SCardGetStatusChange: {result & 0xFFFFFFFF:08X}")
            self.known = state.event & ~STATE_CHANGED
            if state.event & wanted and not state.event & STATE_MUTE:
                return bytes(state.atr[: state.atr_length]).hex().upper()
        raise Refused(f"{self.name.decode()}: state {self.known:X}, {wanted:X} was waited for")

    def converse(self, protocol, commands):
        """Connects, sends the commands, checks the answers, leaves the card."""
        card, active = HANDLE(), DWORD()
        call(
            "SCardConnect", self.context, self.name, DWORD(SHARE_SHARED), DWORD(PROTOCOL_T0 | PROTOCOL_T1),
            ctypes.byref(card), ctypes.byref(active),
        )  # fmt: skip
        if active.value != protocol:
            raise Refused(f"protocol {active.value}")
        request = IoRequest(active.value, ctypes.sizeof(IoRequest))
        for command, expected in commands:
            sent = bytes.fromhex(command)
            answer, length = ctypes.create_string_buffer(258), DWORD(258)
            call(
                "SCardTransmit", card, ctypes.byref(request), sent, DWORD(len(sent)), None, answer,
                ctypes.byref(length),
            )  # fmt: skip
            told = answer.raw[: length.value].hex().upper()
            if not told.startswith(expected):
                raise Refused(f"{command}: {told}")
        call("SCardDisconnect", card, DWORD(LEAVE_CARD))


class Desk:
    """The control socket of sim-card."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")

    def order(self, order):
        self.socket.sendall(f"{order}\n".encode())
        answer = self.lines.readline().strip()
        if answer != "ok":
            raise Refused(f"{order}: {answer}")


class Holder(threading.Thread):
    """Inserts and removes one card."""

    def __init__(self, control, card, cycles, meeting):
        super().__init__(daemon=True)
        self.card_name, number, self.atr, self.protocol, self.commands = card
        self.desk, self.reader = Desk(control), Reader(number)
        self.cycles, self.meeting = cycles, meeting
        self.done, self.failure = 0, None

    def run(self):
        try:
            self.reader.wait_for(STATE_EMPTY)
            for cycle in range(self.cycles):
                self.insert()
                # In the first cycle and in the last all cards are in their readers at once.
                if cycle in (0, self.cycles - 1):
                    self.meeting.wait(PATIENCE)
                    self.reader.converse(self.protocol, self.commands)
                    self.meeting.wait(PATIENCE)
                self.desk.order(f"remove {self.card_name}")
                self.reader.wait_for(STATE_EMPTY)
                self.done += 1
        except Exception as failure:  # whatever it is, the others must not wait for this one
            self.failure = failure
            self.meeting.abort()

    def insert(self):
        self.desk.order(f"insert {self.card_name}")
        atr = self.reader.wait_for(STATE_PRESENT)
        if atr != self.atr:
            raise Refused(f"{self.card_name}: ATR {atr}")
        self.reader.converse(self.protocol, self.commands)


def main(control, cycles):
    start = time.monotonic()
    meeting = threading.Barrier(len(CARDS))
    holders = [Holder(control, card, cycles, meeting) for card in CARDS]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()
        print(f"{holder.card_name}: {holder.done} of {cycles} cycles{f', {holder.failure!r}' if holder.failure else ''}")
    print(f"{sum(holder.done for holder in holders)} insertions in {time.monotonic() - start:.0f} s")
    return all(holder.done == cycles for holder in holders)


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1], int(sys.argv[2])))
