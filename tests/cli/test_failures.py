"""How `yottalabs` fails: each exit status by a real cause, and what is said; Ctrl-C; an output that nobody takes."""

from __future__ import annotations

import os
import re
import signal
import socket
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yottalabs import Pod, YottaLabs, YottaLabsError
from yottalabs import _exceptions as errors_of_client
from yottalabs._cli import program
from yottalabs._cli.connecting import Connecting
from yottalabs._cli.failures import LONGEST_LINE, MEANINGS, CommandError, Failure, Status, failure_of
from yottalabs_mock import Simulator

from .staging import CREATE, Stage, until
from .yottalabs import KEY, SECONDS, Done
from support.contract import ROOT
from support.scripted import Scripted, VirtualClock, envelope

NOWHERE = "331864222263699999"  # an id, of no pod
FULL = Path("/dev/full")
UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"


def failed(done: Done, status: int, *said: str) -> None:
    """Asserts that a command has failed, and has said why in one to three lines."""
    assert (done.status, done.output) == (status, ""), done.errors
    told = done.errors.splitlines()
    assert 1 <= len(told) <= 3, told
    assert told[0].startswith("yottalabs: ")
    assert all(line.startswith("  ") for line in told[1:])
    assert [text for text in said if text not in done.errors] == []
    assert "defect of ours" not in done.errors


