"""What a person sees while something happens, what is asked, and what no name of a pod can do to a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import unicodedata
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from yottalabs import YottaLabs
from yottalabs_mock import Simulator, Times

from .forking import Forks
from .running import begun
from .scene import scene
from .yottalabs import COMMAND, KEY, SECONDS, environment, run, terminal

pytestmark = pytest.mark.xdist_group("terminal")

FIRST = "331864222263676929"
POD = ("--image", "ubuntu", "--gpu", "NVIDIA_L4_24G", "--expose", "22/SSH")
LONG = 10_000.0  # seconds that pass only when the simulator is told so
STYLE = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.fixture
def slow() -> Iterator[tuple[Simulator, str]]:
    """A simulator whose pods change only when a test lets them."""
    times = Times(boot=LONG, healthy=LONG, terminate=LONG)
    simulator = Simulator(clock="real", times=times, ssh="me@127.0.0.1:22")  # which nobody reaches
    with simulator.serve() as base_url:
        yield simulator, base_url


def variables(base_url: str, folder: Path, certificates: Path, **changes: str | None) -> dict[str, str]:
    return environment(base_url, folder, SSL_CERT_FILE=str(certificates), **changes)


def pod_of(simulator: Simulator) -> str:
    """A new pod, which nobody waits for."""
    with YottaLabs(KEY, transport=simulator.transport) as client:
        return client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", name="mine", expose=[22])


# --- list --watch -----------------------------------------------------------------------------------------------------


def test_a_watched_list_changes_in_its_place_and_outlives_failures(
    slow: tuple[Simulator, str], forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    simulator, base_url = slow
    pod_id = pod_of(simulator)
    arguments = ["pods", "list", "--watch", "--interval", "0.2s"]
    with forked.terminal(arguments, variables(base_url, tmp_path, certificates)) as shown:
        shown.wait_for("1 pod; Ctrl-C ends this")
        assert "INITIALIZE" in shown.screen
        simulator.advance(LONG)
        shown.wait_for("RUNNING")
        simulator.faults.add("list", "status_403", times=1)  # which no look can help against
        shown.wait_until(shown._has_ended)
        assert shown.wait() == 3
        assert not shown.hides_cursor
    with forked.terminal(arguments, variables(base_url, tmp_path, certificates)) as shown:
        shown.wait_for("RUNNING")
        simulator.faults.add("list", "reset_before", times=1000)
        shown.wait_for("ago: ")
        assert "as of" in shown.screen
        assert "RUNNING" in shown.screen  # as it was
        simulator.faults.clear()
        simulator.pods[pod_id].pause()
        shown.wait_for("PAUSING")
        shown.wait_until(lambda: "1 pod; Ctrl-C ends this" in shown.screen)
        assert shown.screen.count(pod_id) == 1
        shown.type("\x03")
        assert shown.wait() == 130
        assert not shown.hides_cursor


def test_a_watched_list_in_a_pipe_is_a_line_for_each_change(
    slow: tuple[Simulator, str], tmp_path: Path, certificates: Path
) -> None:
    simulator, base_url = slow
    pod_id = pod_of(simulator)
    command = [COMMAND, "pods", "list", "--watch", "--interval", "0.2s"]
    with begun(command, env=variables(base_url, tmp_path, certificates)) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        later = partial(simulator.advance, LONG)
        for change in (later, simulator.pods[pod_id].delete, later):
            change()
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, rest, errors) == (130, "", "yottalabs: interrupted\n")
    moments, changes = zip(*(line.rstrip("\n").split(" ", 1) for line in lines), strict=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) for moment in moments)
    assert changes == (
        *(f"{pod_id} {status} mine" for status in ("INITIALIZE", "RUNNING", "TERMINATING")),
        f"{pod_id} gone",
    )


# --- The progress of a wait -------------------------------------------------------------------------------------------


def test_the_progress_of_a_wait_is_seen_and_gone_at_the_end(
    slow: tuple[Simulator, str], forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    simulator, base_url = slow
    here = variables(base_url, tmp_path, certificates)
    with forked.terminal(["pods", "create", *POD, "--wait"], here, columns=120) as shown:
        shown.wait_for("INITIALIZE")
        assert re.search(r"waiting until ready +INITIALIZE +\d+s$", shown.screen)
        shown.wait_until(lambda: re.search(r"INITIALIZE +[1-9]\d*s", shown.screen) is not None)  # it counts
        simulator.advance(LONG)
        shown.wait_for("RUNNING")
        shown.wait_for("cost so far 0.")
        simulator.advance(LONG)
        assert shown.wait() == 0
    (pod_id,) = simulator.pods
    assert sorted(re.sub(r"after \d+s", "after #s", shown.screen).splitlines()) == [
        pod_id,
        f"`yottalabs pods ssh {pod_id}` opens a shell in it",
        f"pod {pod_id} is ready after #s at 0.6126 an hour",
    ]
    assert not shown.hides_cursor


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        (["pods", "wait", "mine"], "INITIALIZE"),
        (["pods", "list", "--watch"], "INITIALIZE"),
    ],
    ids=["wait", "watch"],
)
@pytest.mark.parametrize("way", [None, signal.SIGTERM, signal.SIGHUP], ids=["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_whatever_ends_a_wait_the_cursor_is_there(
    way: signal.Signals | None,
    arguments: list[str],
    seen: str,
    slow: tuple[Simulator, str],
    forked: Forks,
    tmp_path: Path,
    certificates: Path,
) -> None:
    simulator, base_url = slow
    pod_of(simulator)
    with forked.terminal(arguments, variables(base_url, tmp_path, certificates)) as shown:
        shown.wait_for(seen)
        assert shown.hides_cursor
        if way is None:
            shown.type("\x03")
        else:
            shown.signal(way)
        status = shown.wait()
    assert status == (130 if way is None else 128 + way)
    assert not shown.hides_cursor
    assert len(simulator.pods) == 1
    if "wait" in arguments:
        assert "waiting until" not in shown.screen


@pytest.mark.parametrize("kind", ["dumb", "pipe"])
def test_no_progress_is_shown_where_it_cannot_be_taken_back(
    kind: str, forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    simulator = Simulator(clock="real", times=Times(boot=0.1, healthy=0.1))
    with simulator.serve() as base_url:
        here = variables(base_url, tmp_path, certificates, TERM="dumb" if kind == "dumb" else "xterm")
        arguments = ["pods", "create", *POD, "--wait"]
        if kind == "pipe":
            done = forked.run(arguments, here)
            status, output = done.status, done.output + done.errors
        else:
            with forked.terminal(arguments, here) as shown:
                status, output = shown.wait(), shown.written.decode()
    assert status == 0
    assert "waiting" not in output
    assert "\x1b" not in output


# --- What is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        ("y\n", 0, f"deleted {FIRST} (train-7b)"),
        ("YES\n", 0, f"deleted {FIRST} (train-7b)"),
        ("n\n", 1, "nothing was deleted"),
        ("\n", 1, "nothing was deleted"),
        ("yesterday\n", 1, "nothing was deleted"),
        ("\x04", 1, "nothing was deleted"),
        ("\x03", 130, "interrupted"),
    ],
    ids=["y", "YES", "n", "Enter", "yesterday", "Ctrl-D", "Ctrl-C"],
)
def test_a_delete_asks_and_shows_whose_pods_they_are(
    typed: str, status: int, told: str, forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    simulator = scene()
    arguments = ["pods", "delete", "train-7b", "--name", "notebook"]
    with (
        simulator.serve() as base_url,
        forked.terminal(arguments, variables(base_url, tmp_path, certificates)) as shown,
    ):
        shown.wait_for("Delete these 2 pods for good? [y/N]")
        head, first, second, *_ = shown.screen.splitlines()
        assert head.split() == ["ID", "NAME", "STATUS", "OWNER", "AGE", "PRICE/H"]
        assert first.split() == [FIRST, "train-7b", "RUNNING", "217646366996249601", "2d", "3h", "1.385"]
        assert "217646366996249601" in second
        assert [pod.status for pod in simulator.pods.values()].count("TERMINATING") == 0
        shown.type(typed)
        assert shown.wait() == status
        assert told in shown.screen
    asked = [request for request in simulator.requests if request.operation == "deletePod"]
    assert len(asked) == (0 if status else 2)


# --- Names that would do something ------------------------------------------------------------------------------------

NAMES = (
    "\x1b[31mred\x07\x1b]0;title\x07",
    "new\nline\r\t",
    "👩‍🚀-📦",
    "\u202eright",
    "\x9b31m\x7f",
    "\x00nul",
    "zero\u200bwidth",
    "e\u0301\u0302\u0303",
)


def does_something(text: str) -> bool:
    """Whether a terminal would act on a text, beyond ends of lines."""
    return any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text if character != "\n")


def test_no_name_does_anything_to_whoever_reads_it(forked: Forks, tmp_path: Path, certificates: Path) -> None:
    with scene(NAMES).serve() as base_url:
        here = variables(base_url, tmp_path, certificates)
        commands = (
            *(["list", "--all"], ["get", FIRST], ["get", "33186422"], ["cost"], ["wait", FIRST], ["sweep"]),
            *(["list", "-a", "-o", kind] for kind in ("json", "yaml", "csv", "id")),
            *(["delete", FIRST], ["delete", FIRST, "--yes"]),
        )
        outputs = {}
        for command in commands:
            done = forked.run(["pods", *command], here)
            assert not does_something(done.output + done.errors), (command, done)
            outputs[" ".join(command)] = done.output
        assert r"\x1b[31mred\x07" in outputs["list --all"]
        assert [pod["podName"] for pod in json.loads(outputs["list -a -o json"])] == list(NAMES)
        assert [pod["podName"] for pod in yaml.safe_load(outputs["list -a -o yaml"])] == list(NAMES)
        rows = list(csv.DictReader(io.StringIO(outputs["list -a -o csv"])))
        assert [row["id"] for row in rows] == outputs["list -a -o id"].split()
        for command in (["list", "--all"], ["get", FIRST], ["cost"], ["delete", FIRST]):
            with forked.terminal(["pods", *command], here) as shown:
                if command[0] == "delete":
                    shown.wait_for("[y/N]")
                    shown.type("n\n")
                shown.wait()
            rest = STYLE.sub(b"", shown.written).decode().replace("\r\n", "\n")
            assert not does_something(rest), (command, rest)


WAIT = ("pods", "wait", "331864222263676937", "--until")
ASCII = {"PYTHONIOENCODING": "ascii"}
NO_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("changes", [ASCII, NO_LOCALE], ids=["ascii", "C"])
def test_where_there_is_no_utf_8_all_is_told_in_ascii(
    changes: dict[str, str], tmp_path: Path, certificates: Path
) -> None:
    with scene(NAMES).serve() as base_url:
        here = variables(base_url, tmp_path, certificates, **changes)
        if changes == ASCII:
            done = run(["pods", "list", "-a", "-o", "json"], here)
            assert done.output.isascii()
            assert [pod["podName"] for pod in done.document] == list(NAMES)
        else:
            done = run(["pods", "get", "331864222263676937"], here)
            assert r"name                     \U0001f469\u200d\U0001f680-\U0001f4e6" in done.output
        assert (done.status, done.errors) == (0, "")
        with terminal(["pods", "list", "--watch"] if changes == ASCII else [*WAIT, "running"], here) as shown:
            shown.wait_for("INITIALIZE")
            shown.type("\x03")
            assert shown.wait() == 130
        assert shown.written.isascii()
        assert not shown.hides_cursor


# --- What is secret ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, "no_capacity", "status_422"])
def test_debug_shows_requests_and_answers_and_no_secret(
    fault: str | None, forked: Forks, tmp_path: Path, certificates: Path
) -> None:
    secrets = {"value": "a-value-that-nobody-may-see", "token": "a-token-of-a-registry", "key": KEY}
    token = tmp_path / "token"
    token.write_text(secrets["token"], encoding="utf-8")
    simulator = Simulator(clock="real")
    if fault:
        simulator.faults.add("create", fault)
    with simulator.serve() as base_url:
        here = variables(base_url, tmp_path, certificates, SECRET=secrets["value"])
        asked = [*POD, "--env", "SECRET", "--env", f"OTHER={secrets['value']}", "--image-public-type", "PRIVATE"]
        asked += ["--image-registry-username", "me", "--image-registry-token-file", str(token)]
        created = forked.run(["pods", "create", *asked, "--debug"], here, traceback=fault is not None)
        listed = forked.run(["pods", "list", "-o", "json", "--debug"], here)
        missed = forked.run(["pods", "get", "nobody", "--debug"], here, traceback=True)
    seen = "".join(each.output + each.errors for each in (created, listed, missed))
    assert {name for name, secret in secrets.items() if secret in seen} == set()
    assert (created.status == 0) is (fault is None)
    assert "> POST /openapi/v1/pods/create" in created.errors
    assert "< POST /openapi/v1/pods/create" in created.errors
    assert "< GET /openapi/v1/pods/list: ok, status 200" in listed.errors
    assert "OTHER" in created.errors  # of variables the names are shown
    assert len(listed.document) == (1 if fault is None else 0)
