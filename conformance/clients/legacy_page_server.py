"""A web server over TLS 1.3 that takes PKCS #1 v1.5 signatures of its visitors, as RFC 9963 allows, and greets their holder.

Usage: PORT SEEN CERTIFICATES KEY AUTHORITIES SCHEME...

SCHEME is legacy (rsa_pkcs1_sha256_legacy, 0x0420) or pss (rsa_pss_rsae_sha256, 0x0804), in the order in which the server asks
for them. tlslite-ng does the TLS, and is told of the code point that it does not know; OpenSSL judges the chain of what a
visitor shows. What was seen goes into the file SEEN, as `page_server.py` writes it.
"""

import socket
import subprocess
import sys
import tempfile
import threading
import traceback

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import AlertDescription, SignatureScheme

from page_server import answer, fingerprint, write_down

# Of the name tlslite-ng reads padding and hash: its second and last part.
SignatureScheme.rsa_pkcs1_legacy_sha256 = (0x04, 0x20)
SCHEMES = {
    "legacy": (SignatureScheme.rsa_pkcs1_legacy_sha256, "RSA"),
    "pss": (SignatureScheme.rsa_pss_rsae_sha256, "RSA-PSS"),
}


class Connection(TLSConnection):
    """One that asks its visitor for these schemes, and notes the one that he took."""

    asked = []
    taken = None

    @classmethod
    def _sigHashesToList(cls, settings, privateKey=None, certList=None, version=(3, 3)):
        if privateKey or version < (3, 4):
            return TLSConnection._sigHashesToList(settings, privateKey, certList, version)
        return cls.asked

    def _getMsg(self, expected_type, secondary=None, constructor=None):
        for result in super()._getMsg(expected_type, secondary, constructor):
            self.taken = getattr(result, "signatureAlgorithm", self.taken)
            yield result


def settings():
    chosen = HandshakeSettings()
    chosen.minVersion = chosen.maxVersion = (3, 4)
    # Those of every browser; brainpool's have no place in TLS 1.3 as tlslite-ng offers them.
    chosen.eccCurves = ["x25519", "secp256r1", "secp384r1"]
    chosen.ticket_count = 0
    return chosen


def verdict(certificate, authorities):
    """OpenSSL's word on the chain, in the form of s_server's."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(certificate)
        file.flush()
        done = subprocess.run(["openssl", "verify", "-CAfile", authorities, file.name], capture_output=True, text=True)
    return "0 (ok)" if done.returncode == 0 else done.stderr


def request_path(connection):
    """The path of a GET, or None where nothing is asked: browsers open connections that they do not use."""
    request = b""
    while b"\r\n\r\n" not in request:
        if not (read := connection.read(max=4096)):
            return None
        request += read
    return request.decode().split(" ")[1]


def serve(client, seen_file, chain, key, authorities):
    connection = Connection(client)
    try:
        connection.handshakeServer(certChain=chain, privateKey=key, reqCert=True, settings=settings(), alpn=[b"http/1.1"])
        shown = connection.session.clientCertChain
        if not shown:
            print("this visitor shows no certificate", flush=True)
            for _ in connection._sendError(AlertDescription.certificate_required):
                pass
        if (path := request_path(connection)) is None:
            return
        certificate = pem(shown.x509List[0].bytes)
        seen = {
            "path": path,
            "certificate": fingerprint(certificate),
            "version": "TLSv1.3",
            "verified": verdict(certificate, authorities),
            "digest": "SHA256",
            "signature": next((name for scheme, name in SCHEMES.values() if scheme == connection.taken), None),
            "resumed": False,
        }
        write_down(seen, seen_file)
        connection.write(answer(certificate, seen))
        connection.close()
    except Exception:
        traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    finally:
        client.close()


def pem(der):
    done = subprocess.run(["openssl", "x509", "-inform", "DER"], input=bytes(der), capture_output=True, check=True)
    return done.stdout.decode()


def main():
    port, seen_file, certificates, key, authorities, *names = sys.argv[1:]
    Connection.asked = [SCHEMES[name][0] for name in names]
    chain = X509CertChain()
    chain.parsePemList(open(certificates).read())
    key = parsePEMKey(open(key).read(), private=True)
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        print("LISTENING", flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, seen_file, chain, key, authorities), daemon=True).start()


if __name__ == "__main__":
    main()
