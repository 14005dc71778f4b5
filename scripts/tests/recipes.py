"""The recipes of sim-cards/README.md for continuous integration, each as it is printed: recipes.py DIRECTORY.

Each `run`, `script`, `RUN`, `command` and healthcheck runs in a Debian that is made for it: the base system of debootstrap below
an overlay that is thrown away, with git, a C compiler and this machine's Rust toolchain where the image is `rust:...`. The address
of the project is replaced by a clone of this checkout; crates come from this machine's cache. DIRECTORY keeps the base systems and
what cargo built, for the next time. Runs as root, in namespaces of its own, with access to Debian's archive; RUST_SYSROOT and CARGO_HOME
say where this machine's toolchain and cargo's cache are.
"""

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

import yaml

from containers import Container, base_system, run, stand_apart

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "sim-cards/README.md").read_text(encoding="utf-8")
ADDRESS = re.search(r"^`(https://\S+)` stands for the address of this project", README, re.MULTILINE)[1]
CARDS = {"doctor-gp-cps4": "3b:9b:18:80:01:00:12:25:00:64:80:04:01:00:00:90:44", "insured-alone": "3b:75:13:00:00:43:09:ea:90:00"}
# What the images rust:... have beside Debian and Rust, as far as it is needed here.
OF_RUST_IMAGE = ["ca-certificates", "gcc", "git", "libc6-dev"]
# For what runs the tests: many times what it takes. Builds and installations have no bound.
SECONDS = 1200


