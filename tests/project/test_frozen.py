"""The command, and a program that uses library and simulator, as a folder that PyInstaller has made of the wheel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from .checkout import copy, python, run
from .distributions import provide
from .test_packaging import environment, install, requirements
from support.processes import started
from support.programs import needs

pytestmark = pytest.mark.xdist_group("frozen")  # it is made once

SECONDS = 60  # that nothing here should ever take
KEY = "a-key"
PROGRAM = '''
"""The command; or, with `library` as its argument, a program that uses library and simulator."""

import sys

if sys.argv[1:] == ["library"]:
    from importlib.resources import files

    from yottalabs import ConfigurationError, YottaLabs
    from yottalabs_mock import Simulator, Times

    request = {"image": "x", "gpu_type": "NVIDIA_L4_24G", "expose": [22]}
    simulator = Simulator(clock="real", times=Times(boot=0.1, healthy=0.1, terminate=0.1))
    with simulator.serve() as base_url, YottaLabs("a-key", base_url=base_url) as yotta:
        with yotta.pods.temporary(**request) as pod:
            print(pod.is_ready)
        for guarded in ({"max_lifetime": 60}, {"guard": "always"}):
            try:
                with yotta.pods.temporary(**request, **guarded):
                    pass
            except ConfigurationError as error:
                print(error)
        print([pod.status for pod in simulator.pods.values()])
    print((files("yottalabs_api") / "openapi.yaml").read_text(encoding="utf-8")[:14])
else:
    from yottalabs.__main__ import main

    main()
'''
SSH = """#!/bin/sh
test -z "$LD_LIBRARY_PATH" || exit 9
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=copy(folder / "checkout"))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def interpreter(wheel: Path) -> Path:
    """The Python of an environment that has all that the packages need, and not the packages."""
    made = environment(wheel.parent / "environment")
    provide(made, requirements(wheel), "cli")
    provide(made, requirements(wheel), "simulator")
    return made


@pytest.fixture(scope="module")
def frozen(wheel: Path, interpreter: Path) -> Path:
    """The program."""
    if sys.platform == "linux":
        needs("objdump", "ldd")
    if sys.platform == "linux" and not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("PyInstaller needs a Python with a shared library, and this one has none")
    folder = wheel.parent
    provide(interpreter, ["pyinstaller"])
    install(interpreter, str(wheel))
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    options = ["--noconfirm", "--log-level", "ERROR", "--name", "program", "--distpath", str(folder / "made")]
    run([str(interpreter), "-I", "-m", "PyInstaller", *options, "program.py"], cwd=folder)
    return folder / "made" / "program" / "program"


def variables(folder: Path, base_url: str) -> dict[str, str]:
    return {
        "YOTTA_API_KEY": KEY,
        "YOTTA_BASE_URL": base_url,
        "YOTTA_CONFIG_FILE": str(folder / "config.toml"),
        "HOME": str(folder),
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
    }


def assert_works(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """The command runs its simulator, a command in a pod, and a guard."""
    (folder / "ssh").write_text(SSH, encoding="utf-8")
    (folder / "ssh").chmod(0o755)
    simulator = [*command, "mock", "--port", "0", "--boot", "0.1", "--healthy", "0.1", "--terminate", "0.1"]
    pod = ["--image", "ubuntu", "--gpu", "NVIDIA_L4_24G"]
    with started([*simulator, "--ssh", "me@127.0.0.1:1", "--quiet"], cwd=folder) as (_, base_url):
        own = {**environment, **variables(folder, base_url)}
        done = run([*command, "run", *pod, "--", "sh", "-c", "exit 3"], cwd=folder, environment=own, check=False)
        assert (done.returncode, done.stdout) == (3, ""), done.stderr
        created = run([*command, "pods", "create", *pod, "--max-lifetime", "1h"], cwd=folder, environment=own)
        (guard,) = re.findall(r"by process (\d+) of this machine", created.stderr)
        os.kill(int(guard), signal.SIGKILL)  # it is there
        shown = run([*command, "pods", "list", "--all", "--output", "json"], cwd=folder, environment=own).stdout
        assert {each["status"] for each in json.loads(shown)} == {"RUNNING", "TERMINATED"}


def test_the_packages_work_in_a_zip_file(wheel: Path, interpreter: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(wheel))
        command = [str(interpreter), "-m", "yottalabs"]
        where = "import yottalabs, yottalabs_mock; print(yottalabs.__file__, yottalabs_mock.__file__)"
        assert run([str(interpreter), "-c", where], cwd=tmp_path).stdout.count(str(wheel)) == 2
        assert_works(command, tmp_path, {"PYTHONPATH": str(wheel)})


def test_the_frozen_command_shows_its_help_and_runs_its_simulator_and_its_guard(frozen: Path, tmp_path: Path) -> None:
    for arguments in (["--version"], ["pods", "create", "--help"], ["config", "add", "--help"], ["run", "--help"]):
        shown = run([str(frozen), *arguments], cwd=tmp_path).stdout
        assert shown == python("-m", "yottalabs", *arguments, cwd=tmp_path).stdout
    assert_works([str(frozen)], tmp_path, {})


def test_a_frozen_program_has_no_guard_and_says_so_before_a_pod_is_created(frozen: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(frozen), "library"], cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=True
    )
    ready, *refused, statuses, contract = done.stdout.splitlines()
    assert ready == "True"
    assert len(refused) == 2
    for message in refused:
        assert "a program that is frozen" in message
        assert "pass guard=False" in message
        assert message.endswith("nothing was created")
    assert statuses in {"['TERMINATING']", "['TERMINATED']"}
    assert contract == "openapi: 3.1.0"
