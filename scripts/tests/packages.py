"""The packages of scripts/packages on fresh systems: packages.py PACKAGES DIRECTORY [SYSTEM...]

PACKAGES is what scripts/packages has written; DIRECTORY keeps the base systems for the next time. On each Debian and Ubuntu, apt installs the
.deb files from a folder; a simulated card of the package itself is plugged into a pcscd; clients use it; the packages are upgraded,
removed and purged, and the list of files is what it was. The RPM packages go into a root of their own with `rpm --root`, the archive
into a user's home. As root, in namespaces of its own. A system whose archive cannot be had is said to be NOT RUN.
"""

import pathlib
import re
import shutil
import subprocess
import sys

from containers import DEBIAN, Container, base_system, run, stand_apart

UBUNTU = "http://archive.ubuntu.com/ubuntu"
# By suite: the archive, what debootstrap is told beside it, and the suite whose script it takes
# where it does not know this one.
SUITES = {"bookworm": (DEBIAN, [], None), "trixie": (DEBIAN, [], None), "jammy": (UBUNTU, [], None), "noble": (UBUNTU, [], "gutsy")}
# Who uses the card has pcscd and programs that speak PKCS #11; who writes such programs, a
# compiler.
CLIENTS = "pcscd opensc gnutls-bin p11-kit openssl python3 pkgconf gcc libc6-dev"
MODULE = "/usr/lib/x86_64-linux-gnu/pkcs11/libcpx_pkcs11.so"
PERSONA = "doctor-gp-cps4"
PIN = "1234"
APT = "apt-get --quiet --option Dpkg::Use-Pty=0 --yes"
# What apt, dpkg, ld.so, logs and clients keep for themselves.
KEPT = re.compile(r"/(proc|sys|dev|run|tmp|root/\.cache|var/(cache|log|tmp|lib/(apt|dpkg|rpm))|etc/ld\.so\.cache)(/|$)")


