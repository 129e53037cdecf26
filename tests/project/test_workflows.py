"""The workflows: zizmor finds nothing in them, and the one for others works where nothing is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from .checkout import copy, python
from .documents import blocks
from support.contract import ROOT
from support.processes import assert_gone

WORKFLOWS = ROOT / ".github" / "workflows"
GUIDE = ROOT / "docs" / "contract-testing.md"
CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
RELEASES_TAKE_TURNS = "concurrency:\n  group: release-${{ github.ref }}\n  cancel-in-progress: false\n"
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+")
TESTS = """
import os

import yottalabs
from yottalabs import YottaLabs


def test_the_simulator_of_the_workflow() -> None:
    with YottaLabs() as yotta:
        pod_id = yotta.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G")
        assert [pod.id for pod in yotta.pods.list()] == [pod_id]
    assert "/environment/" in yottalabs.__file__
    print(os.environ["YOTTA_BASE_URL"])
"""


def workflow(name: str) -> dict[str, Any]:
    document: dict[Any, Any] = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return {"on": document.pop(True), **document}  # YAML 1.1 reads the key `on` as true


# --- zizmor ---------------------------------------------------------------------------------------------------------


def checked(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make check` says of the workflows of a copy of the checkout."""
    shutil.copytree(ROOT / "codegen", checkout / "codegen", ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "openapi.yaml").touch()
    command = ("codegen/check.py", "workflows_are_clean")
    return python(*command, cwd=checkout, check=False, environment={"HOME": str(checkout), **environment})


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / ".github", tmp_path / "checkout" / ".github")
    return tmp_path / "checkout"


def test_make_check_has_nothing_against_the_workflows_whatever_the_environment_says(checkout: Path) -> None:
    environment = {
        "GH_TOKEN": "a-token",
        "GH_HOST": "api.example",
        "ZIZMOR_CONFIG": "/there/is/none",
        "ZIZMOR_GITHUB_TOKEN": "a-token",
        "ZIZMOR_NO_ONLINE_AUDITS": "1",
    }
    done = checked(checkout, **environment)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("test", CHECKOUT, "actions/checkout@v6", "unpinned-uses"),
        ("test", "          persist-credentials: false\n", "", "artipacked"),
        ("test", "permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("test", "  pull_request:\n", "  pull_request_target:\n", "dangerous-triggers"),
        ("test", "run: make demo", "run: make ${{ github.head_ref }}", "template-injection"),
        ("test", "uses: $/", "uses: ./", "self-repository"),
        ("contract", '"$COMMAND"\n', "'${{ inputs.command }}'\n", "template-injection"),
        ("contract", "    runs-on: ubuntu-latest\n", "", "does not match"),
        ("release", 'python-version: "3.13"\n', 'python-version: "3.13"\n          cache: pip\n', "cache-poisoning"),
        ("release", RELEASES_TAKE_TURNS, "", "concurrency-limits"),
        (
            "release",
            "    steps:\n      - uses: actions/download",
            "    stepz:\n      - uses: actions/download",
            "stepz",
        ),
    ],
)
def test_make_check_fails_for_a_workflow_with(file: str, old: str, new: str, finding: str, checkout: Path) -> None:
    path = checkout / ".github" / "workflows" / f"{file}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = checked(checkout)
    assert done.returncode == 1, done.stdout
    assert finding in done.stdout, done.stdout


def test_each_action_is_pinned_to_one_commit_and_names_its_version() -> None:
    commits: dict[str, set[str]] = {}
    for path in WORKFLOWS.glob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "uses: " in line and "uses: $/" not in line:
                found = PINNED.search(line)
                assert found is not None, line
                commits.setdefault(found["action"], set()).add(found["commit"])
    assert {action: len(pins) for action, pins in commits.items()} == dict.fromkeys(commits, 1)


# --- The workflow for others ----------------------------------------------------------------------------------------


def example() -> dict[str, Any]:
    """The inputs of the documentation's example."""
    (block,) = blocks(GUIDE, "yaml")
    (job,) = yaml.safe_load(block.code)["jobs"].values()
    assert job["uses"].startswith("OWNER/yottalabs-client/.github/workflows/contract.yml@")
    assert job["permissions"] == workflow("contract")["jobs"]["gate"]["permissions"]
    inputs: dict[str, Any] = job["with"]
    return inputs


