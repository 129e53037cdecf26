"""A user whom the system does not know, without a home folder: what can be done is, and before anything costs money."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from yottalabs_mock import Simulator, Times

from .staging import CREATE, POD, Stage
from .yottalabs import KEY, SECONDS, Done

pytestmark = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can become a user whom the system does not know"
)

AS_NOBODY = """
import os, sys
os.setresuid(54321, 0, 0)  # as which it may still read the interpreter
os.execv(sys.argv[1], sys.argv[1:])
"""
PLACES: dict[str, str | None] = {
    "HOME": None,
    "XDG_CONFIG_HOME": None,
    "XDG_STATE_HOME": None,
    "YOTTA_CONFIG_FILE": None,
}
HOMES: dict[str, dict[str, str | None]] = {
    "none": PLACES,
    "an empty one": {**PLACES, "HOME": ""},
    "relative ones": {**PLACES, "HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"},
}
Call = Callable[..., Done]


@pytest.fixture
def call(stage: Stage, tmp_path: Path) -> Call:
    """Runs the command as a user whom the system does not know."""

    def run(*arguments: str, **changes: str | None) -> Done:
        # Not the installed script: in a folder with a space in its name, that is run by a shell, which sets the user.
        command = [sys.executable, "-c", AS_NOBODY, sys.executable, "-m", "yottalabs", *arguments]
        variables = stage.variables(**{**PLACES, **changes})
        done = subprocess.run(
            command,
            env=variables,
            cwd=tmp_path,
            input=KEY,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "defect of ours" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def ssh_with() -> Iterator[Callable[[str], str]]:
    """Makes a PATH with an ssh that is a script; the folder of a test is closed to the user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)

        def path(script: str) -> str:
            ssh = Path(folder) / "ssh"
            ssh.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            ssh.chmod(0o755)
            return f"{folder}:{os.environ['PATH']}"

        yield path


@pytest.mark.parametrize("home", HOMES)
def test_pods_are_created_and_deleted_without_a_home(home: str, call: Call, stage: Stage, tmp_path: Path) -> None:
    created = call(*CREATE, **HOMES[home])
    (pod_id,) = stage.simulator.pods
    assert created == Done(0, f"{pod_id}\n", "")
    if home == "none":
        assert call("pods", "delete", pod_id, "--yes").status == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command", [("pods", "create", "--ssh", *POD), ("run", *POD, "--", "true")], ids=["create", "run"]
)
def test_an_ssh_that_refuses_the_user_is_known_before_a_pod_is_created(
    command: tuple[str, ...], call: Call, stage: Stage, ssh_with: Callable[[str], str]
) -> None:
    path = ssh_with("echo 'No user exists for uid 54321' >&2; exit 255")
    done = call(*command, PATH=path)
    assert (done.status, done.output) == (125 if command[0] == "run" else 1, "")
    assert done.errors.splitlines()[0] == "yottalabs: ssh does not run here: there is no user with the number 54321"
    assert not stage.simulator.requests


def test_an_ssh_that_takes_the_user_gets_no_file_at_a_place_that_is_not_there(
    call: Call, ssh_with: Callable[[str], str], tmp_path: Path
) -> None:
    """It is asked for its version, then for a login, and then it is the shell."""
    script = 'case "$* " in "-V "|*" true ") exit 0;; esac; printf "%s\\n" "$@" >&2; exit 7'
    path = ssh_with(script)
    simulator = Simulator(clock="real", times=Times(boot=0.1, healthy=0.1), ssh="me@127.0.0.1:22")
    with simulator.serve() as base_url:
        variables = {"PATH": path, "YOTTA_BASE_URL": base_url, "HOME": "home", "XDG_STATE_HOME": "state"}
        done = call("pods", "create", "--ssh", *POD, **variables)
    assert done.status == 7, done.errors
    assert len(simulator.pods) == 1
    assert 'UserKnownHostsFile="/dev/null"' in done.errors.splitlines()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["~/key", "~nobody-there/key", "key", "."])
@pytest.mark.parametrize("command", [("pods", "create", "--ssh", *POD), ("run", *POD)], ids=["create", "run"])
def test_a_private_key_that_is_not_there_is_known_before_a_pod_is_created(
    command: tuple[str, ...], name: str, call: Call, stage: Stage, ssh_with: Callable[[str], str]
) -> None:
    rest = ("--", "true") if command[0] == "run" else ()
    done = call(*command, "--identity", name, *rest, PATH=ssh_with("exit 0"))
    assert done.status == (125 if rest else 2)
    assert f"--identity: {name} cannot be read" in done.errors
    assert not stage.simulator.requests


def test_a_private_key_of_a_profile_may_have_any_name(
    stage: Stage, ssh_with: Callable[[str], str], tmp_path: Path
) -> None:
    config, path = tmp_path / "config.toml", ssh_with("exit 0")
    for name in ("~\\u0000/key", "a\\u0000b", "~nobody-there/key"):
        config.write_text(f'[profiles.work]\napi_key = "{KEY}"\nssh_key = "{name}"\n', encoding="utf-8")
        config.chmod(0o600)
        words = ("pods", "create", "--ssh", *POD, "--profile", "work")
        done = stage(*words, YOTTA_CONFIG_FILE=str(config), PATH=path)
        assert done.status == 2, done.errors
        assert "ssh_key of the profile 'work'" in done.errors
    assert not stage.simulator.requests


@pytest.mark.parametrize("named", [None, "~/config.toml", "~nobody-there/config.toml"])
def test_without_a_place_there_is_nothing_to_read_and_nowhere_to_write(
    named: str | None, call: Call, tmp_path: Path
) -> None:
    assert call("config", "list", YOTTA_CONFIG_FILE=named).status == 0
    for arguments in (["path"], ["add", "new", "--no-key"]):
        done = call("config", *arguments, YOTTA_CONFIG_FILE=named)
        assert (done.status, done.output) == (1, "")
        assert ("no home folder is known" if named is None else "there is no such home folder") in done.errors
        assert ("set YOTTA_CONFIG_FILE to its path" if named is None else "set it to the path") in done.errors
    done = call("pods", "list", "--profile", "work", YOTTA_CONFIG_FILE=named)
    assert done.status == 2
    assert "YOTTA_CONFIG_FILE" in done.errors
    assert "config add" not in done.errors  # which could write nowhere
    assert list(tmp_path.iterdir()) == []


def test_doctor_says_that_ssh_does_not_run(call: Call, ssh_with: Callable[[str], str]) -> None:
    found = {each["id"]: each for each in call("doctor", "-o", "json", PATH=ssh_with("exit 255")).document}
    assert found["ssh"]["verdict"] == "note"
    assert "no user with the number 54321" in found["ssh"]["told"]
    assert found["API"]["verdict"] == "ok"