class Failure(Exception):
    """What a system or a package did not do."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


class System(Container):
    """A container whose commands are read, and whose files are counted."""

    def says(self, script, user=None, status=0):
        """What a shell script prints."""
        command = ["sh", "-e", "-c", script]
        if user:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "env", f"HOME=/home/{user}", *command]
        print("+", script, flush=True)
        done = subprocess.run(
            self.command(command), check=False, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        print(done.stdout, flush=True)
        expect(done.returncode == status, f"status {done.returncode}: {script}")
        return done.stdout

    def files(self, below="/"):
        """Each file, folder and link, with its kind, mode, owner, and target."""
        listed = subprocess.run(
            self.command(["find", ".", "-xdev", "-printf", "/%P\t%y %m %U:%G %l\n"], below),
            check=True, env=self.environment, stdout=subprocess.PIPE, text=True,
        )
        return {path: rest for path, rest in (line.split("\t", 1) for line in listed.stdout.splitlines()) if not KEPT.match(path)}


def same_files(before, after, why):
    changed = sorted(before.items() ^ after.items())
    expect(not changed, f"{why}: {changed[:20]}")


def with_clients(directory, base, suite):
    """The layers of a system on which the clients are installed already."""
    layer = directory / f"clients-{suite}"
    if not (layer / ".whole").exists():
        shutil.rmtree(layer, ignore_errors=True)
        with Container([base], upper=layer) as made:
            made.sh("apt-get update")
            made.sh(f"{APT} install --no-install-recommends {CLIENTS} && useradd --create-home nurse")
        (layer / ".whole").touch()
    return [layer, base]


def ubuntu_keys(directory):
    """Ubuntu's keys, from Debian's package of them."""
    keys = directory / "ubuntu-archive-keyring.gpg"
    if not keys.exists():
        with Container([base_system(directory, "trixie")]) as debian:
            debian.sh(f"apt-get update && {APT} install --no-install-recommends ubuntu-archive-keyring")
            shutil.copy(debian.root / "usr/share/keyrings/ubuntu-archive-keyring.gpg", keys)
    return keys


def system(directory, suite):
    archive, options, script = SUITES[suite]
    if archive == UBUNTU:
        options = [f"--keyring={ubuntu_keys(directory)}", "--components=main,universe"]
    return base_system(directory, suite, archive, options, script)


def upgraded(packages, to):
    """The same packages with a higher version, as the next release brings them."""
    to.mkdir()
    for package in packages:
        tree = to / "tree"
        run("dpkg-deb", "--raw-extract", package, tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"^(Version: .*)-1$", r"\1-2", control.read_text(), flags=re.MULTILINE))
        run("dpkg-deb", "--root-owner-group", "--build", tree, to / package.name)
        shutil.rmtree(tree)


def debian_packages(directory, delivered, suite):
    packages = sorted(delivered.glob("*_amd64.deb"))
    expect(packages, f"no package in {delivered}")
    names = " ".join(package.name.split("_")[0] for package in packages)
    with System(with_clients(directory, system(directory, suite), suite)) as debian:
        before = debian.files()
        debian.mount(delivered, "/run/packages")
        said = debian.says(f"{APT} install --no-install-recommends /run/packages/*_amd64.deb")
        expect(said.count("cpx setup") == 1, "the message after the installation is not one line")
        installed = debian.files()
        expect(all(path.startswith("/usr/") for path in installed.keys() - before.keys()), "something stands outside /usr")
        same_files(before, {path: installed.get(path) for path in before}, "installing has changed what was there")
        a_card_is_used(debian)
        the_simulator_is_used(debian)
        upgraded(packages, debian.scratch / "next")
        debian.mount(debian.scratch / "next", "/run/next")
        said = debian.says(f"{APT} install --no-install-recommends /run/next/*.deb")
        expect("cpx setup" not in said, "an upgrade repeats the message")
        expect("-2" in debian.says("dpkg-query --show libcpx-pkcs11"), "not upgraded")
        same_files(installed, debian.files(), "an upgrade has changed the list of files")
        # Removing the package takes back what it has registered for the system. Folders stay, empty.
        debian.says("cpx setup firefox --system && cpx setup p11-kit --system && test -s /etc/firefox/policies/policies.json")
        debian.says(f"{APT} remove {names}")
        debian.says("rmdir /etc/firefox/policies /etc/firefox /etc/pkcs11/modules /etc/pkcs11")
        same_files(before, debian.files(), "something is left after removal")
        expect(not re.search("cpx|sim-cards", debian.says("dpkg-query --show")), "dpkg still knows them")
        debian.says(f"{APT} install --no-install-recommends /run/packages/*_amd64.deb")
        debian.says(f"{APT} purge {names}")
        same_files(before, debian.files(), "something is left after purging")


def a_card_is_used(debian, module=MODULE):
    """Each client sees the token, and one logs in and signs, with the card in a reader."""
    with_card = f"with-card --persona {PERSONA} --"
    slots = debian.says(f"{with_card} pkcs11-tool --module {module} --list-slots")
    expect(re.search("token label *: .*CPS", slots), "pkcs11-tool sees no token")
    tokens = debian.says(f"{with_card} p11tool --list-tokens")
    expect(re.search("Label: .*CPS", tokens), "p11tool sees no token")
    shown = debian.says(f"{with_card} sh -e -c 'cpx status; cpx show'")
    expect("27000001" in shown and "TESTINE" in shown, "cpx shows no holder")
    diagnosis = debian.says(f"{with_card} sh -c 'cpx doctor; echo status $?'")
    # OpenSC stands beside the module here, which is worth a warning.
    expect(re.search("^status (0|10)$", diagnosis, re.MULTILINE), "cpx doctor finds more than warnings")
    certificate = "Certificat de Signature CPS"
    debian.says(f"""cd /tmp && echo text >message && {with_card} sh -e -c '
        pkcs11-tool --module {module} --login --pin {PIN} --sign --label CPS_PRIV_SIG --mechanism SHA256-RSA-PKCS --input-file message --output-file signature
        pkcs11-tool --module {module} --read-object --type cert --label "$0" --output-file certificate.der' "{certificate}"
        openssl x509 -inform DER -in certificate.der -pubkey -noout >public.pem
        openssl dgst -sha256 -verify public.pem -signature signature message""")


def the_simulator_is_used(debian):
    """From Python, from C, and its manual."""
    debian.says("cd /tmp && python3 -c 'import sim_cards; card = sim_cards.Card(\"doctor-gp-cps4\"); card.power_on()'")
    debian.says("""cd /tmp && for file in /usr/share/doc/sim-cards/examples/example.c*; do cp "$file" .; done
        if [ -e example.c.gz ]; then gunzip --force example.c.gz; fi
        cc example.c $(pkg-config --cflags --libs sim-cards) -o example && ./example""")
    debian.says("sim-card --persona /usr/share/sim-cards/personas/doctor-gp-cps4.toml --dump >/dev/null")
    debian.says("lab-pki --out /tmp/pki --crl && test -s /tmp/pki/roots.pem")


def rpm_packages(directory, delivered):
    """In a Debian, whose rpm finds no rpm package of what is needed: dependencies are read, and not resolved."""
    packages = sorted(delivered.glob("*.x86_64.rpm"))
    expect(packages, f"no package in {delivered}")
    names = " ".join(package.name.rsplit("-", 2)[0] for package in packages)
    layer = directory / "rpm"
    base = system(directory, "bookworm")
    if not (layer / ".whole").exists():
        shutil.rmtree(layer, ignore_errors=True)
        with Container([base], upper=layer) as made:
            made.sh(f"apt-get update && {APT} install --no-install-recommends rpm")
        (layer / ".whole").touch()
    with System([layer, base]) as debian:
        debian.mount(delivered, "/run/packages")
        debian.says("mkdir --parents /run/root && cp --archive /bin /lib* /usr /run/root/ && rpm --root /run/root --initdb")
        before = debian.files("/run/root")
        said = debian.says("rpm --root /run/root --install --nodeps --ignorearch /run/packages/*.x86_64.rpm")
        expect(said.count("cpx setup") == 1, "the message after the installation is not one line")
        listed = set(debian.says(f"rpm --root /run/root --query --list {names}").split())
        new = debian.files("/run/root").keys() - before.keys() - {"/var"}
        expect(listed <= new and new - listed <= parents(listed), f"in the list or on the disk alone: {(new ^ listed) - parents(listed)}")
        debian.says(f"rpm --root /run/root --verify --nodeps {names}")
        for package in names.split():
            scripts = debian.says(f"rpm --root /run/root --query --scripts {package}")
            expect(scripts.count("scriptlet") == SCRIPTLETS.get(package, 0), f"scriptlets of {package}")
            requires = debian.says(f"rpm --root /run/root --query --requires {package}")
            expect("libc.so.6(GLIBC_2.34)(64bit)" in requires, f"{package} requires another C library")
        expect("libpcsclite.so.1()(64bit)" in debian.says("rpm --root /run/root --query --requires libcpx-pkcs11"), "libpcsclite is not required")
        debian.says(f"rpm --root /run/root --erase {names}")
        left = debian.files("/run/root").keys() - before.keys() - {"/var"}
        # Those folders belong to packages that are not in this root.
        expect(left <= parents(listed) and not re.search("cpx|sim-cards", str(left)), f"left: {left}")


# How many each package has: the message after an installation; what "cpx setup" wrote is taken back.
SCRIPTLETS = {"libcpx-pkcs11": 1, "cpx-tools": 1}


def parents(paths):
    return {str(parent) for path in paths for parent in pathlib.PurePath(path).parents}


def archive(directory, delivered):
    """Into the home of a user, who runs it from there; from the folder where it is unpacked, too."""
    (packed,) = delivered.glob("*-x86_64.tar.gz")
    suite = "bookworm"
    with System(with_clients(directory, system(directory, suite), suite)) as debian:
        debian.mount(delivered, "/run/packages")
        debian.says(f"mkdir /opt/unpacked && tar --extract --directory /opt/unpacked --strip-components 1 --file /run/packages/{packed.name}")
        debian.says(f"/opt/unpacked/bin/with-card --persona {PERSONA} -- pkcs11-tool --module /opt/unpacked/lib/pkcs11/libcpx_pkcs11.so --list-slots | grep 'token label.*CPS'")
        before = debian.files()
        said = debian.says("/opt/unpacked/install.sh --user --sim-cards", user="nurse")
        expect(said.count("cpx setup") == 1, "the message after the installation is not one line")
        new = debian.files().keys() - before.keys()
        expect(new and all(path.startswith("/home/nurse/.local") for path in new), "something stands outside the user's home")
        debian.says(f"/home/nurse/.local/bin/with-card --persona {PERSONA} -- pkcs11-tool --module /home/nurse/.local/lib/pkcs11/libcpx_pkcs11.so --list-slots | grep 'token label.*CPS'")
        installed = debian.files()
        debian.says("/opt/unpacked/install.sh --user --sim-cards", user="nurse")
        same_files(installed, debian.files(), "installing again has changed the list of files")
        debian.says("touch ~/.local/share/mine && /opt/unpacked/install.sh --user --uninstall && rm ~/.local/share/mine && rmdir ~/.local/share ~/.local", user="nurse")
        same_files(before, debian.files(), "something is left")
        debian.says("/opt/unpacked/install.sh --prefix /usr/local", user="nurse", status=1)
        same_files(before, debian.files(), "a refused installation has changed something")
        debian.says("umask 0; /opt/unpacked/install.sh --prefix /opt/cpx && test -z \"$(find /opt/cpx -perm /022 ! -type l)\" && test ! -e /opt/cpx/bin/sim-card && test -e /opt/cpx/lib/pkcs11/libcpx_pkcs11.so")
        debian.says("/opt/unpacked/install.sh --prefix=/opt/cpx --uninstall && rmdir /opt/cpx")
        same_files(before, debian.files(), "something is left")


def main():
    stand_apart()
    delivered, directory = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    directory.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in sys.argv[3:] or [*SUITES, "rpm", "tar"]:
        try:
            if name in SUITES:
                try:
                    system(directory, name)
                except subprocess.CalledProcessError as error:
                    print(f"NOT RUN {name}: its archive cannot be had: {error}", flush=True)
                    continue
                debian_packages(directory, delivered, name)
            else:
                {"rpm": rpm_packages, "tar": archive}[name](directory, delivered)
            print(f"ok {name}", flush=True)
        except (Failure, subprocess.CalledProcessError) as error:
            failed = True
            print(f"FAIL {name}: {error}", flush=True)
    raise SystemExit(failed)


main()
