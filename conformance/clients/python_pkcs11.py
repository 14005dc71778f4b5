"""Signs the file "message" with each key, deciphers the file "enciphered" and unwraps the file "wrapped". Usage: MODULE PIN"""

import sys
from pathlib import Path

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

module, pin = sys.argv[1:]
message = Path("message").read_bytes()
tokens = list(pkcs11.lib(module).get_tokens())
assert len(tokens) == 1, tokens

with tokens[0].open(user_pin=pin) as session:
    keys = {key.label: key for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})}
    assert set(keys) == {"CPS_PRIV_AUT", "CPS_PRIV_SIG"}, keys
    for label, key in keys.items():
        assert key.key_type == KeyType.RSA and key.key_length == 2048
        signature = key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS)
        Path(f"{label}.signature").write_bytes(signature)
    enciphered = Path("enciphered").read_bytes()
    Path("deciphered").write_bytes(keys["CPS_PRIV_AUT"].decrypt(enciphered, mechanism=Mechanism.RSA_PKCS))
    wrapped = Path("wrapped").read_bytes()
    unwrapped = keys["CPS_PRIV_AUT"].unwrap_key(
        ObjectClass.SECRET_KEY,
        KeyType.AES,
        wrapped,
        mechanism=Mechanism.RSA_PKCS,
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    assert unwrapped.key_length == 256, unwrapped.key_length
    Path("unwrapped").write_bytes(unwrapped[Attribute.VALUE])
    assert len(list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))) == 1
    unwrapped.destroy()