@contextmanager
def no_listener() -> Iterator[str]:
    """A base URL at which nobody listens, nor can while the block runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


# --- The exit statuses ------------------------------------------------------------------------------------------------


def test_one_is_a_no_of_the_api(stage: Stage) -> None:
    stage.simulator.faults.add("create", "no_capacity")
    failed(stage.process(*CREATE), 1, "no capacity", "12001")
    stage.simulator.faults.add("list", "html_200")
    failed(stage("pods", "list"), 1, "HTTP 200", "yottalabs doctor")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pods", "lst"], ["'lst'", "did you mean 'list'?"]),
        (["pod"], ["'pod'", "did you mean 'pods'?"]),
        (["pods", "list", "--nonsense"], ["--nonsense"]),
        (["pods", "list", "-o", "xml"], ["'xml'", "yottalabs pods list --help"]),
        (["pods", "create", "--image", "x"], ["--gpu"]),
        (["pods", "wait", "x", "--timeout", "soon"], ["'soon'", "1h30m"]),
        (["pods", "list", "--base-url", "not a url"], ["'not a url'"]),
        (["pods", "list", "--base-url", "http://example.invalid"], ["--allow-insecure-http"]),
        (["pods", "list", "--api-key-file", "there-is-none"], ["there-is-none"]),
        (["pods", "list", "--profile", "nobody"], ["nobody"]),
        ([*CREATE, "--create-token", " "], ["--create-token: ' '"]),
        (["pods", "list", "--base-url", ""], ["--base-url", "empty"]),
        ([*CREATE, "--ssh", "-o", "json"], ["--ssh", "--output json"]),
        ([*CREATE, "--dry-run", "--name", "\udcff"], ["--name"]),
        ([*CREATE, "--env-file", "-", "--api-key-file", "-"], ["--env-file and --api-key-file", "standard input"]),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_two_is_a_command_that_was_not_written_right(stage: Stage, words: list[str], said: list[str]) -> None:
    failed(stage(*words), 2, *said)
    assert not stage.simulator.requests


def test_three_is_a_key_that_is_not_there_or_not_accepted(stage: Stage) -> None:
    failed(stage("pods", "list", YOTTA_API_KEY=None), 3, "YOTTA_API_KEY", "--api-key-file")
    for fault, words in (("status_401", ["list"]), ("status_403", ["delete", NOWHERE, "--yes"])):
        stage.simulator.faults.add(words[0], fault)
        failed(stage("pods", *words), 3, "yottalabs config show")


def test_four_is_a_pod_that_there_is_not(stage: Stage) -> None:
    failed(stage("pods", "get", "nobody"), 4, "'nobody'", "pods list --all")
    failed(stage("pods", "delete", NOWHERE, "--yes"), 4, NOWHERE)


def test_five_is_a_time_that_is_over(stage: Stage) -> None:
    stage.simulator.faults.add("list", "no_answer", probability=1.0)
    failed(stage("pods", "list", "--request-timeout", "0.3s"), 5, "no whole answer", "--request-timeout")
    stage.simulator.faults.clear()
    done = stage("pods", "wait", NOWHERE, "--timeout", "0.3s")
    # Where the machine is busy, a list may take longer than its share of that, of which the command warns.
    errors = re.sub("^.*; looking again\n", "", done.errors, flags=re.MULTILINE)
    failed(replace(done, errors=errors), 5, NOWHERE, "0.3 seconds")


def test_six_is_an_api_that_cannot_be_reached_or_breaks_off(stage: Stage) -> None:
    with no_listener() as base_url:
        failed(stage("pods", "list", "--base-url", base_url), 6, base_url, "yottalabs doctor")
        failed(stage(*CREATE, "--base-url", base_url), 6, base_url)
    stage.simulator.faults.add("list", "cut_short", probability=1.0)
    failed(stage("pods", "list"), 6, "yottalabs doctor")


def test_seven_is_a_pod_that_may_or_may_not_exist_and_its_token_finds_it(stage: Stage) -> None:
    stage.simulator.faults.add("create", "no_answer", effect=True)
    stage.simulator.faults.add("list", "no_answer", probability=1.0)
    done = stage(*CREATE, "--request-timeout", "2s", "-o", "json")
    stage.simulator.faults.clear()
    assert (done.status, done.output) == (7, "")
    told = done.errors.splitlines()
    assert 1 <= len(told) - 1 <= 3  # the first is a warning, of the time before
    (token,) = set(re.findall(UUID, "\n".join(told[1:])))
    (pod_id,) = stage.simulator.pods
    assert stage("pods", "get", "--create-token", token, "-o", "id").output == f"{pod_id}\n"
    again = stage(*CREATE, "--create-token", token)
    assert (again.status, again.output) == (0, f"{pod_id}\n")
    assert len(stage.simulator.pods) == 1


def test_a_pod_with_a_lifetime_that_may_exist_is_the_guards(stage: Stage) -> None:
    stage.simulator.faults.add("create", "no_answer", effect=True)
    stage.simulator.faults.add("list", "no_answer", probability=1.0)
    done = stage(*CREATE, "--request-timeout", "1s", "--max-lifetime", "2s")
    stage.simulator.faults.clear()
    assert (done.status, done.output) == (7, "")
    *_, advice = done.errors.splitlines()
    assert advice.startswith("  should there be one, a process of this machine deletes it at 20")
    assert "run the same command" not in done.errors  # which would give a pod that is soon gone
    (pod,) = stage.simulator.pods.values()
    until(lambda: not pod.is_live)


def test_a_create_whose_answer_is_lost_is_looked_up(stage: Stage) -> None:
    stage.simulator.faults.add("create", "reset_after")
    done = stage(*CREATE)
    (pod_id,) = stage.simulator.pods
    assert (done.status, done.output) == (0, f"{pod_id}\n")
    assert len(done.errors.splitlines()) == 1


def test_the_statuses_are_documented() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = {int(status) for status in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert {0, 1, 2, 3, 4, 5, 6, 7, 125, 130} <= documented == set(MEANINGS)
    assert set(Status) <= documented


# --- Every fault, in no time ------------------------------------------------------------------------------------------

LIST: dict[str, int] = {
    **dict.fromkeys(["status_401", "status_403"], 3),
    **dict.fromkeys(["status_404"], 4),
    **dict.fromkeys(["no_answer", "connect_timeout"], 5),
    **dict.fromkeys(["connection_refused", "reset_before", "reset_after", "cut_short"], 6),
    **dict.fromkeys(["html_200", "html_502", "html_503", "not_json", "business_code", "status_409", "status_422"], 1),
    **dict.fromkeys(["status_429", "status_429_date", "status_500_before", "status_503_before", "redirect"], 1),
    **dict.fromkeys(["status_520", "status_500_after", "status_503_after"], 1),
}
UNKNOWN = {"no_answer", "reset_after", "reset_before", "cut_short", "html_200", "not_json", "html_502", "html_503"} | {
    *("business_code", "status_500_before", "status_503_before", "status_500_after", "status_503_after"),
    *("status_520", "redirect"),
}
CALLS: dict[str, Callable[[YottaLabs], object]] = {
    "list": lambda client: client.pods.list(),
    "delete": lambda client: client.pods.delete(NOWHERE),
    "create": lambda client: client.pods.create(image="x", gpu_type="NVIDIA_L4_24G"),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("fault", LIST)
def test_every_fault_is_told_in_three_lines_at_most(operation: str, fault: str) -> None:
    simulator = Simulator()
    simulator.faults.add(operation, fault, probability=1.0)
    if operation == "create":
        simulator.faults.add("list", "status_500_before", probability=1.0)
    with YottaLabs(KEY, transport=simulator.transport, clock=simulator.clock) as client:
        try:
            CALLS[operation](client)
        except YottaLabsError as error:
            failure = failure_of(error)
        else:
            pytest.fail("it did not fail")
    assert failure is not None
    assert 1 <= len(failure.told) <= 3
    status = 7 if operation == "create" and fault in UNKNOWN else LIST[fault]
    assert failure.status == status, failure.told
    if operation == "create" and simulator.pods:
        assert failure.status == 7  # never a pod of which nothing is said
        (pod,) = simulator.pods.values()
        variables = {each["key"]: each["value"] for each in pod.document["environmentVars"]}
        assert variables["YOTTALABS_CREATE_TOKEN"] in " ".join(failure.told)


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def told_to_whoever_pressed(done: Done) -> Done:
    """Asserts that a command has ended by Ctrl-C, as people expect it."""
    assert done.status == 130
    assert "Traceback" not in done.errors
    assert done.errors.splitlines()[-1] == "yottalabs: interrupted"
    return done


def assert_token_finds_the_pod(stage: Stage, done: Done) -> None:
    """Asserts that what was said leads to the one pod that there is."""
    (token,) = set(re.findall(rf"--create-token ({UUID})", done.errors))
    (pod_id,) = stage.simulator.pods
    assert done.output == ""
    assert stage("pods", "get", "--create-token", token, "-o", "id").output == f"{pod_id}\n"


def test_ctrl_c_before_the_answer_of_a_create_says_the_token(stage: Stage) -> None:
    stage.simulator.faults.add("create", "no_answer", effect=True)
    with stage.begun(*CREATE, "--wait") as process:
        until(lambda: stage.asked("createPod") > 0)
        process.send_signal(signal.SIGINT)
        output, said = process.communicate(timeout=SECONDS)
    assert_token_finds_the_pod(stage, told_to_whoever_pressed(Done(process.returncode, output, said)))


def test_ctrl_c_while_a_create_is_looked_up_says_the_token(stage: Stage) -> None:
    stage.simulator.faults.add("create", "reset_after")
    stage.simulator.faults.add("list", "no_answer")
    with stage.forked(*CREATE, "--wait") as command:
        until(lambda: stage.asked("listPods") > 0)
        command.signal(signal.SIGINT)
        assert_token_finds_the_pod(stage, told_to_whoever_pressed(command.wait()))


@pytest.mark.parametrize("form", ["id", "json"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_a_wait_learns_which_pod_goes_on(stage: Stage, form: str, number: signal.Signals) -> None:
    stage.simulator.faults.add("create", "pod_stuck")
    with stage.forked(*CREATE, "--wait", "-o", form) as command:
        until(lambda: stage.asked("listPods") > 0)
        command.signal(number)
        done = command.wait()
    if number == signal.SIGINT:
        told_to_whoever_pressed(done)
    (pod_id,) = stage.simulator.pods
    assert done.status == 128 + number
    assert "Traceback" not in done.errors
    assert done.output == (f"{pod_id}\n" if form == "id" else "")
    assert f"yottalabs pods delete {pod_id}" in done.errors
    assert stage.simulator.pods[pod_id].is_live


# --- An output that nobody takes --------------------------------------------------------------------------------------


@contextmanager
def a_pipe_that_nobody_reads() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def test_nobody_reads_and_the_installed_command_says_the_id(stage: Stage) -> None:
    with a_pipe_that_nobody_reads() as pipe, stage.begun(*CREATE, stdout=pipe) as process:
        _, said = process.communicate(timeout=SECONDS)
    (pod_id,) = stage.simulator.pods
    assert process.returncode == 141
    assert said == f"pod {pod_id} was created, and its id could not be printed\n"


@pytest.mark.parametrize("words", [["-o", "json"], ["-o", "table"], ["-o", "csv", "--wait"]], ids=" ".join)
def test_nobody_reads_and_the_id_is_said(stage: Stage, words: list[str]) -> None:
    with a_pipe_that_nobody_reads() as pipe, stage.forked(*CREATE, *words, output=pipe) as command:
        done = command.wait()
    (pod_id,) = stage.simulator.pods
    assert done.status == 141
    assert done.errors.splitlines()[-1] == f"pod {pod_id} was created, and its id could not be printed"


def test_nothing_is_created_when_there_is_no_output(stage: Stage) -> None:
    with stage.begun(*CREATE, script='exec "$@" >&-') as process:
        _, said = process.communicate(timeout=SECONDS)
    failed(Done(process.returncode, "", said), 1, "standard output is closed", "nothing was created")
    assert not stage.simulator.requests


@pytest.mark.skipif(not FULL.exists(), reason="there is no disk that is always full")
def test_the_id_is_said_when_the_output_cannot_be_written(stage: Stage) -> None:
    with FULL.open("wb") as full, stage.forked(*CREATE, output=full.fileno()) as command:
        done = command.wait()
    (pod_id,) = stage.simulator.pods
    assert done.status == 1
    assert done.errors.splitlines() == [
        f"pod {pod_id} was created, and its id could not be printed",
        "yottalabs: standard output cannot be written: No space left on device",
    ]


def test_a_list_that_nobody_reads_is_quiet(stage: Stage) -> None:
    stage.pod()
    with a_pipe_that_nobody_reads() as pipe, stage.forked("pods", "list", output=pipe) as command:
        done = command.wait()
    assert (done.status, done.errors) == (141, "")


def test_a_delete_that_nobody_reads_of_deletes_all_the_same(stage: Stage) -> None:
    stage.pod("a")
    stage.pod("b")
    with a_pipe_that_nobody_reads() as pipe, stage.forked("pods", "delete", "a", "b", "--yes", output=pipe) as command:
        done = command.wait()
    assert (done.status, done.errors) == (141, "")
    assert not any(pod.is_live for pod in stage.simulator.pods.values())


# --- Tracebacks -------------------------------------------------------------------------------------------------------


def test_a_traceback_is_shown_with_debug_alone_and_without_the_key(stage: Stage) -> None:
    stage.simulator.faults.add("create", "no_capacity")
    with stage.forked(*CREATE, "--env", "A=a-secret", "--debug") as command:
        done = command.wait()
    said = done.errors
    assert (done.status, done.output) == (1, "")
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("yottalabs: no capacity")
    assert "POST /openapi/v1/pods/create" in said
    assert KEY not in said
    assert "a-secret" not in said


def test_a_defect_of_ours_is_one_to_three_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Connecting) -> None:
        raise RuntimeError("what nobody\nhad \x1b[2J thought of")

    monkeypatch.setattr(Connecting, "open", fail)
    assert program.run(["pods", "list"]) == 1
    output, said = capsys.readouterr()
    assert output == ""
    assert said.splitlines()[0] == (
        r"yottalabs: this is a defect of ours: RuntimeError: what nobody\nhad \x1b[2J thought of"
    )
    assert len(said.splitlines()) == 2


# --- Whatever the API says --------------------------------------------------------------------------------------------

ANYTHING = st.one_of(st.text(), st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])))
KINDS = [
    kind
    for kind in vars(errors_of_client).values()
    if isinstance(kind, type) and issubclass(kind, YottaLabsError) and not kind.__name__.startswith("_")
]


def is_printable_line(line: str) -> bool:
    """Whether a line does nothing to a terminal but to be seen."""
    moves = {"\u2028", "\u2029", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
    return not any(unicodedata.category(character) == "Cc" or character in moves for character in line)


def assert_told(failure: Failure | None) -> None:
    assert failure is not None
    assert failure.status in MEANINGS
    assert failure.status != 0
    assert 1 <= len(failure.told) <= 3
    for line in failure.told:
        assert is_printable_line(line), repr(line)
        assert len(line) <= LONGEST_LINE + len("yottalabs: ")


@given(st.sampled_from(KINDS), ANYTHING, st.none() | ANYTHING, st.sampled_from(["image", "expose[0].port", None]))
@example(errors_of_client.APIError, "x" * 1_000_000, "y" * 1_000, None)
@example(errors_of_client.InvalidArgumentError, "image is " + "\n" * 1_000_000, None, "image")
def test_every_error_is_one_to_three_printable_lines(
    kind: type[YottaLabsError], message: str, pod_id: str | None, argument: str | None
) -> None:
    error = kind(message, pod_id=pod_id)
    if isinstance(error, errors_of_client.InvalidArgumentError):
        error.argument = argument
    if isinstance(error, errors_of_client.CreateOutcomeUnknownError):
        error.create_token = pod_id
    if isinstance(error, errors_of_client.PodNotDeletedError):
        error.pod_ids = (message,) * 30
    if isinstance(error, errors_of_client.PriceLimitError):
        error.hourly_price, error.pod = Decimal(1), Pod({"id": pod_id})
    assert_told(failure_of(error))


@given(st.lists(ANYTHING, min_size=1, max_size=3))
@example(["a" * 1_000_000, "\x1b" * 1_000_000])
def test_what_a_command_says_itself_is_printable(lines: list[str]) -> None:
    failure = failure_of(CommandError(Status.REFUSED, *lines))
    assert_told(failure)
    assert failure is not None
    for line, told in zip(lines, failure.told, strict=True):
        if len(line) < 100 and line.isprintable():
            assert told.endswith(line)


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_message_of_the_api_is_told_by_its_beginning(size: int) -> None:
    message = "beginning\x1b[2J\r\n" + "x" * size
    transport = Scripted(envelope(None, code=10001, message=message))
    with YottaLabs(KEY, transport=transport, clock=VirtualClock()) as client, pytest.raises(YottaLabsError) as caught:
        client.pods.list()
    failure = failure_of(caught.value)
    assert_told(failure)
    assert failure is not None
    assert failure.told[0].startswith("yottalabs: beginning")
    assert "code 10001" in failure.told[0]


def test_an_answer_that_is_no_text_is_told() -> None:
    transport = Scripted(httpx2.Response(400, content=b"\xff\xfe\x00\x1b"))
    with YottaLabs(KEY, transport=transport, clock=VirtualClock()) as client, pytest.raises(YottaLabsError) as caught:
        client.pods.list()
    assert_told(failure_of(caught.value))
