"""Every persona read back from its card, as a client does it, and compared with what it shall show.

Nothing here knows how the cards are made: files are found through the directories of the card, certificates and data
objects are taken apart by the few lines below. Run: python3 -m unittest discover sim-cards/python
"""

import collections
import functools
import unittest

import sim_cards

DAY = "2026-07-14"
CONTACT_APPLICATION = "3F000001"
ISSUER = "8025000001"

CPS, CPF, CPE, CPA = 0, 1, 2, 3  # table G02; a CDE is coded as a CPE
PRACTISED, IN_TRAINING = "1.2.250.1.71.1.2.7", "1.2.250.1.71.1.2.8"

Row = collections.namedtuple(
    "Row", "chip kind identifier title profession speciality pharmacist_table sectors serial"
)
# `sectors` by the number of the situation; `serial` as EF.SN.ICC ends.
TABLE = {
    "doctor-gp-cps4": Row("cps4", CPS, "899970099018", "Médecin", (PRACTISED, 10), "SM54", None, {1: "SA07", 3: "SA01"}, "270000018F"),
    "doctor-hospital-cps3": Row("cps3", CPS, "899970099026", "Médecin", (PRACTISED, 10), "SM04", None, {1: "SA01"}, "270000026F"),
    "pharmacist-owner-cps3": Row("cps3", CPS, "899970099034", "Pharmacien", (PRACTISED, 21), None, "A", {1: "SA33"}, "270000034F"),
    "nurse-adeli-cps3": Row("cps3", CPS, "00B6000042", "Infirmier", (PRACTISED, 60), None, None, {1: "SA07"}, "270000042F"),
    "intern-cpf-cps4": Row("cps4", CPF, "899970099042", "Médecin en formation", (IN_TRAINING, 10), None, None, {}, "270000059F"),
    "secretary-cpe-cps4": Row("cps4", CPE, "3760000042/000000018", "Secrétaire médicale", None, None, None, {1: "SA01"}, "270000067F"),
    "service-cpe-cps3": Row("cps3", CPE, "3760000042/000000019", "Carte de service santé ou social", None, None, None, {1: "SA33"}, "270000075F"),
    "director-cde-cps3": Row("cps3", CPE, "3760000042/000000001", None, None, None, None, {1: "SA01"}, "270000083F"),
    "data-host-cpa-cps4": Row("cps4", CPA, "500000000000042/CPAT0001", None, None, None, None, {}, "270000091F"),
    "physiotherapist-sixteen-cps3": Row("cps3", CPS, "899970099059", "Masseur-Kinésithérapeute", (PRACTISED, 70), None, None, dict.fromkeys(range(1, 17)), "270000109F"),
    "midwife-expired-cps4": Row("cps4", CPS, "899970099067", "Sage-Femme", (PRACTISED, 50), None, None, {1: "SA04"}, "270000117F"),
    "dentist-blocked-cps3": Row("cps3", CPS, "899970099075", "Chirurgien-Dentiste", (PRACTISED, 40), "SCD01", None, {1: "SA07"}, "270000125F"),
    "speech-therapist-half-updated-cps3": Row("cps3", CPS, "899970099083", "Orthophoniste", (PRACTISED, 91), None, None, {1: "SA07"}, "270000133F"),
    "doctor-updated-cps3": Row("cps3", CPS, "899970099091", "Médecin", (PRACTISED, 10), "SM40", None, {1: "SA07"}, "270000141F"),
    "epithesist-long-names-cps4": Row("cps4", CPS, "899970099109", "Epithésiste", (PRACTISED, 85), None, None, {1: "SA42"}, "270000158F"),
    "nurse-revoked-cps4": Row("cps4", CPS, "899970099117", "Infirmier", (PRACTISED, 60), None, None, {1: "SA07"}, "270000166F"),
}  # fmt: skip

FREE = ("CPS_ID_CARD", "CPS_NAME_PS", "CPS_LANG_PS", "CPS_INFO_PS")
CPS2TER = tuple(f"CPS2TER_{part}" for part in ("ATR", "ID", "ICC", "NAME", "LANG", "PSINFO", "DIRAMO"))


