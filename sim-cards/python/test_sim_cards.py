"""The Python way to the simulated cards. Run: python3 -m unittest discover sim-cards/python"""

import hashlib
import json
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

import sim_cards

ROOT_APPLICATION = "01 A4 04 0C 08 80 25 00 00 01 FF 01 00"
PERSONAS = pathlib.Path(__file__).resolve().parent.parent / "personas"


class Cards(unittest.TestCase):
    def test_every_persona_makes_a_card_that_shows_its_serial_number(self):
        names = sim_cards.personas()
        files = [*PERSONAS.glob("*.toml"), *PERSONAS.parent.glob("insured/*.toml")]
        self.assertEqual(sorted(names), sorted(file.stem for file in files))
        for name in (name for name in names if not name.startswith("insured-")):
            with self.subTest(name), sim_cards.Card(name) as card:
                self.assertEqual(card.power_on()[0], 0x3B)
                if name.endswith("cps4"):
                    self.assertEqual(card.send(ROOT_APPLICATION), (b"", 0x9000))
                    card.send("01 A4 08 00 02 D003 00")
                    serial, status = card.send("01 B0 00 00 00")
                else:
                    card.send("00 A4 09 04 04 3F00D003")
                    serial, status = card.send("00 B0 00 00 0C")
                self.assertEqual(status, 0x9000)
                self.assertEqual(serial[:7].hex(), "5a0a8025000001")
                self.assertIn(serial[2:].hex().upper(), card.dump())

    def test_codes_count_down_and_block(self):
        with sim_cards.Card("doctor-hospital-cps3", pin="2468", tries=2) as card:
            card.power_on()
            self.assertEqual(card.send("00 20 00 01 04 30303030"), (b"", 0x63C1))
            self.assertEqual(card.tries_left, 1)
            self.assertEqual(card.send("00 20 00 01 04 32343638"), (b"", 0x9000))
            self.assertTrue(card.is_holder_verified)
            card.reset()
            self.assertFalse(card.is_holder_verified)

    def test_get_response_and_the_right_le_are_seen_to(self):
        with sim_cards.Card("doctor-hospital-cps3") as card:
            card.power_on()
            template, status = card.send("00 A4 09 04 04 3F002F01")
            self.assertEqual((template[0], status), (0x62, 0x9000))
            content, status = card.send("00 B0 00 00 00")
            self.assertEqual((len(content), status), (57, 0x9000))
            _, status = card.send("A0 A4 00 00 02 7F01")
            self.assertEqual(status, 0x9000)

    def test_the_day_decides_the_certificate(self):
        def certificate(**options):
            with sim_cards.Card("doctor-hospital-cps3", **options) as card:
                card.power_on()
                card.send("00 A4 09 04 06 3F000001B002")
                return hashlib.sha256(card.send("00 B0 00 00 E7")[0]).hexdigest()

        self.assertEqual(certificate(at="2026-07-14"), certificate(at="2026-07-31"))
        self.assertNotEqual(certificate(at="2026-07-14"), certificate(at="2026-08-01"))

    def test_a_persona_can_be_written_on_the_spot(self):
        text = (PERSONAS / "doctor-gp-cps4.toml").read_text(encoding="utf-8")
        with sim_cards.Card(text.replace("27000001", "27000099").replace('"cps4"', '"cps3"')) as card:
            self.assertIn("CPS3-27000099", card.dump())

    def test_a_persona_can_be_a_file(self):
        with sim_cards.Card(PERSONAS / "doctor-gp-cps4.toml") as card:
            self.assertIn("CPS4-27000001", card.dump())
        with self.assertRaisesRegex(sim_cards.SimCardError, "/nowhere/x.toml"):
            sim_cards.Card("/nowhere/x.toml")

    def test_the_card_of_the_insured(self):
        with sim_cards.Card("insured-family") as card:
            card.power_on()
            self.assertEqual(card.send("00 A4 04 0C 0B D2500000 02 564954414C45"), (b"", 0x9000))
            holders, status = card.send("00 B0 82 00 00")
            self.assertEqual((holders[0], status), (0x65, 0x9000))

    def test_guesses_are_replaced_once_and_before_the_first_card(self):
        program = """
import sim_cards
sim_cards.replace_guesses("[files.objects]\\nCPS_NAME_PS = 0x4711")
print(sim_cards.Card("doctor-gp-cps4").dump())
try:
    sim_cards.replace_guesses("")
except sim_cards.SimCardError as error:
    print(error)
"""
        folder = pathlib.Path(sim_cards.__file__).parent
        said = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
        self.assertIn("4711  CPS_NAME_PS", said.stdout)
        self.assertIn("in use already", said.stdout)

    def test_a_pulled_card_is_silent(self):
        with sim_cards.Card("doctor-gp-cps4") as card:
            self.assertEqual(card.transmit(ROOT_APPLICATION), b"")
            card.remove()
            self.assertIsNone(card.power_on())
            card.insert()
            self.assertIsNotNone(card.power_on())
            self.assertEqual(card.transmit(ROOT_APPLICATION), b"\x90\x00")

    def test_faults_strike_when_planned(self):
        with sim_cards.Card("doctor-hospital-cps3", faults=["2:status=6F00", "4:pull"]) as card:
            card.power_on()
            challenge = "00 84 00 00 08"
            self.assertEqual([card.send(challenge)[1] for _ in range(3)], [0x9000, 0x6F00, 0x9000])
            self.assertEqual(card.transmit(challenge), b"")
            card.insert()
            card.power_on()
            card.add_fault("+1:truncate=3")
            self.assertEqual(len(card.send(challenge)[0]), 3)
            card.add_fault("*:mute")
            card.clear_faults()
            self.assertEqual(len(card.send(challenge)[0]), 8)
            with self.assertRaises(sim_cards.SimCardError):
                card.add_fault("soon:bang")

    def test_the_antenna_of_a_cps3(self):
        with sim_cards.Card("doctor-hospital-cps3", card="cps3-contactless") as card:
            self.assertEqual(card.power_on().hex().upper(), "3B8F80010031B86404B0ECC1739401808290000E")
            self.assertIn("CPS_PRIV_TECH_AUT", card.dump())

    def test_serial_and_label_are_chosen(self):
        with sim_cards.Card("doctor-gp-cps4", serial="00000042", label="CPS4 of a test") as card:
            self.assertIn("serial number: 80250000010000004", card.dump())
            self.assertIn("CPS4 of a test", card.dump())

    def test_what_is_wrong_is_said(self):
        for persona, options, reason in (
            ("nobody", {}, "no persona is called nobody"),
            ("doctor-gp-cps4", {"pin": "12"}, "PIN of the holder"),
            ("doctor-hospital-cps3", {"protocol": "t1"}, "T=0 only"),
            ("doctor-gp-cps4", {"colour": "blue"}, "colour"),
            ("doctor-gp-cps4", {"at": "yesterday"}, "YYYY-MM-DD"),
            ("doctor-gp-cps4", {"delay_byte": "slow"}, "slow"),
            ("name = 1\n", {}, "name"),
        ):
            with self.subTest(reason), self.assertRaisesRegex(sim_cards.SimCardError, reason):
                sim_cards.Card(persona, **options)


