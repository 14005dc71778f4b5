"""A web server that greets the holder of the certificate that a visitor shows, or tells the path that was asked for.

Usage: PORT SEEN s_server-OPTION...

OpenSSL's s_server does the TLS: one for each connection, since a browser opens some that it does not use at once. What
was seen of each visitor goes into the file SEEN, as JSON lines; what s_server said to the standard output.
"""

import html
import json
import re
import socket
import subprocess
import sys
import threading

PUBLIC_PAGE = """<!DOCTYPE html>
<html lang="fr">
<meta charset="utf-8">
<title>Page publique {path}</title>
<h1>Page publique {path}</h1>
</html>
"""

HOLDER_PAGE = """<!DOCTYPE html>
<html lang="fr">
<meta charset="utf-8">
<title>{title} {given_name} {surname}</title>
<style>
body {{ font: 18px/1.6 sans-serif; margin: 3em auto; max-width: 30em; color: #1d2b4f }}
h1 {{ font-size: 1.5em }} dt {{ font-size: .8em; color: #667 }} dd {{ margin: 0 0 .6em }}
</style>
<h1>{title} {given_name} {surname}</h1>
<dl>
<dt>Identification nationale<dd>{number}
<dt>Connexion<dd>{version}, {signature}
</dl>
</html>
"""


def openssl(*arguments, text):
    """What openssl says of a certificate or a session."""
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout


class Account:
    """What s_server told of one connection."""

    def __init__(self, text):
        self.text = text

    def pem(self, label):
        found = re.search(f"-----BEGIN {label}-----.*?-----END {label}-----\n", self.text, re.DOTALL)
        return found and found.group()

    def line(self, start):
        found = re.search(f"^{start}: (.*)$", self.text, re.MULTILINE)
        return found and found.group(1)

    def seen(self, path):
        """Certificate, version, signature, and whether the chain was verified."""
        session = openssl("sess_id", "-noout", "-text", text=self.pem("SSL SESSION PARAMETERS"))
        return {
            "path": path,
            "certificate": fingerprint(self.pem("CERTIFICATE")),
            "version": re.search(r"Protocol *: (\S+)", session).group(1),
            "verified": re.search(r"Verify return code: (.*)", session).group(1),
            "digest": self.line("Peer signing digest"),
            "signature": self.line("Peer signature type"),
            "resumed": "Reused session-id" in self.text,
        }



def fingerprint(certificate):
    """Its SHA-256, of a certificate in PEM; None without one."""
    if certificate:
        said = openssl("x509", "-noout", "-fingerprint", "-sha256", text=certificate)
        return said.strip().split("=")[1]


def holder_of(certificate):
    """Fields of the subject by their short names."""
    options = ("-noout", "-subject", "-nameopt", "sep_multiline,utf8")
    subject = openssl("x509", *options, text=certificate)
    return dict(re.findall(r"(\w+)=([^+\n]*[^+\n ])", subject))


def page(certificate, seen):
    if not certificate:
        return PUBLIC_PAGE.format(path=html.escape(seen["path"]))
    names = holder_of(certificate)
    holder = {"title": names["title"], "given_name": names["GN"], "surname": names["SN"], "number": names["CN"]}
    fields = {**holder, "version": seen["version"], "signature": seen["signature"]}
    return HOLDER_PAGE.format(**{name: html.escape(text) for name, text in fields.items()})


def answer(certificate, seen):
    """The response to one request of whom shows this certificate, in PEM, or none."""
    if seen["path"] == "/favicon.ico":
        body, status = b"", "404 Not Found"
    else:
        body, status = page(certificate, seen).encode(), "200 OK"
    head = f"HTTP/1.0 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nCache-Control: no-store\r\n\r\n"
    return head.encode() + body


def write_down(seen, file):
    """Adds what was seen of a visitor to this file."""
    with open(file, "a") as lines:
        print(json.dumps(seen), file=lines)


def relay(source, target):
    """Until one side closes, which closes the other."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, seen_file, options):
    """One connection, from its handshake to its end."""
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = ""
    for line in server.stdout:
        line = line.decode(errors="replace")
        said += line
        if listens := re.match(r"ACCEPT (\S+):(\d+)", line):
            inner = socket.create_connection(listens.groups())
            for ends in ((client, inner), (inner, client)):
                threading.Thread(target=relay, args=ends, daemon=True).start()
        elif request := re.match(r"GET (\S+) HTTP", line):
            account = Account(said)
            seen = account.seen(request.group(1))
            write_down(seen, seen_file)
            server.stdin.write(answer(account.pem("CERTIFICATE"), seen))
            server.stdin.flush()
    print(said, flush=True)


def main():
    port, seen_file, *options = sys.argv[1:]
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        print("LISTENING", flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, seen_file, options), daemon=True).start()


if __name__ == "__main__":
    main()
