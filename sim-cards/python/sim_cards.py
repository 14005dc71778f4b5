"""Simulated French health professional cards (CPx) for Python, over the C interface; needs nothing but Python 3.

    import sim_cards

    with sim_cards.Card("doctor-gp-cps4", tries=1) as card:
        card.power_on()
        data, status = card.send("01 A4 04 0C 08 80 25 00 00 01 FF 01 00")
        assert status == 0x9000

The library libsim_cards_c.so is looked for in SIM_CARDS_LIBRARY (a file), then where cargo builds it, then where a
package of sim-cards puts it, then where the system keeps libraries.
"""

import ctypes
import ctypes.util
import os
import pathlib

__all__ = ["Card", "SimCardError", "personas", "replace_guesses"]


class SimCardError(Exception):
    """A card that could not be made, a trace or a reader that could not be opened."""


def _library_file():
    chosen = os.environ.get("SIM_CARDS_LIBRARY")
    if chosen:
        return chosen
    workspace = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", workspace / "target"))
    for build in ("release", "debug"):
        file = target / build / "libsim_cards_c.so"
        if file.exists():
            return str(file)
    for folder in ("lib/*/sim-cards", "lib64/sim-cards", "lib/sim-cards"):
        for prefix in pathlib.Path(__file__).resolve().parents:
            for file in prefix.glob(f"{folder}/libsim_cards_c.so"):
                return str(file)
    return ctypes.util.find_library("sim_cards_c") or "libsim_cards_c.so"


