"""What the tests themselves promise: a test that leaves a process behind is an error, and the process is gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .checkout import python
from support.contract import ROOT
from support.processes import lives

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
COMMON = """
import os, signal, subprocess, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from yottalabs import _guard
from yottalabs._settings import Settings

from support import leftovers

leftovers.GRACE_SECONDS = 0.0  # each process of these tests is left
NOWHERE = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
WAIT = [sys.executable, "-c", "import time; time.sleep(600)"]
DAEMON = (
    "import subprocess, sys; process = subprocess.Popen(sys.argv[1:], stdin=-3, stdout=-3, stderr=-3, env={}, "
    "start_new_session=True); print(process.pid); process.returncode = 0"
)


def child(**options):
    return subprocess.Popen(WAIT, **NOWHERE, **options).pid


def daemon():
    command = [sys.executable, "-c", DAEMON, *WAIT]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def guard():
    settings = Settings("a-key", "http://127.0.0.1:9")
    expires = datetime.now(UTC) + timedelta(hours=1)
    return _guard.Guard.start(settings, "a-token", expires, is_detached=True).process_id


def server():
    command = [sys.executable, "-m", "yottalabs_mock", "--port", "0"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline().startswith(b"ready ")
    return process.pid


def note(number):
    with open("processes", "a") as file:
        print(number, file=file)


@pytest.fixture(scope="module")
def shared():
    process = subprocess.Popen(WAIT)
    note(process.pid)
    yield process
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def is_unharmed(shared):
    assert shared.poll() is None
"""
LEAVE = """
@pytest.mark.parametrize("ending", ["pass", "assert False", "pytest.skip()", "raise SystemExit(1)"])
@pytest.mark.parametrize("leave", [child, lambda: child(start_new_session=True, env={}), daemon, guard, server])
def test_it(leave, ending):
    note(leave())
    exec(ending)


def test_of_one_that_is_about_to_end():
    leftovers.GRACE_SECONDS = 60.0
    subprocess.Popen([sys.executable, "-c", ""])
"""
FORGET = """
@pytest.fixture(scope="module")
def forgotten():
    note(child())


def test_it(forgotten):
    pass
"""
END = """
def test_it():
    note(daemon())
    note(guard())
    {way}
"""
# A script that runs the tests in the background ignores SIGINT.
INTERRUPT = "signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT)"


def run(folder: Path, tests: str, *options: str) -> tuple[str, int]:
    """Run tests that leave processes; return what pytest printed, and how many there were: all must be gone."""
    (folder / "test_it.py").write_text(COMMON + tests, encoding="utf-8")
    (folder / "pytest.ini").touch()
    paths = [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PYTEST_ADDOPTS": "-p support.leftovers -p no:cacheprovider",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = python("-m", "pytest", *options, cwd=folder, check=False, environment=environment)
    processes = [int(line) for line in (folder / "processes").read_text(encoding="utf-8").split()]
    assert [process for process in processes if lives(process)] == [], done.stdout
    return done.stdout, len(processes)


def test_the_tests_here_are_watched(request: pytest.FixtureRequest) -> None:
    assert {"nothing_is_left_of_the_test", "nothing_is_left_of_the_session"} <= set(request.fixturenames)


@LINUX
def test_a_test_that_leaves_a_process_is_an_error_and_the_process_is_gone(tmp_path: Path) -> None:
    printed, number = run(tmp_path, LEAVE)
    assert number == 1 + 5 * 4
    assert "= 10 failed, 6 passed, 5 skipped, 20 errors in " in printed, printed
    assert printed.count("\nprocesses were left behind, and have been killed:\n") == 20


@LINUX
@pytest.mark.parametrize(
    ("way", "options", "word"),
    [
        (INTERRUPT, [], "KeyboardInterrupt"),
        ("os._exit(1)", ["-p", "xdist", "-n1"], "worker 'gw0' crashed"),
    ],
)
def test_whatever_ends_the_run_no_process_is_left(way: str, options: list[str], word: str, tmp_path: Path) -> None:
    printed, number = run(tmp_path, END.format(way=way), *options)
    assert word in printed
    assert number >= 3


@LINUX
def test_a_process_that_a_fixture_of_a_module_leaves_is_found_at_the_end(tmp_path: Path) -> None:
    printed, number = run(tmp_path, FORGET)
    assert number == 2
    assert "1 passed, 1 error in " in printed, printed
