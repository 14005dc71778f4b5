"""Systems made for a test, and thrown away: a base system of debootstrap below an overlay. As root, with access to the archive."""

import os
import shlex
import shutil
import subprocess
import sys
import time

DEBIAN = "http://deb.debian.org/debian"


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, **options)


def stand_apart():
    """Runs this program again, once, in namespaces of its own: what it mounts and starts ends with it."""
    if "STANDS_APART" not in os.environ:
        os.environ["STANDS_APART"] = "yes"
        apart = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        os.execvp("unshare", [*apart, sys.executable, *sys.argv])


def base_system(directory, suite, archive=DEBIAN, options=(), script=None):
    """Made when first wanted, and kept in the directory for the next time."""
    base = directory / suite
    if not (base / ".whole").exists():
        shutil.rmtree(base, ignore_errors=True)
        run("debootstrap", "--variant=minbase", *options, suite, base, archive, *([script] if script else []))
        (base / ".whole").touch()
    return base


class Container:
    """A file system of its own, thrown away at the end unless `upper` keeps it."""

    def __init__(self, layers, mounts=(), environment=None, upper=None):
        self.layers, self.mounts, self.upper = layers, mounts, upper
        self.environment = {
            "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            # The clone belongs to another user than root where the checkout does.
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        } | (environment or {})

    def __enter__(self):
        parent = self.layers[-1].parent
        self.scratch = parent / f"container-{os.getpid()}-{time.monotonic_ns()}"
        upper = self.upper or self.scratch / "upper"
        self.root = self.scratch / "root"
        for directory in (upper, self.root, self.scratch / "work"):
            directory.mkdir(parents=True)
        work = self.scratch / "work"
        if self.upper:
            # On the file system of the layer that is kept.
            work = self.upper.with_name(self.upper.name + ".work")
            work.mkdir(exist_ok=True)
        lower = ":".join(str(layer) for layer in self.layers)
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", self.root)
        for source, place in [("/dev", "/dev"), *self.mounts]:
            (self.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
            run("mount", "--rbind", source, self.root / place.lstrip("/"))
        run("mount", "-t", "tmpfs", "tmpfs", self.root / "run")
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        return self

    def mount(self, source, place):
        (self.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        run("mount", "--bind", source, self.root / place.lstrip("/"))

    def __exit__(self, *_):
        run("umount", "--recursive", "--lazy", self.root)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def command(self, arguments, directory="/"):
        """A process namespace: what a step leaves running ends with it, as a container's processes do."""
        inside = 'mount -t proc proc "$1/proc"; root=$1 directory=$2; shift 2; exec chroot "$root" sh -c \'cd "$0"; exec "$@"\' "$directory" "$@"'
        return [
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inside, "sh", str(self.root), directory, *arguments,
        ]

    def run(self, arguments, directory="/", seconds=None):
        print("+", shlex.join(arguments), flush=True)
        return subprocess.run(self.command(arguments, directory), env=self.environment, timeout=seconds).returncode

    def sh(self, script, directory="/"):
        status = self.run(["sh", "-e", "-c", script], directory)
        if status:
            raise SystemExit(f"status {status}: {script}")

    def start(self, arguments):
        print("+", shlex.join(arguments), "&", flush=True)
        return subprocess.Popen(self.command(arguments), env=self.environment)
