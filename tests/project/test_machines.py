"""What the tests need of a machine: few programs, any Python that is promised, the lowest dependencies allowed."""

from __future__ import annotations

import os
import runpy
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from .checkout import python, run
from support import programs
from support.contract import ROOT

BARE = str(ROOT / ".ci" / "bare")

# --- Programs ---------------------------------------------------------------------------------------------------------

TESTS = """
import pytest
from support.programs import needs


@pytest.fixture(scope="module")
def server():
    needs("sh", "sshd-of-nobody", "sshd")


@pytest.mark.needs("sh")
def test_it():
    pass


@pytest.mark.parametrize("number", range(3))
def test_with_a_server(server, number):
    raise AssertionError


@pytest.mark.needs("sh")
@pytest.mark.needs("sshd-of-nobody", "sshd")
def test_with_the_same():
    raise AssertionError


@pytest.mark.needs("zsh-of-nobody")
class TestClass:
    def test_one(self):
        raise AssertionError

    def test_two(self):
        raise AssertionError
"""


def test_a_test_that_misses_a_program_is_skipped_and_the_summary_groups_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    environment = {
        "PATH": run(["sh", "-c", "dirname $(command -v sh)"], cwd=tmp_path).stdout.strip(),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])),
        "PYTEST_ADDOPTS": "-p support.programs -p no:cacheprovider",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    printed = python("-m", "pytest", "-rs", "--strict-markers", cwd=tmp_path, environment=environment).stdout
    assert "= 1 passed, 6 skipped in " in printed
    skips = [line for line in printed.splitlines() if line.startswith("SKIPPED")]
    missing = "sshd-of-nobody" if programs.find("sshd") else "sshd-of-nobody and sshd"
    packages = "sshd-of-nobody" if programs.find("sshd") else "sshd-of-nobody openssh-server"
    assert skips == [
        f"SKIPPED [4] test_it.py: {missing} not found (on Debian: apt install {packages})",
        "SKIPPED [2] test_it.py: zsh-of-nobody not found (on Debian: apt install zsh-of-nobody)",
    ]


def test_the_summary_of_these_tests_gives_the_reasons(pytestconfig: pytest.Config) -> None:
    assert "s" in pytestconfig.option.reportchars
    assert any(marker.startswith("needs(") for marker in pytestconfig.getini("markers"))


NAMED = {"python3", "make", "git"}
ESSENTIAL = {"sh", "bash", "sed", "grep", "seq", "env", "mktemp"}
OTHERS = {
    "ps",
    "pgrep",
    "curl",
    "ssh",
    "sshd",
    "ssh-keygen",
    "zsh",
    "fish",
    "awk",
    "cc",
    "openssl",
    "node",
    "npm",
    "pip",
}