def objects(data):
    """BER-TLV or DER data objects that follow each other: pairs of tag and value."""
    found, at = [], 0
    while at < len(data):
        tag, at = data[at], at + 1
        length, at = data[at], at + 1
        if length > 0x80:
            count = length - 0x80
            length, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + length > len(data):
            raise ValueError("an object ends beyond the data")
        found.append((tag, data[at : at + length]))
        at += length
    return found


def fields(data, template=0xEE):
    """The fields of an object of the lab: one template and nothing behind it."""
    ((tag, content),) = objects(data)
    if tag != template:
        raise ValueError(f"template {tag:02X}")
    return objects(content)


def only(pairs, tag):
    """The value of the one field with this tag."""
    (value,) = [value for own, value in pairs if own == tag]
    return value


def dotted(oid):
    """An OBJECT IDENTIFIER as text."""
    parts, number = [oid[0] // 40, oid[0] % 40], 0
    for byte in oid[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            parts.append(number)
            number = 0
    return ".".join(map(str, parts))


class Certificate:
    """What stands in a certificate (RFC 5280 §4.1)."""

    def __init__(self, der):
        self.size = len(der)
        ((_, certificate),) = objects(der)
        parts = objects(objects(certificate)[0][1])
        self.validity = [value.decode() for _, value in objects(parts[4][1])]
        self.subject = {}
        for _, relative in objects(parts[5][1]):
            for _, attribute in objects(relative):
                (_, kind), (_, value) = objects(attribute)
                self.subject[dotted(kind)] = value.decode()
        ((_, extensions),) = objects(only(parts, 0xA3))
        self.extensions = {}
        for _, extension in objects(extensions):
            kind, *_, value = objects(extension)
            self.extensions[dotted(kind[1])] = value[1]


class Client:
    """Reads a card the way its chip wants it."""

    def __init__(self, card, chip):
        self.card, self.chip = card, chip
        card.power_on()
        if chip == "cps4":
            self.done("01 A4 04 0C 08 80250000 01FF0100")

    def done(self, command):
        data, status = self.card.send(command)
        if status != 0x9000:
            raise ValueError(f"{command}: {status:04X}")
        return data

    def select(self, path):
        """Selects a file from the master file 3F00; data and status word."""
        if self.chip == "cps4":
            path = path.removeprefix("3F00")
            return self.card.send(f"01 A4 08 00 {len(path) // 2:02X} {path} 00")
        return self.card.send(f"00 A4 09 04 {len(path) // 2:02X} {path}")

    def read(self, path):
        """The content of a file; its size is in the answer to SELECT. A status word where it is refused."""
        template, status = self.select(path)
        if status != 0x9000:
            return status
        ((_, parameters),) = objects(template)
        size = int.from_bytes(only(objects(parameters), 0x80), "big")
        content, block = b"", 0xE7
        while len(content) < size:
            length = min(block, size - len(content))
            cla = "01" if self.chip == "cps4" else "00"
            part, status = self.card.send(f"{cla} B0 {len(content):04X} {length:02X}")
            if status != 0x9000:
                return status
            content += part
        return content

    def verify(self, code):
        cla = "01" if self.chip == "cps4" else "00"
        return self.card.send(f"{cla} 20 00 01 04 {code.encode().hex()}")[1]

    def directories(self):
        """Tags of the directories in the ODF with the paths of their files."""
        return {tag: self.path(value) for tag, value in objects(self.read(CONTACT_APPLICATION + "5031"))}

    @staticmethod
    def path(value):
        ((_, sequence),) = objects(value)
        return only(objects(sequence), 0x04).hex().upper()

    def entries(self, directory):
        """Label, flags, code that is asked for, and path, of each entry of a CDF or DODF."""
        for _, entry in objects(self.read(self.directories()[directory])):
            common, *_, attributes = objects(entry)
            label, *rest = objects(common[1])
            flags = b"".join(value[1:] for tag, value in rest if tag == 0x03)
            code = b"".join(value for tag, value in rest if tag == 0x04)
            # A certificate has one SEQUENCE more around its path.
            ((_, inner),) = objects(attributes[1])
            path = self.path(attributes[1]) if objects(inner)[0][0] == 0x04 else self.path(inner)
            yield label[1].decode(), flags, code, path

    def certificates(self):
        return {label: Certificate(self.read(path)) for label, _, _, path in self.entries(0xA4)}

    def legacy(self, *path):
        """A file of class A0 of a CPS3; a status word where it is refused."""
        status = 0x9000
        for identifier in ("3F00", *path):
            data, status = self.card.send(f"A0 A4 00 00 02 {identifier}")
            if status != 0x9000:
                return status
        size = int.from_bytes(data[2:4], "big")
        content = b""
        while len(content) < size:
            length = min(0x80, size - len(content))
            part, status = self.card.send(f"A0 B0 {len(content):04X} {length:02X}")
            if status != 0x9000:
                return status
            content += part
        # The other application is to be selected again.
        self.done("00 A4 04 04 08 80250000 01FF0100")
        return content


@functools.cache
def card_of(name):
    """Made once: that takes far longer than reading. Even the blocked one has its tries here."""
    return sim_cards.Card(name, at=DAY, tries=3)


def of_each_persona(test):
    """A test of one card, run with the card of each persona."""

    @functools.wraps(test)
    def run(self):
        for name, row in TABLE.items():
            with self.subTest(name):
                test(self, name, row, Client(card_of(name), row.chip))

    return run


class Personas(unittest.TestCase):
    def test_they_are_all_there(self):
        self.assertEqual([name for name in sim_cards.personas() if not name.startswith("insured")], list(TABLE))

    @of_each_persona
    def test_the_chip_number(self, name, row, client):
        self.assertEqual(client.read("3F00D003").hex().upper(), f"5A0A{ISSUER}{row.serial}")
        digits = [int(digit) for digit in ISSUER + row.serial[:9]]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
        self.assertEqual((sum(digits[-1::-2]) + sum(doubled)) % 10, 0)

    @of_each_persona
    def test_the_certificates_name_holder_and_kind_of_card(self, name, row, client):
        certificates = client.certificates()
        self.assertEqual(
            list(certificates), ["Certificat de Signature CPS", "Certificat d'Authentification CPS"]
        )
        for certificate in certificates.values():
            subject, extensions = certificate.subject, certificate.extensions
            self.assertEqual((subject["2.5.4.6"], subject["2.5.4.3"]), ("FR", row.identifier))
            self.assertEqual(subject.get("2.5.4.12"), row.title)
            # Surname and given name; a service card has neither, but a structure.
            nobody = name == "service-cpe-cps3"
            self.assertEqual(("2.5.4.4" in subject, "2.5.4.42" in subject), (not nobody, not nobody))
            self.assertEqual("2.5.4.10" in subject, nobody)
            self.assertEqual(extensions["1.2.250.1.71.1.2.5"], b"\x04\x01\x80")
            self.assertEqual(extensions["1.2.250.1.71.1.2.2"], bytes([2, 1, row.kind]))
            ((_, card_id),) = objects(extensions["1.2.250.1.71.1.2.3"])
            self.assertRegex(card_id.decode(), f"^{ISSUER}/{row.serial[:8]}[0-9][0-9]$")
            for oid in (PRACTISED, IN_TRAINING):
                expected = bytes([2, 1, row.profession[1]]) if row.profession and row.profession[0] == oid else None
                self.assertEqual(extensions.get(oid), expected)
            specialities = extensions.get("1.2.250.1.71.4.2.5")
            codes = [code.decode() for _, code in fields(specialities, 0x30)] if specialities else []
            self.assertEqual(codes, [row.speciality] if row.speciality else [])
            self.assertGreater(certificate.size, 2048)

    @of_each_persona
    def test_expired_and_large_certificates(self, name, row, client):
        for certificate in client.certificates().values():
            self.assertEqual(certificate.validity[1] < "260714", name == "midwife-expired-cps4")
            self.assertEqual(certificate.size > 3000, name == "epithesist-long-names-cps4")

    @of_each_persona
    def test_the_directory_lists_the_objects_of_the_card(self, name, row, client):
        listed = {label: (flags, code) for label, flags, code, _ in client.entries(0xA7)}
        activities = [f"CPS_ACTIVITY_{number:02}_PS" for number in row.sectors]
        others = ["CPS_SIT_FACT", *CPS2TER, *(f"CPS2TER_ACTIVITY_{number:02}_PS" for number in row.sectors)]
        area = ["CPS_DATA"] if row.chip == "cps3" else []
        self.assertEqual(set(listed), {*area, *FREE, *activities, *(others if row.chip == "cps4" else [])})
        for label, (flags, code) in listed.items():
            private = label == "CPS_SIT_FACT" or "_ACTIVITY_" in label
            modifiable = label == "CPS_DATA"
            self.assertEqual(flags, bytes([private << 7 | modifiable << 6]), label)
            self.assertEqual(code, b"\x01" if private or modifiable else b"", label)

    @of_each_persona
    def test_what_the_code_protects_opens_with_it_alone(self, name, row, client):
        protected = [path for _, flags, _, path in client.entries(0xA7) if flags[0] & 0x80]
        for path in protected:
            self.assertEqual(client.read(path), 0x6982)
        if row.chip == "cps3":
            self.assertEqual(client.legacy("7F01", "4000"), 0x9804)
            client.done("00 A4 04 04 08 80250000 01FF0100")
        self.assertEqual(client.verify("1234"), 0x9000)
        for path in protected:
            self.assertIsInstance(client.read(path), bytes)

    def test_the_blocked_code_is_blocked(self):
        with sim_cards.Card("dentist-blocked-cps3") as card:
            self.assertEqual(Client(card, "cps3").verify("1234"), 0x6983)

    def values(self, client):
        """Every data object of a card, wherever it stands."""
        client.verify("1234")
        values = {label: client.read(path) for label, _, _, path in client.entries(0xA7)}
        if client.chip == "cps3":
            values["CPS_SIT_FACT"] = client.legacy("7F01", "4000")
            for label in [label for label in values if label.startswith("CPS_ACTIVITY")]:
                number = int(label[13:15])
                values[f"CPS2TER_ACTIVITY_{number:02}_PS"] = client.legacy(f"{0x4010 + number - 1:04X}")
        return values

    @of_each_persona
    def test_the_card_is_identified(self, name, row, client):
        identification = fields(self.values(client)["CPS_ID_CARD"])
        self.assertEqual([tag for tag, _ in identification], [0x80, 0x81, 0x82, 0x83, 0x84])
        category, card_type, number, issued, ends = (value for _, value in identification)
        self.assertEqual((category, card_type), (b"\x80", bytes([row.kind])))
        self.assertRegex(number.hex(), f"^{row.serial[:8]}[0-9][0-9]$")
        certificate = client.certificates()["Certificat de Signature CPS"]
        dates = [f"20{instant[:6]}" for instant in certificate.validity]
        self.assertEqual([issued.hex(), ends.hex()], dates, name)
        ((_, card_id),) = objects(certificate.extensions["1.2.250.1.71.1.2.3"])
        self.assertEqual(card_id.decode(), f"{ISSUER}/{number.hex()}")

    @of_each_persona
    def test_the_holder_is_named(self, name, row, client):
        named = fields(self.values(client)["CPS_NAME_PS"])
        self.assertEqual((only(named, 0x80) + only(named, 0x81)).decode(), row.identifier)
        subject = client.certificates()["Certificat de Signature CPS"].subject
        if name == "service-cpe-cps3":
            self.assertEqual([tag for tag, _ in named], [0x80, 0x81])
            return
        self.assertIn(only(named, 0x82)[0], (22, 23, 31))
        names = only(named, 0x83).decode(), only(named, 0x84).decode()
        self.assertEqual(names, (subject["2.5.4.4"], subject["2.5.4.42"]))
        if name == "epithesist-long-names-cps4":
            self.assertEqual([len(part) for part in names], [40, 40])
            self.assertTrue(all(not part.isascii() for part in names))

    @of_each_persona
    def test_languages_and_professional_characteristics(self, name, row, client):
        values = self.values(client)
        ((_, languages),) = objects(values["CPS_LANG_PS"])
        self.assertEqual(languages, b"FREN" if name == "doctor-gp-cps4" else b"FR")
        information = values["CPS_INFO_PS"]
        expected = []
        if row.profession:
            expected.append((0x80 if row.profession[0] == PRACTISED else 0x81, bytes([row.profession[1]])))
        if row.pharmacist_table:
            expected.append((0x82, row.pharmacist_table.encode()))
        if row.speciality:
            expected.append((0x86, row.speciality.encode()))
            # Where services look for it.
            self.assertTrue(information.endswith(row.speciality[-4:].encode()))
        self.assertEqual(fields(information), expected)

    @of_each_persona
    def test_situations(self, name, row, client):
        values = self.values(client)
        for number, sector in row.sectors.items():
            value = values[f"CPS_ACTIVITY_{number:02}_PS"]
            situation = fields(value)
            tags = [tag for tag, _ in situation]
            self.assertEqual(tags, [tag for tag in (0x80, 0x81, 0x84, 0x85, 0x86) if tag in tags])
            self.assertTrue({0x84, 0x85, 0x86} <= set(tags))
            self.assertRegex(value[-4:].decode(), sector or "^SA[0-9][0-9]$")
            # Kind of the structure (G07) and its number: ADELI, FINESS, SIREN, SIRET, RPPS and three digits.
            structure = only(situation, 0x85).decode()
            self.assertEqual(len(structure), 1 + {"0": 9, "1": 9, "2": 9, "3": 14, "4": 14}[structure[0]])
            self.assertTrue(only(situation, 0x84).decode())
            raw = values[f"CPS2TER_ACTIVITY_{number:02}_PS"]
            self.assertEqual((raw[0], raw[4:19].decode("latin-1").strip()), (number, structure))

    def test_situations_that_are_known_byte_for_byte(self):
        for name, expected in (
            ("doctor-hospital-cps3", "EE2584 11" + b"HOPITAL GENERIQUE".hex() + "850A" + b"10B0307377".hex() + "8604" + b"SA01".hex()),
            ("pharmacist-owner-cps3", "EE2A84 16" + "PHARMACIE DE L'ÉTOILE".encode().hex() + "850A" + b"10B0000021".hex() + "8604" + b"SA33".hex()),
        ):  # fmt: skip
            with self.subTest(name), sim_cards.Card(name) as card:
                value = self.values(Client(card, "cps3"))["CPS_ACTIVITY_01_PS"]
                self.assertEqual(value, bytes.fromhex(expected))

    @of_each_persona
    def test_billing_situations(self, name, row, client):
        values = self.values(client)
        (count_tag, count), *billed = fields(values["CPS_SIT_FACT"])
        self.assertEqual((count_tag, count), (0x80, bytes([len(billed)])))
        for tag, content in billed:
            self.assertEqual(tag, 0xA1)
            billing = objects(content)
            self.assertIn(only(billing, 0x80)[0], row.sectors)
            # Eight digits and their Luhn key, as 99112976/8.
            digits = [int(digit) for digit in only(billing, 0x81).decode()]
            self.assertEqual(len(digits), 9)
            doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
            self.assertEqual((sum(digits[-1::-2]) + sum(doubled)) % 10, 0)
            self.assertIn(only(billing, 0x82)[0], (0, 1, 2, 3, 9))
            self.assertLess(only(billing, 0x88)[0], 4)
        if "CPS2TER_DIRAMO" in values:
            self.assertEqual(values["CPS2TER_DIRAMO"], values["CPS_SIT_FACT"])

    @of_each_persona
    def test_the_volet_of_the_former_generation(self, name, row, client):
        if row.chip == "cps3":
            return
        values = self.values(client)
        self.assertEqual(values["CPS2TER_ATR"][:2], b"\x3b\xac")
        self.assertEqual(values["CPS2TER_ICC"].hex().upper(), f"5A0A{ISSUER}{row.serial}")
        self.assertEqual(values["CPS2TER_ID"][:2], bytes([0x80, row.kind]))
        self.assertEqual(values["CPS2TER_NAME"][1:33].decode("latin-1").strip(), row.identifier)

    @of_each_persona
    def test_updates(self, name, row, client):
        start, end = "810720240315103000", "820720240315103045"
        stamps = {"doctor-updated-cps3": f"EC12{start}{end}", "speech-therapist-half-updated-cps3": f"EC09{start}"}
        stamp = client.read("3F00D010")
        expected = bytes.fromhex(stamps[name]) if name in stamps else 0x6A82
        self.assertEqual(stamp, expected)

    @of_each_persona
    def test_the_free_area(self, name, row, client):
        if row.chip == "cps3":
            # Several kilobytes, as the four seconds of a real card suggest.
            self.assertEqual(len(self.values(client)["CPS_DATA"]), 4096)


if __name__ == "__main__":
    unittest.main()
