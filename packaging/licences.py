"""The crates of other people that stand in a part of the release, and under which licences.

    licences.py copyright TARGET PACKAGE...                 the text that goes with the binaries
    licences.py bill TARGET NAME VERSION DATE PACKAGE...    a bill of materials, CycloneDX 1.5

TARGET is a triple of rustc, PACKAGE a member of the workspace. What is counted is what is linked:
no tests, no build scripts, no macros. Where a crate leaves the choice, it is used under Apache-2.0,
the licence of this project, or MIT. Runs at the root of the workspace; asks cargo, and reads the
sources of the crates in its cache.
"""

import json
import pathlib
import subprocess
import sys
import tomllib


MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(target, names):
    """What is linked into these members of the workspace, the members among it: packages in order, and who uses whom."""
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    ids = {package["id"]: key for key, package in packages.items()}
    # With the features of these members alone, which `cargo metadata` does not know.
    members = [word for name in names for word in ("--package", name)]
    tree = cargo("tree", "--locked", "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}", *members)
    found = set()
    for line in filter(None, tree.splitlines()):
        name, version = line.split()[:2]
        found.add((name, version.removeprefix("v")))
    edges = {
        ids[node["id"]]: sorted({ids[to["pkg"]] for to in node["deps"]} & found)
        for node in metadata["resolve"]["nodes"] if ids[node["id"]] in found
    }
    return [packages[key] for key in sorted(found)], edges


def is_ours(package):
    return package["source"] is None


def licence(package):
    """The licence that is chosen, where there is a choice."""
    expression = package["license"].replace("/", " OR ")
    choices = [choice.strip(" ()") for choice in expression.split(" OR ")]
    preferred = [choice for choice in ("Apache-2.0", "MIT") if choice in choices and " AND " not in expression]
    return preferred[0] if preferred else expression


def texts(package):
    """The licence files of a crate whose licence wants to be repeated."""
    folder = pathlib.Path(package["manifest_path"]).parent
    names = sorted(path for path in folder.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE")))
    apache = [path for path in names if "APACHE" in path.name.upper()]
    wanted = [path for path in names if path not in apache and path.is_file()]
    if not wanted:
        # pcsc and pcsc-sys: the licence stands in Cargo.toml alone.
        if licence(package) != "MIT" or not package["authors"]:
            raise SystemExit(f"{package['name']} {package['version']}: {package['license']}, and no text of it in {folder}")
        return f"Copyright (c) {', '.join(package['authors'])}\n\n{MIT}"
    return "\n\n".join(path.read_text(encoding="utf-8").strip() for path in wanted)


def copyright(target, names):
    others = [package for package in linked(target, names)[0] if not is_ours(package)]
    rust = cargo("version").split()[1]
    print("cpx-pkcs11: software for the cards of French health professionals.")
    print()
    print("Copyright the authors of cpx-pkcs11. Licensed under the Apache License, Version 2.0, which can be read in")
    print("/usr/share/common-licenses/Apache-2.0 on Debian systems, and at https://www.apache.org/licenses/LICENSE-2.0.")
    print()
    print("The binaries contain these crates of other authors. Their sources: https://crates.io/crates/NAME/VERSION.")
    print()
    print(f"  the standard library of Rust {rust}: Apache-2.0")
    for package in others:
        print(f"  {package['name']} {package['version']}: {licence(package)}")
    for package in others:
        if licence(package) != "Apache-2.0":
            print(f"\n\n---- {package['name']} {package['version']}: {licence(package)}\n")
            print(texts(package))


def key(package):
    return package["name"], package["version"]


def purl(name_and_version):
    return "pkg:cargo/{}@{}".format(*name_and_version)


def checksums():
    """By name and version, from the lock file."""
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text(encoding="utf-8"))
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def component(package, checksum):
    made = {
        "type": "library",
        "bom-ref": purl(key(package)),
        "name": package["name"],
        "version": package["version"],
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": purl(key(package)),
    }
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return made


def bill(target, name, version, date, names):
    packages, edges = linked(target, names)
    sums = checksums()
    this = {"type": "application", "bom-ref": f"{name}@{version}", "name": name, "version": version, "licenses": [{"expression": "Apache-2.0"}]}
    contains = sorted(purl(key(package)) for package in packages if package["name"] in names)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": date, "component": this},
        "components": [component(package, sums[key(package)]) for package in packages],
        "dependencies": [{"ref": this["bom-ref"], "dependsOn": contains}]
        + [{"ref": purl(one), "dependsOn": [purl(to) for to in edges[one]]} for one in sorted(edges)],
    }
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    print()


def main():
    match sys.argv[1:]:
        case ["copyright", target, *names] if names:
            copyright(target, names)
        case ["bill", target, name, version, date, *names] if names:
            bill(target, name, version, date, names)
        case _:
            raise SystemExit(__doc__)


main()
