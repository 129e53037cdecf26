"""What each command shows, in a pipe and on terminals of 80 and of 120 columns: the texts are in `screens`.

`pytest tests/cli/test_screens.py --write-screens -n0` writes them anew; read what has changed before it is committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from .forking import Forks
from .scene import scene, steady
from .yottalabs import Done, environment, run, terminal

pytestmark = pytest.mark.xdist_group("screens")

FOLDER = Path(__file__).with_name("screens")
PIPE = "pipe"
TERMINALS = ("80", "120")
FIRST = "331864222263676929"
POD = ("--name", "mine", "--image", "ubuntu", "--gpu", "NVIDIA_L4_24G", "--expose", "22/SSH")
SECRET = "a-token-that-nobody-may-see"
PROFILES = """default = "work"

[profiles.work]
base_url = "https://api.example.com"
ssh_key = "keys/id"

[profiles.home]
"""


@dataclass(frozen=True)
class Shot:
    """A command whose screens are kept.

    Attributes:
        name: The name of its files.
        arguments: The arguments.
        media: Where it is looked at.
        changes: Whether it changes the pods, and so needs some of its own.
        answer: What is typed when it asks.
    """

    name: str
    arguments: tuple[str, ...]
    media: tuple[str, ...] = (PIPE, *TERMINALS)
    changes: bool = False
    answer: str = ""


def shot(name: str, *arguments: str, media: tuple[str, ...] = (PIPE, *TERMINALS), **others: object) -> Shot:
    return Shot(name, arguments, media, **others)  # type: ignore[arg-type]  # as there


SHOTS = (
    shot("help", "--help"),
    shot("version", "--version", media=(PIPE,)),
    shot("pods-help", "pods", "--help"),
    shot("pods-list-help", "pods", "list", "--help"),
    shot("config-help", "config", "--help"),
    shot("run-help", "run", "--help"),
    shot("doctor-help", "doctor", "--help", media=(PIPE,)),
    shot("completion-help", "completion", "--help", media=(PIPE,)),
    shot("run-wrong", "run", *POD, "--gpus", "0", "--", "nvidia-smi", changes=True),
    shot("run-dear", "run", *POD, "--max-hourly-price", "0.1", "--", "nvidia-smi", changes=True),
    shot("mock-help", "mock", "--help"),
    shot("unknown-command", "pods", "lst"),
    shot("list", "pods", "list"),
    shot("list-all", "pods", "list", "--all"),
    shot("list-none", "pods", "list", "--name", "nobody"),
    shot("list-json", "pods", "list", "--name", "train-7b", "-o", "json", media=(PIPE,)),
    shot("list-yaml", "pods", "list", "--name", "train-7b", "-o", "yaml", media=(PIPE,)),
    shot("list-csv", "pods", "list", "-o", "csv", media=(PIPE,)),
    shot("list-id", "pods", "list", "-o", "id", media=(PIPE,)),
    shot("get", "pods", "get", "train-7b"),
    shot("get-nobody", "pods", "get", "nobody"),
    shot("get-ambiguous", "pods", "get", "3318642222636769"),
    shot("create", "pods", "create", *POD, changes=True),
    shot("create-table", "pods", "create", *POD, "-o", "table", changes=True),
    shot("create-wait", "pods", "create", *POD, "--wait", changes=True),
    shot("create-dry-run", "pods", "create", *POD, "--env", "TOKEN", "--dry-run"),
    shot("create-wrong", "pods", "create", *POD, "--gpus", "0"),
    shot("wait", "pods", "wait", "train-7b"),
    shot("ssh-print", "pods", "ssh", "train-7b", "--print"),
    shot("delete", "pods", "delete", "train-7b", "notebook", changes=True, answer="n\n"),
    shot("delete-yes", "pods", "delete", "train-7b", "notebook", "--yes", changes=True),
    shot("sweep", "pods", "sweep"),
    shot("sweep-delete", "pods", "sweep", "--delete", changes=True, answer="y\n"),
    shot("cost", "pods", "cost"),
    shot("doctor", "doctor"),
    shot("doctor-json", "doctor", "-o", "json", media=(PIPE,)),
    shot("config-list", "config", "list"),
    shot("config-show", "config", "show"),
    shot("config-path", "config", "path"),
    shot("config-add", "config", "add", "new", "--no-key", "--base-url", "https://api.example.com", changes=True),
    shot("config-add-again", "config", "add", "home", "--no-key", changes=True, answer="n\n"),
    shot("config-use", "config", "use", "home", changes=True),
    shot("config-remove", "config", "remove", "home", changes=True, answer="y\n"),
)
PLACES = [(each, medium) for each in SHOTS for medium in each.media]


@dataclass(frozen=True)
class Set:
    """Where screens are made: a simulator that no command changes, and what a command finds around it."""

    forked: Forks
    variables: dict[str, str]


@pytest.fixture(scope="module")
def place(forked: Forks, certificates: Path) -> Iterator[Set]:
    # Paths are relative, and so the same everywhere.
    folder = forked.folder
    (folder / "config.toml").write_text(PROFILES, encoding="utf-8")
    (folder / "config.toml").chmod(0o600)
    (folder / "keys").mkdir()
    (folder / "keys" / "id").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "ssh").touch(mode=0o755)
    with scene().serve() as base_url:
        variables = environment(
            base_url,
            Path("home"),
            PATH="bin",
            XDG_STATE_HOME=os.devnull,  # no place for the keys of hosts, whose path would be another one each time
            YOTTA_CONFIG_FILE="config.toml",
            SSL_CERT_FILE=str(certificates),
            TOKEN=SECRET,
        )
        yield Set(forked, variables)


@contextmanager
def variables_of(each: Shot, place: Set) -> Iterator[dict[str, str]]:
    """The environment of a command, with a simulator and a file of profiles of its own if it changes something."""
    if not each.changes:
        yield place.variables
        return
    own = place.forked.folder / "own.toml"
    own.write_text(PROFILES, encoding="utf-8")
    own.chmod(0o600)
    with scene().serve() as base_url:
        yield {**place.variables, "YOTTA_BASE_URL": base_url, "YOTTA_CONFIG_FILE": own.name}


def told(done: Done) -> str:
    """A command in a pipe: what is on standard output, then on standard error."""
    parts = [steady(done.output)]
    if done.errors:
        parts.append(f"--- standard error\n{steady(done.errors)}")
    return "".join(parts)


def costs(text: str, medium: str) -> str:
    """Hides amounts that grow all the time; the sum of hourly prices stays."""

    def hidden(found: re.Match[str]) -> str:
        spaces, whole = found.groups()
        text = f"{spaces}{'#' * len(whole)}.####"
        # In a column to the right, an amount with fewer decimal places has more spaces before it.
        return text if medium == PIPE or spaces == " " else text.strip().rjust(len(found[0]))

    return re.sub(r"( +)(\d+)(?:\.\d{1,4})?$", hidden, text, flags=re.MULTILINE)


def seen(each: Shot, medium: str, place: Set) -> str:
    """What a command shows, as it is kept."""
    with variables_of(each, place) as variables:
        if medium == PIPE:
            done = place.forked.run(each.arguments, variables)
            status, text = done.status, told(done)
        else:
            with place.forked.terminal(each.arguments, variables, columns=int(medium)) as shown:
                if each.answer:
                    shown.wait_for("[y/N]")
                    shown.type(each.answer)
                status, text = shown.wait(), f"{steady(shown.screen)}\n"
                assert not shown.hides_cursor
    text = costs(text, medium) if each.name == "cost" else text
    return f"$ yottalabs {' '.join(each.arguments)}\n{text}--- status {status}\n"


def assert_kept(name: str, text: str, request: pytest.FixtureRequest) -> None:
    """Holds a screen against the one that is kept, or keeps it."""
    file = FOLDER / f"{name}.txt"
    if request.config.getoption("--write-screens", default=False):
        file.write_text(text, encoding="utf-8")
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    assert kept.splitlines() == text.splitlines(), (
        "run `pytest tests/cli/test_screens.py --write-screens -n0`, and read what has changed"
    )
    assert kept == text


@pytest.mark.parametrize(("each", "medium"), PLACES, ids=[f"{each.name}.{medium}" for each, medium in PLACES])
def test_a_command_shows_what_is_kept(each: Shot, medium: str, place: Set, request: pytest.FixtureRequest) -> None:
    text = seen(each, medium, place)
    assert SECRET not in text
    assert all(character == "\n" or character.isprintable() for character in text)
    assert_kept(f"{each.name}.{medium}", text, request)


# --- Colours, and what is narrow --------------------------------------------------------------------------------------


def test_a_terminal_shows_each_status_in_its_colour(place: Set, request: pytest.FixtureRequest) -> None:
    with place.forked.terminal(["pods", "list", "--all"], place.variables) as shown:
        assert shown.wait() == 0
    written = shown.written.decode().replace("\r\n", "\n").replace("\x1b", "␛")
    assert "␛[32mRUNNING" in written
    assert "␛[31mFAILED" in written
    assert_kept("list-all.colours", written, request)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour_gets_no_escape_sequence(place: Set, variables: dict[str, str]) -> None:
    for arguments in (["list", "--all"], ["get", "train-7b"], ["cost"], ["wait", "train-7b"]):
        with place.forked.terminal(["pods", *arguments], {**place.variables, **variables}) as shown:
            assert shown.wait() == 0
        is_animated = arguments[0] == "wait" and "NO_COLOR" in variables  # a line that goes away again is no colour
        assert is_animated or b"\x1b" not in shown.written, shown.written
        assert re.search(rb"\x1b\[[0-9;]*m", shown.written) is None


@pytest.mark.parametrize("columns", [40, 20])
def test_a_narrow_terminal_shows_what_it_can(place: Set, columns: int) -> None:
    for arguments in (
        *(
            ["pods", "list"],
            ["pods", "get", "train-7b"],
            ["pods", "cost"],
            ["pods", "sweep"],
            ["pods", "wait", "train-7b"],
        ),
        *(["doctor"], ["--help"], ["pods", "create", "--help"], ["config", "list"]),
    ):
        with place.forked.terminal(arguments, place.variables, columns=columns) as shown:
            assert shown.wait() == 0, shown.screen
            whole = shown.written.decode().replace("\r\n", "")
        if arguments[:2] in (["pods", "list"], ["pods", "cost"], ["pods", "wait"]):
            assert FIRST in whole  # though it takes two lines


def test_the_installed_command_shows_the_same_as_the_forked_one(place: Set) -> None:
    arguments = ["pods", "list", "--all"]
    variables = {**place.variables, "YOTTA_CONFIG_FILE": str(place.forked.folder / "config.toml")}
    assert run(arguments, variables) == place.forked.run(arguments, variables)
    with terminal(arguments, variables) as true, place.forked.terminal(arguments, variables) as forked:
        assert true.wait() == forked.wait() == 0
    assert true.written == forked.written


def test_no_screen_is_kept_of_what_is_not_looked_at() -> None:
    names = {f"{each.name}.{medium}.txt" for each, medium in PLACES}
    assert {file.name for file in FOLDER.iterdir()} == names | {"list-all.colours.txt"}
