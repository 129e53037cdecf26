"""Commands that are printed: each leads to the same API with the same key, can be run as it is, and shows no secret."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import PodNotDeletedError
from yottalabs._cli.advice import command_line, set_route
from yottalabs._cli.connecting import Connecting
from yottalabs._cli.failures import LONGEST_LINE, failure_of
from yottalabs._cli.program import root
from yottalabs_mock import Simulator, Times

from .forking import Forks
from .scene import scene
from .staging import POD, Stage, until
from .yottalabs import KEY
from support.processes import kill

NAME = "our staging"  # which a shell needs in quotes
ROUTE = ["--profile", NAME]
NOWHERE = "331864222263699999"  # an id, of no pod
Variables = dict[str, Any]
Situation = Callable[[Stage, Variables], str]
"""Leads to advice, and gives what was said."""


def commands_in(said: str) -> list[list[str]]:
    """The commands that a text has: in backquotes, or until the end of a line."""
    found = []
    for line in said.splitlines():
        quoted = re.findall(r"`(yottalabs [^`]*)`", line)
        rest = re.sub(r"`[^`]*`", "", line)
        bare = re.findall(r"(?:^|[ :])(yottalabs (?:pods|run|doctor|config|mock)\b.*)$", rest)
        found += [shlex.split(command) for command in (*quoted, *bare)]
    return found


def parsed(words: list[str]) -> click.Context | None:
    """What the program makes of a command, which is not run; None for one that asks for help."""
    command: click.Command = root
    context = click.Context(root, info_name=words[0])
    rest = words[1:]
    while isinstance(command, click.Group):
        name, *rest = rest
        found = command.get_command(context, name)
        assert found is not None, words
        command = found
        if isinstance(found, click.Group):
            context = click.Context(found, info_name=name, parent=context)
    try:
        return command.make_context(words[-1], list(rest), parent=context)
    except click.exceptions.Exit:
        return None


def assert_leads_back(said: str, *expected: str) -> None:
    """Asserts that a text has these commands, and that each has the options that led there."""
    commands = commands_in(said)
    assert [" ".join(words[1:3]) for words in commands] == list(expected), said
    for words in commands:
        context = parsed(words)
        if context is not None:
            assert context.params["profile"] == NAME, words
        else:
            assert shlex.join(ROUTE) in shlex.join(words), words
        assert KEY not in words


@pytest.fixture
def place(stage: Stage, tmp_path: Path) -> Variables:
    """Where the one way to the simulator is a profile."""
    file = tmp_path / "config.toml"
    text = f'[profiles."{NAME}"]\napi_key = "{KEY}"\nbase_url = "{stage.base_url}"\n'
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return {"YOTTA_CONFIG_FILE": str(file), "YOTTA_API_KEY": None, "YOTTA_BASE_URL": None}


def said_by(stage: Stage, place: Variables, *words: str) -> str:
    return stage(*words, *ROUTE, **place).errors


def no_pod(stage: Stage, place: Variables) -> str:
    return said_by(stage, place, "pods", "get", "nobody")


def no_pod_by_id(stage: Stage, place: Variables) -> str:
    return said_by(stage, place, "pods", "delete", NOWHERE, "--yes")


def no_pod_of_name(stage: Stage, place: Variables) -> str:
    return said_by(stage, place, "pods", "delete", "--name", "nobody", "--yes")


def wrong_key(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("list", "status_401")
    return said_by(stage, place, "pods", "list")


def strange_answer(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("list", "html_200")
    return said_by(stage, place, "pods", "cost")


def broken_connection(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("list", "cut_short", probability=1.0)
    return said_by(stage, place, "pods", "list")


def unknown_create(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("create", "no_answer", effect=True)
    stage.simulator.faults.add("list", "no_answer", probability=1.0)
    return said_by(stage, place, "pods", "create", *POD, "--request-timeout", "1s")


def long_wait(stage: Stage, place: Variables) -> str:
    return said_by(stage, place, "pods", "wait", NOWHERE, "--timeout", "0.3s")


def failed_pod(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("create", "pod_fails")
    return said_by(stage, place, "pods", "create", *POD, "--wait")


def interrupted_create(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("create", "reset_after")
    stage.simulator.faults.add("list", "no_answer")
    return interrupted(stage, place, "pods", "create", *POD)


def interrupted_wait(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("create", "pod_stuck")
    return interrupted(stage, place, "pods", "create", *POD, "--wait")


def interrupted(stage: Stage, place: Variables, *words: str) -> str:
    with stage.forked(*words, *ROUTE, **place) as command:
        until(lambda: stage.asked("listPods") > 0)
        command.signal(signal.SIGINT)
        return command.wait().errors


def lifetime(stage: Stage, place: Variables) -> str:
    done = stage("pods", "create", *POD, "--max-lifetime", "1h", *ROUTE, **place)
    stage.client.pods.delete(done.output.strip(), wait=True)
    kill(int(re.findall(r"by process (\d+) of this machine", done.errors)[0]))  # the guard, which has not seen it yet
    return done.errors


def left_behind(stage: Stage, place: Variables) -> str:
    file = Path(place["YOTTA_CONFIG_FILE"] or "")
    with scene().serve() as base_url:
        text = file.read_text(encoding="utf-8").replace(stage.base_url, base_url)
        file.write_text(text, encoding="utf-8")
        return said_by(stage, place, "pods", "sweep")


def no_ssh(stage: Stage, place: Variables) -> str:
    pod_id = stage.pod(expose=[22])
    stage.client.pods.delete(pod_id, wait=True)
    return said_by(stage, place, "pods", "ssh", pod_id, "--print")


def no_ssh_yet(stage: Stage, place: Variables) -> str:
    stage.simulator.faults.add("create", "pod_stuck")
    return said_by(stage, place, "pods", "ssh", stage.pod(expose=[22]), "--print")


SITUATIONS: dict[str, tuple[Situation, list[str]]] = {
    "no pod": (no_pod, ["pods list"]),
    "no pod by id": (no_pod_by_id, ["pods list"]),
    "no pod of a name": (no_pod_of_name, ["pods list"]),
    "a wrong key": (wrong_key, ["config show"]),
    "a strange answer": (strange_answer, ["doctor --profile"]),
    "a broken connection": (broken_connection, ["doctor --profile"]),
    "an unknown create": (unknown_create, ["pods get"]),
    "a long wait": (long_wait, ["pods get", "pods delete"]),
    "a failed pod": (failed_pod, ["pods get", "pods delete"]),
    "an interrupted create": (interrupted_create, ["pods get"]),
    "an interrupted wait": (interrupted_wait, ["pods delete"]),
    "a lifetime": (lifetime, ["pods sweep"]),
    "pods that were left behind": (left_behind, ["pods sweep"]),
    "a pod that has ended": (no_ssh, ["pods list"]),
    "a pod that does not run yet": (no_ssh_yet, ["pods wait"]),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_advice_repeats_what_led_here(situation: str, stage: Stage, place: Variables) -> None:
    cause, expected = SITUATIONS[situation]
    try:
        said = cause(stage, place)
    finally:
        stage.simulator.faults.clear()
    assert_leads_back(said, *expected)


@pytest.fixture
def reachable(stage: Stage, place: Variables) -> Iterator[Variables]:
    """The same, of a simulator whose pods have an address that could answer."""
    simulator = Simulator(clock="real", times=Times(boot=0.1, healthy=0.1), ssh="me@127.0.0.1:22")
    file = Path(place["YOTTA_CONFIG_FILE"])
    with simulator.serve() as base_url:
        text = file.read_text(encoding="utf-8").replace(stage.base_url, base_url)
        file.write_text(text, encoding="utf-8")
        yield place


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["pods", "list"], ["pods create"]), (["pods", "create", *POD, "--expose", "22", "--wait"], ["pods ssh"])],
    ids=["no pods", "a pod with SSH"],
)
def test_so_does_what_is_said_at_a_terminal(
    words: list[str], expected: list[str], stage: Stage, reachable: Variables, forked: Forks
) -> None:
    with forked.terminal([*words, *ROUTE], stage.variables(**reachable), columns=200) as shown:
        assert shown.wait() == 0
    assert_leads_back(shown.screen, *expected)


def test_a_shell_in_a_new_pod_says_how_the_pod_is_deleted(stage: Stage, reachable: Variables, tmp_path: Path) -> None:
    (tmp_path / "ssh").symlink_to("/bin/true")
    path = f"{tmp_path}:{stage.variables()['PATH']}"
    said = stage("pods", "create", *POD, "--ssh", *ROUTE, PATH=path, **reachable).errors
    assert_leads_back(said, "pods delete")


def test_what_is_advised_can_be_run(stage: Stage, place: Variables) -> None:
    (words,) = commands_in(unknown_create(stage, place))
    stage.simulator.faults.clear()
    (pod_id,) = stage.simulator.pods
    assert stage(*words[1:], "-o", "id", **place).output == f"{pod_id}\n"


# --- The one function -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_route() -> Iterator[None]:
    yield
    set_route(None)


ROUTES: dict[str, tuple[Connecting, str]] = {
    "nothing": (Connecting(), ""),
    "a profile": (Connecting(profile="a b"), " --profile 'a b'"),
    "a profile that is a word of a shell": (Connecting(profile="$(x)"), " --profile '$(x)'"),
    "a base URL": (Connecting(base_url="http://127.0.0.1:1/a"), " --base-url http://127.0.0.1:1/a"),
    "a file": (Connecting(api_key_file="~/a key"), " --api-key-file '~/a key'"),
    "standard input": (Connecting(api_key_file="-"), " --api-key-file -"),
    "standard input by its name": (Connecting(api_key_file="/dev/stdin"), " --api-key-file -"),
    "a pipe of the shell": (Connecting(api_key_file="/dev/fd/63"), " --api-key-file -"),
    "plain http": (
        Connecting(base_url="http://h", allow_insecure_http=True),
        " --base-url http://h --allow-insecure-http",
    ),
    "a password": (Connecting(profile="p", base_url="https://u:secret@h"), " --profile p"),
    "a query": (Connecting(profile="p", base_url="https://h/?token=secret"), " --profile p"),
    "a fragment": (Connecting(profile="p", base_url="https://h/#secret"), " --profile p"),
    "what does not lead anywhere": (Connecting(request_timeout=3, debug=True), ""),
}


@pytest.mark.parametrize("route", ROUTES)
def test_a_command_has_the_options_that_lead_to_the_api(route: str) -> None:
    connecting, expected = ROUTES[route]
    set_route(connecting)
    assert command_line("pods get", "1") == f"yottalabs pods get 1{expected}"
    set_route(None)
    assert command_line("pods get", "1") == "yottalabs pods get 1"


@given(
    st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), min_size=1, max_size=3),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1),
)
def test_a_command_can_be_pasted_whatever_an_id_is(ids: list[str], profile: str) -> None:
    set_route(Connecting(profile=profile))
    context = parsed(shlex.split(command_line("pods delete --yes", *ids)))
    assert context is not None
    assert context.params["pods"] == tuple(ids)
    assert (context.params["profile"], context.params["yes"]) == (profile, True)
    token = parsed(shlex.split(command_line("pods get", options=("--create-token", ids[0]))))
    assert token is not None
    assert (token.params["create_token"], token.params["profile"]) == (ids[0], profile)


def test_no_control_character_is_in_a_command() -> None:
    set_route(Connecting(profile="\x1b[2J\n"))
    assert command_line("pods get", "\x1b]0;\x07\u202e").isprintable()


@pytest.mark.parametrize("length", [18, 60, 400])
def test_a_command_that_deletes_pods_is_not_cut_off(length: int) -> None:
    set_route(Connecting(profile=NAME))
    ids = tuple(f"{number:0{length}}" for number in range(100))
    failure = failure_of(PodNotDeletedError("not deleted", pod_ids=ids))
    assert failure is not None
    (line,) = failure.told[1:]
    assert len(line) <= LONGEST_LINE
    (words,) = commands_in(line)
    context = parsed(words)
    assert context is not None
    assert context.params["profile"] == NAME
    assert context.params["pods"] == ids[: len(context.params["pods"])]


def test_one_run_does_not_repeat_the_options_of_another(stage: Stage, place: Variables) -> None:
    assert ROUTE[0] in no_pod(stage, place)
    assert ROUTE[0] not in stage("pods", "get", "nobody").errors
