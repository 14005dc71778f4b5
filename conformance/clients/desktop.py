"""What a person sees and does at the desktop, through its accessibility bus.

desktop.py see             prints each text that is shown, with its role
desktop.py wait REGEX      until a line of these matches; prints it
desktop.py enabled REGEX   until a button with such a name can be pressed
desktop.py press REGEX     the same, and clicks it with the mouse
desktop.py click REGEX     clicks the first object whose line matches
desktop.py password        until a field for a password has the focus
desktop.py box REGEX...    place of the first objects whose lines match: WIDTHxHEIGHT+X+Y; with a margin, if they are
                           several

It waits for PATIENCE seconds at the most, which stands in the environment.
"""

import os
import re
import subprocess
import sys
import time

import pyatspi

BUTTONS = (pyatspi.ROLE_PUSH_BUTTON, pyatspi.ROLE_TOGGLE_BUTTON)


def shown(node):
    """Every accessible object below this one that is on the screen. What holds it does not always say so of itself."""
    try:
        children = list(node)
    except Exception:  # it went away
        return
    for child in children:
        try:
            if child.getState().contains(pyatspi.STATE_SHOWING):
                yield child
        except Exception:
            continue
        yield from shown(child)


def desktop():
    return shown(pyatspi.Registry.getDesktop(0))


def text(node):
    """Its name, or else its text."""
    try:
        return node.name or node.queryText().getText(0, -1)
    except Exception:
        return ""


def line(node):
    """Its role and its name or text; nothing if it says nothing."""
    try:
        # Without the signs for embedded objects and empty fields, and with plain spaces in place of the French ones.
        said = re.sub(r"\s+", " ", re.sub("[\u200b\ufffc]", "", text(node))).strip()
        role = node.getRoleName()
    except Exception:
        return ""
    return f"{role}: {said}" if said else ""


def lines():
    return filter(None, map(line, desktop()))


def has(node, *states):
    return all(node.getState().contains(state) for state in states)


def until(look):
    """What `look` finds, or the end of the program."""
    seconds = float(os.environ["PATIENCE"])
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except Exception:  # objects go away while one looks at them
            pass
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    print("\n".join(lines()))
    sys.exit(f"not seen within {seconds:g} s: {' '.join(sys.argv[1:])}")


def first(wanted):
    """Looks for the first object on the screen that is wanted."""
    return lambda: next(filter(wanted, desktop()), None)


def says(regex):
    return first(lambda node: re.search(regex, line(node)))


def button(regex):
    """One that can be pressed."""
    able = (pyatspi.STATE_ENABLED, pyatspi.STATE_SENSITIVE)
    return first(lambda node: node.getRole() in BUTTONS and re.search(regex, node.name) and has(node, *able))


def password(node):
    return node.getRole() == pyatspi.ROLE_PASSWORD_TEXT and has(node, pyatspi.STATE_FOCUSED)


def extents(node):
    return node.queryComponent().getExtents(pyatspi.DESKTOP_COORDS)


def click(node):
    box = extents(node)
    at = (str(box.x + box.width // 2), str(box.y + box.height // 2))
    subprocess.run(["xdotool", "mousemove", *at, "click", "1"], check=True)


def main():
    command, *arguments = sys.argv[1:]
    if command == "see":
        print("\n".join(lines()))
    elif command == "wait":
        print(line(until(says(arguments[0]))))
    elif command == "enabled":
        until(button(arguments[0]))
    elif command == "press":
        click(until(button(arguments[0])))
    elif command == "click":
        click(until(says(arguments[0])))
    elif command == "password":
        until(first(password))
    elif command == "box":
        boxes = [extents(until(says(regex))) for regex in arguments]
        margin = 8 if len(boxes) > 1 else 0
        left, top = min(box.x for box in boxes) - margin, min(box.y for box in boxes) - margin
        right, bottom = (max(side) + margin for side in zip(*((b.x + b.width, b.y + b.height) for b in boxes)))
        print(f"{right - left}x{bottom - top}+{left}+{top}")
    else:
        sys.exit(__doc__)


main()
