"""Links from one document of the repository to another, a heading of it or a picture: each must lead somewhere."""

import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:")


def headings(document):
    """The anchors that forges make of a document's headings."""
    found = set()
    for line in document.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"#+ (.*)", line):
            text = re.sub(r"[`*\[\]]|\(.*?\)", "", heading[1]).strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


def leads_nowhere(document, link):
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in headings(target)


def main():
    # What is built, and tools of other people in it, stands in target/.
    documents = [path for path in pathlib.Path().rglob("*.md") if not {"target", ".git"} & set(path.parts)]
    links = [
        (document, link)
        for document in documents
        for link in LINK.findall(document.read_text(encoding="utf-8"))
        if not ELSEWHERE.match(link)
    ]
    broken = [(document, link) for document, link in links if leads_nowhere(document, link)]
    for document, link in broken:
        print(f"{document}: {link} leads nowhere")
    print(f"{len(documents)} documents, {len(links)} links, {len(broken)} broken")
    sys.exit(bool(broken) or not links)


main()