@pytest.fixture(params=["as here", "without dpkg"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The PATH of a person: that of these tests, or one with little but what the script itself calls."""
    if request.param == "as here":
        return os.environ["PATH"]
    for name in NAMED | ESSENTIAL | {"dirname", "ln", "rm"}:
        (tmp_path / name).symlink_to(str(programs.find(name)))
    return str(tmp_path)


def test_a_bare_machine_has_what_the_readme_names_and_what_is_essential(path: str) -> None:
    names = sorted(NAMED | ESSENTIAL | OTHERS)
    script = 'env; echo; for name; do command -v "$name"; done; exit 7'
    done = run([BARE, "sh", "-c", script, "sh", *names], cwd=ROOT, check=False, environment={"PATH": path})
    environment, programs_there = done.stdout.split("\n\n")
    assert done.returncode == 7, done.stderr
    assert {line.partition("=")[0] for line in environment.splitlines()} <= {"PATH", "PWD", "_", "SHLVL", "OLDPWD"}
    assert {Path(line).name for line in programs_there.split()} == NAMED | ESSENTIAL
    (folder,) = {Path(line).parent for line in programs_there.split()}
    assert not folder.exists()


def test_the_python_of_a_bare_machine_makes_environments() -> None:
    code = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    assert run([BARE, "python3", "-c", code], cwd=ROOT).stdout.split() == [str(part) for part in sys.version_info[:2]]


# --- Pythons ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pythons() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci" / "pythons.py"))


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_each_other_version_is_found_once(pythons: dict[str, Any], tmp_path: Path) -> None:
    shims, folder, pyenv = tmp_path / "shims", tmp_path / "bin", tmp_path / "pyenv"
    program(shims / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    program(folder / "python3", "echo python 3 11 /one")
    program(folder / "python3.9", "echo python 3 9 /old")
    program(folder / "python3.12", "echo python 3 12 '/first of them'")
    program(folder / "python3.12-config", "echo python 3 20 /no")
    program(folder / "python3.14", "exit 1  # as where the module venv is missing")
    (folder / "python3.15").symlink_to(tmp_path / "nowhere")
    for version in ("3.12.1", "3.13.0", "3.13.9", "3.16.0"):
        major, minor, _ = version.split(".")
        program(pyenv / "versions" / version / "bin" / "python3", f"echo python {major} {minor} /{version}")
    path = os.pathsep.join(["", str(shims), str(tmp_path / "nowhere"), str(folder), str(folder)])
    assert pythons["others"](path, pyenv, (3, 11)) == {
        (3, 12): Path("/first of them"),
        (3, 13): Path("/3.13.0"),
        (3, 16): Path("/3.16.0"),
    }
    assert pythons["others"](path, pyenv, (3, 12)).keys() == {(3, 11), (3, 13), (3, 16)}
    assert pythons["others"]("", tmp_path / "nowhere", (3, 11)) == {}


def test_a_real_python_is_found_by_its_real_path(pythons: dict[str, Any], tmp_path: Path) -> None:
    base = Path(sys._base_executable)  # type: ignore[attr-defined]  # where venv finds it, too
    (tmp_path / "python3").symlink_to(base)
    this = sys.version_info[:2]
    assert pythons["others"](str(tmp_path), tmp_path, (3, 0)) == {this: base.resolve()}
    assert pythons["others"](str(tmp_path), tmp_path) == {}


@pytest.mark.parametrize(
    ("found", "failing", "status", "printed"),
    [
        ([], [], 0, ["No CPython but 3.11 is on this machine"]),
        ([(3, 12), (3, 13)], [], 0, ["Python 3.12: passed", "Python 3.13: passed"]),
        ([(3, 12), (3, 13)], [(3, 12)], 1, ["Python 3.12: FAILED", "Python 3.13: passed"]),
        ([(3, 14)], [(3, 14)], 1, ["Python 3.14: FAILED"]),
        (
            [(3, 14), (3, 15)],
            [(3, 15)],
            0,
            ["Python 3.14: passed", "Python 3.15, a version that is not promised yet: F"],
        ),
    ],
)
def test_a_version_that_is_promised_must_pass(
    found: list[tuple[int, int]],
    failing: list[tuple[int, int]],
    status: int,
    printed: list[str],
    pythons: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_main = pythons["main"]
    tested: list[Path] = []

    def passes(path: Path, folder: Path) -> bool:
        tested.append(path)
        assert folder.parent.is_dir()
        return path not in {Path(f"/{version}") for version in failing}

    run_main.__globals__["others"] = lambda *_: {version: Path(f"/{version}") for version in found}
    run_main.__globals__["passes"] = passes
    assert run_main() == status
    shown = capsys.readouterr().out.replace(".".join(map(str, sys.version_info[:2])), "3.11", not found)
    assert tested == [Path(f"/{version}") for version in found]
    for line in printed:
        assert line in shown


def test_the_versions_that_are_promised_are_those_of_the_metadata_and_the_workflow(pythons: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: 3."
    minors = [int(each.removeprefix(prefix)) for each in project["classifiers"] if each.startswith(prefix)]
    assert (3, minors[0]) == pythons["FIRST"]
    assert (3, minors[-1]) == pythons["LAST_PROMISED"]
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert "python: [" + ", ".join(f'"3.{minor}"' for minor in minors) + "]" in workflow


# --- The lowest versions of the dependencies --------------------------------------------------------------------------


def locked(name: str) -> Iterator[Requirement]:
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            yield Requirement(line.removesuffix("\\"))


def test_the_lowest_versions_that_are_locked_are_the_lowest_that_are_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = {each.name: Version(next(iter(each.specifier)).version) for each in locked("lowest.txt")}
    for needed in map(Requirement, project["dependencies"]):
        (lowest,) = (each.version for each in needed.specifier if each.operator == ">=")
        assert pins[needed.name] == Version(lowest), f"{needed}: run `make lock`"
        assert pins[needed.name] in needed.specifier


@pytest.mark.parametrize("name", ["dev.txt", "lowest.txt"])
def test_what_is_locked_has_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert text.count("\\\n    --hash=sha256:") >= len(list(locked(name))) > 0
    assert "://" not in text
