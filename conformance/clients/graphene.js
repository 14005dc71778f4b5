// Signs the file "message" with each key, in parts. Usage: MODULE PIN

const fs = require("node:fs");
const { KeyType, Module, ObjectClass, SessionFlag } = require("graphene-pk11");

const [library, pin] = process.argv.slice(2);
const message = fs.readFileSync("message");
const pkcs11 = Module.load(library, "conformance");
pkcs11.initialize();
try {
  const slot = pkcs11.getSlots(0, true);
  const session = slot.open(SessionFlag.SERIAL_SESSION);
  session.login(pin);
  const keys = session.find({ class: ObjectClass.PRIVATE_KEY, keyType: KeyType.RSA });
  if (keys.length !== 2) throw new Error(`${keys.length} keys`);
  for (let index = 0; index < keys.length; index++) {
    const key = keys.items(index).toType();
    const sign = session.createSign("SHA256_RSA_PKCS", key);
    for (let at = 0; at < message.length; at += 30011) sign.update(message.subarray(at, at + 30011));
    fs.writeFileSync(`${key.label}.signature`, sign.final());
  }
  session.logout();
  session.close();
} finally {
  pkcs11.finalize();
}