class Traces(unittest.TestCase):
    def traced(self, form):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "trace"
            with sim_cards.Card("doctor-hospital-cps3") as card:
                card.trace(file, form)
                card.power_on()
                card.send("00 A4 09 04 04 3F002F00")
                card.send("00 20 00 01 04 39393939")
            return file.read_text(encoding="utf-8")

    def test_json_lines(self):
        lines = [json.loads(line) for line in self.traced("json").splitlines()]
        self.assertEqual([line["number"] for line in lines], [1, 2, 3])
        self.assertEqual(lines[0]["file"], "EF.DIR")
        self.assertEqual(lines[0]["path"], "3F00/2F00")
        self.assertEqual(lines[1]["name"], "GET RESPONSE")
        self.assertEqual((lines[2]["name"], lines[2]["status"]), ("VERIFY code 01", "63C2"))

    def test_text(self):
        text = self.traced("text")
        self.assertIn("SELECT path 3F002F00  (EF.DIR)", text)
        self.assertIn("63C2 code not given or wrong, tries left: 2", text)

    def test_a_trace_that_cannot_be_written_is_refused(self):
        with sim_cards.Card("doctor-gp-cps4") as card:
            for file, form in (("/nonexistent/trace", "json"), ("/dev/null", "xml")):
                with self.assertRaises(sim_cards.SimCardError):
                    card.trace(file, form)


class VirtualReader(unittest.TestCase):
    """The messages of vpcd: length in two bytes, then one byte of order or an APDU."""

    def test_a_reader_is_served_until_it_closes(self):
        listener = socket.create_server(("127.0.0.1", 0))
        with sim_cards.Card("doctor-gp-cps4") as card:
            port = listener.getsockname()[1]
            service = threading.Thread(target=card.serve, args=("127.0.0.1", port))
            service.start()
            reader, _ = listener.accept()
            with reader, listener:
                self.exchange(reader, b"\x01", answered=False)
                self.assertEqual(self.exchange(reader, b"\x04"), bytes.fromhex("3B9B188001001225006480040100009044"))
                self.assertEqual(self.exchange(reader, bytes.fromhex(ROOT_APPLICATION)), b"\x90\x00")
            service.join(10)
            self.assertFalse(service.is_alive())

    def exchange(self, reader, message, answered=True):
        reader.sendall(struct.pack(">H", len(message)) + message)
        if not answered:
            return None
        stream = reader.makefile("rb")
        (length,) = struct.unpack(">H", stream.read(2))
        return stream.read(length)

    def test_no_reader_is_an_error(self):
        with sim_cards.Card("doctor-gp-cps4") as card, self.assertRaises(sim_cards.SimCardError):
            card.serve("127.0.0.1", 9)


if __name__ == "__main__":
    unittest.main()
