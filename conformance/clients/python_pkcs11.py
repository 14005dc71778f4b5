"""Signs the file "message" with each key and deciphers the file "enciphered". Usage: MODULE PIN"""

import sys
from pathlib import Path

import pkcs11
from pkcs11 import KeyType, Mechanism, ObjectClass

module, pin = sys.argv[1:]
message = Path("message").read_bytes()
tokens = list(pkcs11.lib(module).get_tokens())
assert len(tokens) == 1, tokens

with tokens[0].open(user_pin=pin) as session:
    keys = {key.label: key for key in session.get_objects({pkcs11.Attribute.CLASS: ObjectClass.PRIVATE_KEY})}
    assert set(keys) == {"CPS_PRIV_AUT", "CPS_PRIV_SIG"}, keys
    for label, key in keys.items():
        assert key.key_type == KeyType.RSA and key.key_length == 2048
        signature = key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS)
        Path(f"{label}.signature").write_bytes(signature)
    enciphered = Path("enciphered").read_bytes()
    Path("deciphered").write_bytes(keys["CPS_PRIV_AUT"].decrypt(enciphered, mechanism=Mechanism.RSA_PKCS))