def run_workflow(
    folder: Path, environment: Mapping[str, str], given: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    """Runs the last step of the workflow as GitHub does.

    Args:
        folder: Where `client` and `caller` are checked out.
        environment: All variables but those that the step sets.
        given: The inputs.
    """
    document = workflow("contract")
    inputs = {name: options.get("default") for name, options in document["on"]["workflow_call"]["inputs"].items()}
    assert given.keys() <= inputs.keys()
    inputs |= given
    (script,) = (step for step in document["jobs"]["gate"]["steps"] if "COMMAND" in step.get("env", {}))
    variables = {
        name: str(inputs[value[len("${{ inputs.") : -len(" }}")]]) if value.startswith("${{") else value
        for name, value in script["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script["run"]],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What the workflow has checked out: the client, and a repository with tests and what they require."""
    folder = tmp_path / "work space"
    copy(folder / "client")
    tests = folder / "caller" / "tests"
    tests.mkdir(parents=True)
    (folder / "caller" / "requirements.txt").write_text("pytest\n", encoding="utf-8")
    (tests / "test_simulator.py").write_text(TESTS, encoding="utf-8")
    for number, block in enumerate(blocks(ROOT / "docs" / "simulator.md", "python")[:2]):
        (tests / f"test_fixtures_{number}.py").write_text(block.code, encoding="utf-8")
    return folder


def test_the_example_runs_the_tests_of_a_caller_in_an_empty_environment(
    workspace: Path, nothing_installed: dict[str, str]
) -> None:
    given = example()
    assert given["gate"] is False
    done = run_workflow(workspace, nothing_installed, {**given, "command": f"{given['command']} -rP"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    (base_url,) = re.findall(r"^http://127\.0\.0\.1:\d+$", done.stdout, re.MULTILINE)
    assert_gone(base_url)


@pytest.mark.parametrize(
    ("given", "programs", "error"),
    [
        ({}, {}, 'set the input "command"'),
        ({"setup": "true"}, {}, 'set the input "command"'),
        ({"command": "echo it ran"}, {"pip": "echo not found >&2; false"}, "not found"),
        ({"command": "echo it ran", "setup": "cd nowhere\ntrue"}, {}, "nowhere"),
        ({"command": "cd nowhere\ntrue"}, {}, "nowhere"),
        ({"command": "echo it ran"}, {"yottalabs-mock": "echo a reason >&2"}, "a reason"),
    ],
)
def test_what_fails_fails_the_workflow(
    given: Mapping[str, str], programs: Mapping[str, str], error: str, tmp_path: Path
) -> None:
    done, simulator = run_step(tmp_path, given, programs)
    assert (done.returncode, done.stdout) == (1, "")
    assert error in done.stderr
    assert not simulator


def test_the_workflow_works_again_in_the_same_folder(tmp_path: Path) -> None:
    for _ in range(2):
        done, simulator = run_step(tmp_path, {"setup": "echo set up", "command": "echo $YOTTA_BASE_URL $YOTTA_API_KEY"})
        assert done.stdout == "set up\nhttp://127.0.0.1:1 any-key-will-do\n"
        assert (done.returncode, done.stderr) == (0, "")
        assert not simulator


def run_step(
    folder: Path, given: Mapping[str, str], programs: Mapping[str, str] = {}
) -> tuple[subprocess.CompletedProcess[str], list[psutil.Process]]:
    """Runs the last step with programs that do nothing, or what is given; gives the simulators that still run."""
    mark = f"{folder}/a-simulator"
    doing = {
        "python3": "mkdir -p environment/bin && touch environment/bin/activate",
        "pip": "",
        "yottalabs-mock": f'echo ready http://127.0.0.1:1; exec -a "{mark}" sleep 300',
    }
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (folder / "caller").mkdir(exist_ok=True)
    for name, script in {**doing, **programs}.items():
        (bin_folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        (bin_folder / name).chmod(0o755)
    path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
    done = run_workflow(folder, {"PATH": path, "HOME": str(folder)}, given)
    simulators = [process for process in psutil.process_iter(["cmdline"]) if mark in (process.info["cmdline"] or [])]
    return done, psutil.wait_procs(simulators, timeout=10)[1]


def test_the_gate_runs_unless_it_is_left_out() -> None:
    steps = {step["name"]: step for step in workflow("contract")["jobs"]["gate"]["steps"]}
    assert steps["Run the gate"]["if"] == "inputs.gate"
    assert workflow("contract")["on"]["workflow_call"]["inputs"]["gate"]["default"] is True
    assert workflow("test")["jobs"]["contract"]["with"].keys() == {"repository", "ref"}


def test_the_guide_names_every_input_of_the_reusable_workflow() -> None:
    document = workflow("contract")
    inputs = document["on"]["workflow_call"]["inputs"]
    named = re.findall(r"^\| `([a-z-]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == list(inputs)
    used = set(re.findall(r"inputs\.([a-z-]+)", str(document["jobs"])))
    assert used == inputs.keys()
