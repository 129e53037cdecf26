"""How the command starts: quickly, wherever it is called, for a shell that completes it, and without its packages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from yottalabs import __version__
from yottalabs._cli import pods, program
from yottalabs._cli.lazy import LazyGroup

from .forking import Forks
from .scene import scene
from .yottalabs import COMMAND, KEY, SECONDS, Done, environment

pytestmark = pytest.mark.xdist_group("start")

IMPORTING = """
import json, sys
from yottalabs import __main__
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["yottalabs", *arguments]
    try:
        __main__.main()
    except SystemExit as end:
        told = {"arguments": arguments, "status": end.code, "loaded": sorted({"httpx2", "rich"} & sys.modules.keys())}
        print(json.dumps(told), file=sys.stderr)
"""
MISSING = "raise ModuleNotFoundError('it is not there', name='{}')\n"


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with scene().serve() as base_url:
        yield base_url


def python(*arguments: str, variables: dict[str, str]) -> Done:
    done = subprocess.run(
        [sys.executable, *arguments], env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


# --- What is loaded ---------------------------------------------------------------------------------------------------


def test_help_and_usage_errors_need_neither_httpx_nor_rich(tmp_path: Path) -> None:
    calls = {
        (): 2,
        ("--help",): 0,
        ("--version",): 0,
        ("pods", "--help"): 0,
        ("config", "--help"): 0,
        ("pods", "lst"): 2,
        ("--nonsense",): 2,
        ("config", "path"): 0,
        ("pods", "list", "--help"): 0,
        ("pods", "create", "--help"): 0,
        ("pods", "create", "--gpus", "many"): 2,
        ("completion", "bash"): 0,
    }
    done = python("-c", IMPORTING, json.dumps(list(calls)), variables=environment(None, tmp_path))
    told = [json.loads(line) for line in done.errors.splitlines() if line.startswith("{")]
    assert [(tuple(each["arguments"]), each["status"]) for each in told] == list(calls.items())
    assert [each for each in told if each["loaded"]] == []


def test_the_command_does_not_load_the_command_of_httpx2(base_url: str, tmp_path: Path) -> None:
    code = """
import sys
from yottalabs import __main__
sys.argv = ["yottalabs", "pods", "list", "--output", "json"]
try:
    __main__.main()
except SystemExit as end:
    print(end.code, "httpx2" in sys.modules, "httpx2._main" in sys.modules, file=sys.stderr)"""
    done = python("-c", code, variables=environment(base_url, tmp_path))
    assert done.errors == "0 True False\n"


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = python("-m", "yottalabs", "--version", variables=environment(None, tmp_path))
    assert done == Done(0, f"yottalabs {__version__}\n", "")


@pytest.mark.parametrize(("package", "arguments"), [("click", ()), ("tomlkit", ("config", "add", "work", "--no-key"))])
def test_a_package_that_is_missing_is_told_in_a_line(package: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / f"{package}.py").write_text(MISSING.format(package), encoding="utf-8")
    # In front of all that is installed, whatever else is on the path.
    starting = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from yottalabs.__main__ import main; main()"
    done = python("-c", starting, *arguments, variables=environment(None, tmp_path))
    assert done == Done(1, "", f"yottalabs: {package} is not installed; install 'yottalabs-client[cli]'\n")


GROUPS = [("yottalabs", program.root), ("yottalabs pods", pods.command)]


@pytest.mark.parametrize(("name", "group"), GROUPS)
def test_the_list_of_commands_says_of_each_what_the_command_says_of_itself(name: str, group: LazyGroup) -> None:
    context = click.Context(group, info_name=name)
    for called, short in group.commands_in.items():
        command = group.get_command(context, called)
        assert command is not None
        assert command.name == called
        assert command.get_short_help_str(limit=200) == short


# --- Without docstrings and asserts -----------------------------------------------------------------------------------

HELPS = """
import json, sys
import click
from yottalabs._cli.program import root
from yottalabs_mock._command import help_text
def shown(command, path):
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100)
    yield path, command.get_help(context)
    yield path + " in short", command.get_short_help_str(200)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from shown(command.get_command(context, name), path + " " + name)
