"""pkcs11-check with the files that pkcs11_check.toml chooses.

Arguments: the module, and a directory for the report of pkcs11-check. The codes come from P11TEST_PIN and
P11TEST_SO_PIN. The last line counts what the tests did; a skipped test is not a passed one. Exit status 0 only if
none failed but those that the list names.
"""

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pkcs11_check

TESTS = Path(pkcs11_check.__file__).parent / "testcases"
SECONDS_FOR_A_TEST = 120


class Choice:
    """The list, which must name every file of the package once."""

    def __init__(self, path):
        text = tomllib.loads(path.read_text())
        self.run = text["run"]
        self.left_out = text["left-out"]
        self.excuses = {name: group["because"] for group in text["tests"] for name in group["names"]}

    def faults(self):
        there = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")}
        named = Counter(self.run) + Counter(self.left_out.keys())
        yield from (f"the list does not say what to do with {name}" for name in sorted(there - named.keys()))
        yield from (f"{name} is not a file of pkcs11-check" for name in sorted(named.keys() - there))
        yield from (f"{name} stands twice" for name, count in named.items() if count > 1)

    def excuse(self, test):
        """Why this test may fail; None if it must not."""
        return next((why for name, why in self.excuses.items() if test.startswith(name)), None)

    def idle_excuses(self, tests):
        return [name for name in self.excuses if not any(test.startswith(name) for test in tests)]


def run(module, files, directory):
    """Every file in a process of its own; the test reports as pytest wrote them."""
    summary = directory / "results.json"
    command = [sys.executable, "-m", "pkcs11_check", "test", "--module", module, "--slot", "0", "--destructive"]
    command += ["--isolation", "file", "--timeout", str(SECONDS_FOR_A_TEST)]
    command += ["--output", "json", "--output-file", str(summary)]
    subprocess.run(command + [str(TESTS / name) for name in files], check=False, cwd=directory)
    summary = json.loads(summary.read_text())["summary"]
    lines = (directory / "report.jsonl").read_text().splitlines()
    return summary, [line for line in map(json.loads, lines) if line.get("$report_type") == "TestReport"]


def outcome(reports):
    """One word for a test, and the message of the report that says why. An expected failure is a failure here."""
    for report in reports:
        if report["outcome"] == "failed" or (report["outcome"] == "skipped" and "wasxfail" in report):
            return "failed", message(report)
    for report in reports:
        if report["outcome"] == "skipped":
            return "skipped", message(report)
    return "passed", ""


def message(report):
    text = report["longrepr"]
    if isinstance(text, dict):
        text = text["reprcrash"]["message"]
    elif isinstance(text, list):
        text = text[-1]
    return " ".join(str(text).split())[:300]


def main():
    module, directory = sys.argv[1], Path(sys.argv[2])
    choice = Choice(Path(__file__).with_name("pkcs11_check.toml"))
    faults = list(choice.faults())
    if faults:
        sys.exit("\n".join(faults))
    summary, reports = run(module, choice.run, directory)

    tests = {}
    for report in reports:
        tests.setdefault(report["nodeid"].split("/testcases/", 1)[1], []).append(report)
    counts, passed_in = Counter(), Counter()
    for test, reports in sorted(tests.items()):
        word, why = outcome(reports)
        if word == "failed" and choice.excuse(test):
            word, why = "left out", choice.excuse(test)
        counts[word] += 1
        passed_in[test.split("::", 1)[0]] += word == "passed"
        if word != "passed":
            print(f"{word}: {test}: {why}")

    faults = [f"not one test of {name} passed" for name in choice.run if not passed_in[name]]
    faults += [f"no test begins with {name}" for name in choice.idle_excuses(tests)]
    broken = {word: summary[word] for word in ("crashed", "child_crash", "timeout", "child_timeout", "error") if summary[word]}
    faults += [f"{count} {word}" for word, count in broken.items()]
    if summary["incomplete"] or summary["total"] != len(tests):
        faults.append(f"pkcs11-check ran {summary['total']} tests, its report has {len(tests)}")
    print("\n".join(faults))
    words = ("passed", "failed", "left out", "skipped")
    print(f"counted: {', '.join(f'{counts[word]} {word}' for word in words)}")
    sys.exit(1 if faults or counts["failed"] else 0)


if __name__ == "__main__":
    main()
