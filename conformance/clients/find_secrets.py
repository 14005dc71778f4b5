"""Looks for secrets where they must not be: in the memory of a process, or in files.

find_secrets.py (--process PID | --file PATH) NAME=SECRET_FILE...

A process is stopped and every mapping that it can read is searched, which is more than a core dump holds. A secret is
found as it is, in hexadecimal, or as UTF-16; of a long one, any sixteen bytes in a row suffice. Prints what it found, and how
much it searched; the status is 0 when it found nothing.
"""

import os
import signal
import sys

WINDOW = 16
BLOCK = 1 << 20


def patterns(secret):
    """What betrays a secret."""
    starts = range(0, max(1, len(secret) - WINDOW + 1))
    for start in starts:
        part = secret[start : start + WINDOW]
        if len(set(part)) < 4:
            continue  # a run of equal bytes is nobody's secret
        text = part.hex()
        yield part
        yield text.encode()
        yield text.upper().encode()
        if len(secret) < WINDOW and part.isascii():
            yield part.decode().encode("utf-16-le")


def mappings(process):
    """Start, end and name of what can be read."""
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps:
        for line in maps:
            place, rights, *rest = line.split(maxsplit=5)
            name = rest[3].strip() if len(rest) > 3 else ""
            if "r" in rights and name not in ("[vvar]", "[vsyscall]"):
                start, end = (int(number, 16) for number in place.split("-"))
                yield start, end, name or "anonymous"


def memory(process):
    """Name, address and bytes of each mapping, in blocks that overlap."""
    with open(f"/proc/{process}/mem", "rb", buffering=0) as file:
        for start, end, name in mappings(process):
            for block in range(start, end, BLOCK):
                file.seek(block)
                try:
                    yield name, block, file.read(min(BLOCK + 2 * WINDOW, end - block))
                except OSError:
                    # A file's last page that the file does not reach: nothing can stand there.
                    pass


def main():
    where, target, *named = sys.argv[1:]
    secrets = {}
    for pair in named:
        name, path = pair.split("=", 1)
        with open(path, "rb") as file:
            for pattern in patterns(file.read()):
                secrets[pattern] = name
    assert secrets, "no secrets to look for"
    stopped = where == "--process"
    if stopped:
        os.kill(int(target), signal.SIGSTOP)
        places = memory(target)
    else:
        with open(target, "rb") as file:
            places = [(target, 0, file.read())]
    searched, found = 0, set()
    try:
        for name, address, data in places:
            searched += len(data)
            for pattern, secret in secrets.items():
                place = data.find(pattern)
                if place >= 0:
                    found.add((secret, name, address + place))
    finally:
        if stopped:
            os.kill(int(target), signal.SIGCONT)
    for secret, name, address in sorted(found)[:40]:
        print(f"found {secret} in {name} at {address:#x}")
    print(f"{searched} bytes searched for {len(secrets)} patterns, {len(found)} found")
    return 1 if found or searched == 0 else 0


sys.exit(main())