print(json.dumps([*shown(root, "yottalabs"), ("mock", help_text("yottalabs mock"))]))
"""


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_every_command_has_its_help_though_python_removes_docstrings(option: str, tmp_path: Path) -> None:
    variables = environment(None, tmp_path)
    whole = json.loads(python("-c", HELPS, variables=variables).output)
    assert json.loads(python(option, "-c", HELPS, variables=variables).output) == whole
    for path, text in whole:
        described = text if path.endswith(" in short") else text.partition("\n\n")[2]
        assert len(described.splitlines()[0].split()) > 2, path


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_commands_work_though_python_removes_docstrings_and_asserts(option: str, base_url: str, tmp_path: Path) -> None:
    variables = environment(base_url, tmp_path)
    listed = python("-m", "yottalabs", "pods", "list", "--output", "id", variables=variables)
    assert python(option, "-m", "yottalabs", "pods", "list", "--output", "id", variables=variables) == listed
    assert len(listed.output.splitlines()) > 3
    pod = ("--image", "ubuntu", "--gpu", "NVIDIA_L4_24G")
    wrong = python(option, "-m", "yottalabs", "pods", "create", *pod, "--gpus", "0", variables=variables)
    assert (wrong.status, wrong.output) == (2, "")
    created = python(option, "-m", "yottalabs", "pods", "create", *pod, "--wait", variables=variables)
    assert (created.status, len(created.output.splitlines())) == (0, 1), created.errors
    deleted = python(option, "-m", "yottalabs", "pods", "delete", created.output.strip(), "--yes", variables=variables)
    assert deleted.status == 0


# --- Completion -------------------------------------------------------------------------------------------------------


def completed(forked: Forks, variables: dict[str, str], shell: str, *words: str) -> list[str]:
    """What a shell is told, by its protocol."""
    last = words[-1] if shell == "fish" else str(len(words))
    given = {
        "COMP_WORDS": " ".join(("yottalabs", *words)),
        "COMP_CWORD": last,
        "_YOTTALABS_COMPLETE": f"{shell}_complete",
    }
    done = forked.run([], {**variables, **given})
    assert (done.status, done.errors) == (0, "")
    lines = done.output.splitlines() if done.output.strip() else []
    if shell == "zsh":
        return lines[1::3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines]


def test_bash_completes_commands_and_pods(base_url: str, tmp_path: Path) -> None:
    script = """
        eval "$(yottalabs completion bash)"
        ask() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            _yottalabs_completion yottalabs
            printf '%s ' "${COMPREPLY[@]}"; echo
        }
        complete -p yottalabs
        ask yottalabs pods s
        ask yottalabs pods delete t
    """
    variables = environment(base_url, tmp_path)
    variables["PATH"] = f"{Path(COMMAND).parent}:{variables['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    registered, *offered = done.stdout.splitlines()
    assert done.stderr == ""
    assert "-F _yottalabs_completion yottalabs" in registered
    assert offered == ["ssh sweep ", "train-7b "]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_offered_the_living_pods_by_id_and_name(
    shell: str, base_url: str, forked: Forks, tmp_path: Path
) -> None:
    variables = environment(base_url, tmp_path)
    assert completed(forked, variables, shell, "pods", "get", "left") == ["left-behind"]
    assert completed(forked, variables, shell, "pods", "wait", "33186422226367693") == [
        "331864222263676933",
        "331864222263676937",
    ]
    for gone in ("over", "build", "331864222263676945", "nobody"):
        assert completed(forked, variables, shell, "pods", "get", gone) == []


def test_what_a_shell_would_run_or_not_understand_is_not_offered(forked: Forks, tmp_path: Path) -> None:
    names = ["$(reboot)", "twice", "two words", "", "", "twice", "--yes", "plain_1.x"]
    simulator = scene(names)
    with simulator.serve() as base_url:
        variables = environment(base_url, tmp_path)
        offered = completed(forked, variables, "zsh", "pods", "get", "")
        assert [each for each in offered if not each.isdecimal()] == ["plain_1.x"]


@pytest.mark.parametrize(
    "changes",
    [{"YOTTA_BASE_URL": "http://127.0.0.1:9"}, {"YOTTA_API_KEY": None}, {"YOTTA_BASE_URL": "nonsense"}],
    ids=["nobody listens", "no key", "no address"],
)
def test_nothing_is_offered_and_nothing_said_on_errors(
    changes: dict[str, str | None], base_url: str, forked: Forks, tmp_path: Path
) -> None:
    variables = environment(base_url, tmp_path, **changes)
    assert completed(forked, variables, "bash", "pods", "get", "") == []


def test_completion_takes_the_options_that_lead_to_the_api(base_url: str, forked: Forks, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY, encoding="utf-8")
    variables = environment(None, tmp_path, YOTTA_API_KEY=None)
    words = ("pods", "get", "--base-url", base_url, "--api-key-file", str(key), "note")
    assert completed(forked, variables, "bash", *words) == ["notebook"]
