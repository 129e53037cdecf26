"""Runs the tests that depend on the interpreter on every other CPython of this machine.

    .venv/bin/python .ci/pythons.py

Each runs them in a new clone of the checkout, which is removed afterwards. A version that this project promises must
pass; of a later one, the result is only printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ("tests/client", "tests/simulator", "tests/cli", "tests/project")
FIRST, LAST_PROMISED = (3, 11), (3, 14)
SECONDS = 60  # in which an interpreter must answer
# Only a CPython that can make a virtual environment answers; for the free-threaded build there are too few wheels.
ASK = """
import ensurepip, os, sys, sysconfig, venv
if sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    print("python", *sys.version_info[:2], os.path.realpath(sys.executable))
"""

Version = tuple[int, int]


def candidates(search_path: str, pyenv: Path) -> Iterator[Path]:
    """Yield what is called Python on the search path, and each version of pyenv."""
    for folder in search_path.split(os.pathsep):
        for program in sorted(Path(folder or os.curdir).glob("python3*")):
            if re.fullmatch(r"python3(\.\d+)?", program.name):
                yield program.absolute()
    yield from sorted(pyenv.glob("versions/*/bin/python3"))


def answer(program: Path) -> tuple[Version, Path] | None:
    """Return the version and the real path of a CPython; None for anything else, such as a shim that leads nowhere."""
    try:
        done = subprocess.run([program, "-I", "-c", ASK], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"python (\d+) (\d+) (.+)\n", done.stdout)
    return ((int(found[1]), int(found[2])), Path(found[3])) if found else None


def others(search_path: str, pyenv: Path, this: Version = sys.version_info[:2]) -> dict[Version, Path]:
    """Return the other versions that this project may run on, each with the first program of that version."""
    found: dict[Version, Path] = {}
    for version, path in filter(None, map(answer, candidates(search_path, pyenv))):
        if version >= FIRST and version != this:
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def passes(python: Path, folder: Path) -> bool:
    """Return whether the suites pass in a new clone of this checkout, with a Python."""
    test = [".venv/bin/python", "-m", "pytest", "-q", *SUITES]
    setup = ["make", "-s", "setup", "tools/node_modules/installed", f"PYTHON={python}"]
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    return all(subprocess.run(command, cwd=folder, check=False).returncode == 0 for command in (setup, test))


def main() -> int:
    """Return the exit status."""
    found = others(os.environ["PATH"], Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"))
    this = ".".join(map(str, sys.version_info[:2]))
    if not found:
        print(f"No CPython but {this} is on this machine: the tests run on that alone.", flush=True)
    failed: list[str] = []
    for version, python in found.items():
        name = ".".join(map(str, version))
        print(f"Python {name} ({python}): {', '.join(SUITES)}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            is_passed = passes(python, Path(folder) / "checkout")
        is_promised = version <= LAST_PROMISED
        note = "" if is_promised else ", a version that is not promised yet"
        print(f"Python {name}{note}: {'passed' if is_passed else 'FAILED'}", flush=True)
        if is_promised and not is_passed:
            failed.append(name)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