def _load():
    library = ctypes.CDLL(_library_file())
    card, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    for name, result, arguments in (
        ("sim_cards_personas", size, (ctypes.c_char_p, size)),
        ("sim_cards_replace_guesses", ctypes.c_int, (text, ctypes.c_char_p, size)),
        ("sim_card_new", card, (text, text, ctypes.c_char_p, size)),
        ("sim_card_free", None, (card,)),
        ("sim_card_atr", size, (card, ctypes.c_char_p, size)),
        ("sim_card_power_on", ctypes.c_int, (card,)),
        ("sim_card_power_off", None, (card,)),
        ("sim_card_reset", ctypes.c_int, (card,)),
        ("sim_card_remove", None, (card,)),
        ("sim_card_insert", None, (card,)),
        ("sim_card_transmit", size, (card, ctypes.c_char_p, size, ctypes.c_char_p, size)),
        ("sim_card_add_fault", ctypes.c_int, (card, text)),
        ("sim_card_clear_faults", None, (card,)),
        ("sim_card_tries_left", ctypes.c_int, (card,)),
        ("sim_card_is_holder_verified", ctypes.c_int, (card,)),
        ("sim_card_dump", size, (card, ctypes.c_char_p, size)),
        ("sim_card_trace", ctypes.c_int, (card, text, text)),
        ("sim_card_serve", ctypes.c_int, (card, text, ctypes.c_uint16)),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


_LIBRARY = _load()


def _text(function, *arguments):
    """The text of a function that says how long it is."""
    buffer = ctypes.create_string_buffer(function(*arguments, None, 0))
    function(*arguments, buffer, len(buffer))
    return buffer.value.decode()


def personas():
    """The names of the holders: professionals, then the insured."""
    return _text(_LIBRARY.sim_cards_personas).splitlines()


def replace_guesses(text):
    """Replaces values of guesses.toml by those of this text, once, before the first card."""
    error = ctypes.create_string_buffer(1024)
    if not _LIBRARY.sim_cards_replace_guesses(text.encode(), error, len(error)):
        raise SimCardError(error.value.decode())


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _bytes(command):
    return bytes.fromhex(command) if isinstance(command, str) else bytes(command)


class Card:
    """A card in the reader, without power. One thread at a time may use it.

    `persona` is the name of a holder, the path of a persona file, or its text. Options: card, protocol, atr, serial,
    label, certificate_size, largest_answer, pin, tries, puk, puk_tries, puk_uses, cps_data, needs_recovery, at, real_time,
    delay_byte, delay_operation, faults (a list); see sim_cards.h.
    """

    def __init__(self, persona, **options):
        self._card = None
        lines = (f"{name.replace('_', '-')} = {_toml(value)}" for name, value in options.items())
        error = ctypes.create_string_buffer(1024)
        self._card = _LIBRARY.sim_card_new(os.fspath(persona).encode(), "\n".join(lines).encode(), error, len(error))
        if not self._card:
            raise SimCardError(error.value.decode())

    def close(self):
        """Ends the card."""
        card, self._card = self._card, None
        _LIBRARY.sim_card_free(card)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if self._card:
            self.close()

    @property
    def atr(self):
        """The answer to reset."""
        buffer = ctypes.create_string_buffer(64)
        length = _LIBRARY.sim_card_atr(self._card, buffer, len(buffer))
        return buffer.raw[:length]

    def power_on(self):
        """Switches on; the answer to reset, None if the card was pulled out."""
        return self.atr if _LIBRARY.sim_card_power_on(self._card) else None

    def power_off(self):
        _LIBRARY.sim_card_power_off(self._card)

    def reset(self):
        """A warm reset; as power_on."""
        return self.atr if _LIBRARY.sim_card_reset(self._card) else None

    def remove(self):
        """Pulls the card out of the reader."""
        _LIBRARY.sim_card_remove(self._card)

    def insert(self):
        """Puts it back, without power."""
        _LIBRARY.sim_card_insert(self._card)

    def transmit(self, command):
        """One command, bytes or hexadecimal text; the answer with its status word, empty if the card is mute."""
        command = _bytes(command)
        answer = ctypes.create_string_buffer(65538)
        length = _LIBRARY.sim_card_transmit(self._card, command, len(command), answer, len(answer))
        return answer.raw[:length]

    def send(self, command):
        """As transmit, with all the data that GET RESPONSE fetches; gives (data, status word as a number)."""
        command = _bytes(command)
        answer, data = self.transmit(command), b""
        # ISO 7816-4 §5.6: 61xx, in class A0 9Fxx: xx bytes wait; 6Cxx: the right Le.
        if len(answer) == 2 and answer[0] == 0x6C:
            answer = self.transmit(command[:4] + answer[1:] if len(command) <= 5 else command + answer[1:])
        while len(answer) >= 2 and answer[-2] in (0x61, 0x9F):
            data += answer[:-2]
            answer = self.transmit(bytes([command[0] & 0xEF, 0xC0, 0, 0, answer[-1]]))
        if len(answer) < 2:
            raise SimCardError("the card did not answer")
        return data + answer[:-2], int.from_bytes(answer[-2:], "big")

    def add_fault(self, fault):
        """Plans a fault, as "12:pull" or "B0#3:truncate=5"; see sim_cards.h."""
        if not _LIBRARY.sim_card_add_fault(self._card, fault.encode()):
            raise SimCardError(f"{fault} is no fault")

    def clear_faults(self):
        """Forgets every planned fault."""
        _LIBRARY.sim_card_clear_faults(self._card)

    @property
    def tries_left(self):
        """Tries of the holder code that are left."""
        return _LIBRARY.sim_card_tries_left(self._card)

    @property
    def is_holder_verified(self):
        """Whether the holder code was given and still counts."""
        return _LIBRARY.sim_card_is_holder_verified(self._card) == 1

    def dump(self):
        """The file tree, decoded, protected data included."""
        return _text(_LIBRARY.sim_card_dump, self._card)

    def trace(self, file, format="json"):
        """Writes every exchange from now on to a file, as "json" lines or "text". Codes are in it."""
        if not _LIBRARY.sim_card_trace(self._card, os.fsencode(file), format.encode()):
            raise SimCardError(f"no {format} trace can be written to {file}")

    def serve(self, host="localhost", port=35963):
        """Plugs the card into a virtual reader, until the reader goes away or the card is pulled: that of sim-cards' own
        driver if `host` is the path of its socket, which begins with a slash, and else vsmartcard's."""
        if not _LIBRARY.sim_card_serve(self._card, host.encode(), port):
            raise SimCardError(f"no virtual reader at {host} port {port}")