def printed(name):
    """The block of the book with this name."""
    return yaml.safe_load(re.search(rf"^```yaml {name}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[1])


class Images:
    """Base systems, made when first wanted, and what cargo built on them."""

    def __init__(self, directory):
        self.directory = directory
        self.source = directory / "source"
        self.fetch_source()

    def fetch_source(self):
        """This checkout with what was not committed yet, as a repository."""
        shutil.rmtree(self.source, ignore_errors=True)
        self.source.mkdir(parents=True)
        files = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, check=True, stdout=subprocess.PIPE,
        ).stdout
        there = b"\0".join(name for name in files.split(b"\0") if name and (ROOT / os.fsdecode(name)).is_file())
        archive = subprocess.run(["tar", "--null", "--create", "--files-from=-"], cwd=ROOT, check=True, input=there, stdout=subprocess.PIPE)
        run("tar", "--extract", "--no-same-owner", cwd=self.source, input=archive.stdout)
        git = ["git", "-c", "user.name=recipes", "-c", "user.email=recipes@localhost"]
        run(*git, "init", "--quiet", cwd=self.source)
        run(*git, "add", "--all", "--force", cwd=self.source)
        run(*git, "commit", "--quiet", "--message", "The checkout under test", cwd=self.source)

    def layers(self, image):
        """What lies below the overlay of a container of this image."""
        name, suite = image.split(":")
        layers = [base_system(self.directory, suite)]
        if name == "rust":
            layer = self.directory / f"rust-{suite}"
            if not (layer / ".whole").exists():
                shutil.rmtree(layer, ignore_errors=True)
                with Container(layers, upper=layer) as made:
                    made.sh("apt-get update && apt-get install --yes --no-install-recommends " + " ".join(OF_RUST_IMAGE))
                (layer / ".whole").touch()
            layers.insert(0, layer)
        return layers

    def container(self, image, mounts=(), environment=None):
        name, suite = image.split(":")
        mounts = [(self.source, "/source"), *mounts]
        environment = dict(environment or {})
        if name == "rust":
            # One for all: the older Debian comes first, and what was linked there runs on the newer one.
            built = self.directory / "built"
            built.mkdir(exist_ok=True)
            mounts += [(os.environ["RUST_SYSROOT"], "/usr/local/rust"), (pathlib.Path(os.environ["CARGO_HOME"]) / "registry", "/usr/local/cargo/registry"), (built, "/built")]
            # Only where cargo builds and how fast: with the whole optimisation, each recipe takes as long as a release.
            environment |= {
                "CARGO_HOME": "/usr/local/cargo", "CARGO_NET_OFFLINE": "true", "CARGO_BUILD_BUILD_DIR": "/built",
                "CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
                "PATH": "/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            }
        return Container(self.layers(image), mounts=mounts, environment=environment)


@contextlib.contextmanager
def vendor(directory, cards, good=True):
    """A vendor's repository: its tests are OpenSC's view of the cards, and note that they ran."""
    directory.mkdir(exist_ok=True)
    # It may be mounted, and stays the same directory.
    for old in directory.iterdir():
        old.unlink()
    tests = ["#!/bin/sh -e", "apt-get install --yes --no-install-recommends opensc >/dev/null", "opensc-tool --list-readers"]
    for reader, card in enumerate(cards):
        tests.append(f'test "$(opensc-tool --reader {reader} --atr)" = "{CARDS[card]}"')
    tests += ["echo ran >result", "exit 0" if good else "exit 3"]
    script = directory / "run-my-tests"
    script.write_text("\n".join(tests) + "\n")
    script.chmod(0o755)
    yield directory
    assert (directory / "result").read_text() == "ran\n", "the tests did not run"


def address(environment):
    """The clone in place of the address, which is the same everywhere."""
    assert environment["SIM_CARDS"] == ADDRESS, environment
    return environment | {"SIM_CARDS": "file:///source"}


def steps_run(images, image, environment, steps, cards):
    """Each step in a shell; the last one, which runs the tests, once more with tests that fail."""
    mine = images.directory / "vendor"
    with images.container(image, [], address(environment)) as container:
        with vendor(mine, cards):
            container.mount(mine, "/builds/vendor")
            for step in steps:
                container.sh(step, "/builds/vendor")
        assert list(mine.glob("card.log*")), "no trace"
        with vendor(mine, cards, good=False):
            status = container.run(["sh", "-e", "-c", steps[-1]], "/builds/vendor", SECONDS)
            assert status == 3, f"failing tests ended with {status}"


def github_actions(images):
    job = printed("github-actions")["jobs"]["test"]
    steps = [step["run"] for step in job["steps"] if "run" in step]
    steps_run(images, job["container"], job["env"], steps, ["doctor-gp-cps4"])


def gitlab_ci(images):
    job = printed("gitlab-ci")["test-with-a-card"]
    steps_run(images, job["image"], job["variables"], job["script"], ["doctor-gp-cps4", "insured-alone"])


def compose(images):
    services = printed("compose")["services"]
    cards, tests = services["cards"], services["tests"]
    file = [line.split(" ", 1) for line in cards["build"]["dockerfile_inline"].splitlines()]
    (image,) = [rest for word, rest in file if word == "FROM"]
    (argument,) = [rest for word, rest in file if word == "ARG"]
    shared = images.directory / "pcscd"
    shutil.rmtree(shared, ignore_errors=True)
    shared.mkdir()
    mine = images.directory / "vendor"
    with vendor(mine, ["doctor-gp-cps4"]), contextlib.ExitStack() as stack:
        built = stack.enter_context(images.container(image, [], address(dict([argument.split("=", 1)]))))
        for word, rest in file:
            assert word in ("FROM", "ARG", "RUN"), word
            if word == "RUN":
                built.sh(rest)
        built.mount(shared, "/run/pcscd")
        served = built.start(shlex.split(cards["command"]))
        stack.callback(lambda: (served.kill(), served.wait()))
        health = cards["healthcheck"]
        assert health["test"][0] == "CMD" and tests["depends_on"]["cards"]["condition"] == "service_healthy"
        for _ in range(health["retries"]):
            if built.run(health["test"][1:]) == 0:
                break
            time.sleep(float(health["interval"].rstrip("s")))
        else:
            raise SystemExit("the cards are never healthy")
        tested = stack.enter_context(images.container(tests["image"]))
        for place in tests["volumes"]:
            source, inside = place.split(":")
            tested.mount({"pcscd": shared, ".": mine}[source], inside)
        status = tested.run(shlex.split(tests["command"]), tests["working_dir"], SECONDS)
        assert status == 0, f"the tests ended with {status}"


def main():
    stand_apart()
    addresses = set(re.findall(r"https://example\.org/\S+?\.git", README))
    assert addresses == {ADDRESS}, addresses
    directory = pathlib.Path(sys.argv[1]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    images = Images(directory)
    wanted = sys.argv[2:] or ["github_actions", "gitlab_ci", "compose"]
    for recipe in wanted:
        globals()[recipe](images)
        print(f"{recipe}: ran as printed", flush=True)


main()
