"""Reads every object, then signs the file "message" with each key. Usage: MODULE PIN"""

import sys
from pathlib import Path

import PyKCS11
from PyKCS11 import CKA_CLASS, CKA_LABEL, CKM_SHA256_RSA_PKCS, CKO_PRIVATE_KEY, Mechanism

module, pin = sys.argv[1:]
message = Path("message").read_bytes()
library = PyKCS11.PyKCS11Lib()
library.load(module)
(slot,) = library.getSlotList(tokenPresent=True)
session = library.openSession(slot)
session.login(pin)
for found in session.findObjects():
    found.to_dict()
keys = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY)])
assert len(keys) == 2, keys
for key in keys:
    (label,) = session.getAttributeValue(key, [CKA_LABEL])
    signature = session.sign(key, message, Mechanism(CKM_SHA256_RSA_PKCS, None))
    Path(f"{label}.signature").write_bytes(bytes(signature))
session.logout()
session.closeSession()
