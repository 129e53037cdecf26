"""Text of the API, in any field: a command writes it by its escapes, in each format and on a terminal."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yottalabs import YottaLabs
from yottalabs._cli import program
from yottalabs._cli.connecting import Connecting
from yottalabs._cli.output import as_csv
from yottalabs._lease import Lease

from support.scripted import Scripted, VirtualClock, envelope
from support.text import HOSTILE, anything, raw

OVER = json.dumps(
    {"expires": "2020-01-01T00:00:00+00:00", "host": None, "process": None, "started": None}, separators=(",", ":")
)
FORMATS = ("table", "csv", "json", "yaml", "id")
COMMANDS = [
    *(f"pods list --all --show-secrets -o {output}" for output in FORMATS),
    *(f"pods get ID --show-secrets -o {output}" for output in FORMATS),
    *(f"pods cost ID -o {output}" for output in FORMATS),
    *(f"pods wait ID --until running -o {output} --timeout 1s" for output in FORMATS),
    *(f"pods sweep -o {output}" for output in FORMATS),
    "pods sweep --delete --yes",
    *(f"pods delete ID --yes -o {output}" for output in FORMATS),
    *(f"pods create --image x --gpu NVIDIA_L4_24G -o {output}" for output in FORMATS),
    "pods create --image x --gpu NVIDIA_L4_24G --wait --timeout 1s",
    "pods ssh ID --print",
    *(f"doctor -o {output}" for output in FORMATS),
    "run --image x --gpu NVIDIA_L4_24G -- true",
]


class Screen(io.TextIOWrapper):
    """What takes the place of a stream, in UTF-8; it may pretend to be a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.flush()
        buffer: Any = self.buffer
        return str(buffer.getvalue().decode())


@contextmanager
def screens(*, is_terminal: bool) -> Iterator[tuple[Screen, Screen]]:
    made = Screen(is_terminal=is_terminal), Screen(is_terminal=is_terminal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", made[0])
        patch.setattr(sys, "stderr", made[1])
        patch.setenv("TERM", "dumb")
        patch.setenv("YOTTA_API_KEY", "a-key")
        patch.setenv("YOTTA_BASE_URL", "http://127.0.0.1:9")
        yield made


def run(arguments: str, pod: dict[str, Any], answer: Any, *, is_terminal: bool = False) -> tuple[str, str]:
    """What a command writes to both streams, when the API answers so."""

    def opened(_: Connecting) -> YottaLabs:
        return YottaLabs("a-key", transport=Scripted(answer), clock=VirtualClock(), timeout=1, max_retries=0)

    with screens(is_terminal=is_terminal) as (output, said), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connecting, "open", opened)
        program.run([json.loads(json.dumps(pod["id"])) if word == "ID" else word for word in arguments.split()])
        return output.text(), said.text()


def hostile_pod(text: str) -> dict[str, Any]:
    return {
        "id": f"1{text}",
        "podName": text,
        "status": text,
        "region": text,
        "gpuType": text,
        "gpuDisplayName": text,
        "gpuCount": 1,
        "expose": [{"port": 22, "protocol": text, "ingressUrl": text, "host": text}],
        "environmentVars": [{"key": "YOTTALABS_LEASE", "value": OVER}, {"key": text, "value": text}],
        "createdAt": text,
        "applicantId": text,
        "sshCmd": text,
        text: text,
        "undocumented": [text, {text: text}],
    }


def test_the_pod_has_a_lease_that_is_over() -> None:
    assert Lease.read(OVER) is not None


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_writes_nothing_raw(command: str, is_terminal: bool) -> None:
    for text in HOSTILE:
        pod = hostile_pod(text)
        for answer in (
            envelope([pod]),
            envelope(text),
            envelope(None, 10001, message=text),
            envelope(None, status=401, message=text),
        ):
            for written in run(command, pod, answer, is_terminal=is_terminal):
                assert not raw(written), (text, written)


@given(st.sampled_from(COMMANDS), anything, anything, st.booleans())
@settings(max_examples=150)
def test_nor_with_any_text(command: str, text: str, message: str, is_terminal: bool) -> None:
    pod = hostile_pod(text)
    for answer in (envelope([pod]), envelope(None, 10001, message=message)):
        for written in run(command, pod, answer, is_terminal=is_terminal):
            assert not raw(written)


@given(anything)
def test_what_programs_read_is_what_came(text: str) -> None:
    pod = hostile_pod(text)
    came = json.loads(json.dumps(pod))
    output, _ = run("pods get ID --show-secrets -o json", pod, envelope([pod]))
    assert json.loads(output) == came
    if not any("\ud800" <= character <= "\udfff" for character in text):  # which YAML does not have
        output, _ = run("pods get ID --show-secrets -o yaml", pod, envelope([pod]))
        assert yaml.safe_load(output) == came


def test_a_text_of_many_lines_does_not_make_lines() -> None:
    pod = hostile_pod("a\nb\r\nc")
    for command, lines in (("list -o table", 2), ("list -o csv", 2), ("list -o id", 1), ("sweep", 1)):
        output, _ = run(f"pods {command}", pod, envelope([pod]))
        assert output.count("\n") == lines


# --- CSV --------------------------------------------------------------------------------------------------------------


def cells(*values: Any) -> list[str]:
    text = as_csv([{"a": value} for value in values], ["a"])
    return [row[0] if row else "" for row in csv.reader(io.StringIO(text))][1:]


@pytest.mark.parametrize("beginning", [*"=+-@", *"\uff1d\uff0b\uff0d\uff20", " =", "\u00a0@", "\n-"])
def test_a_text_that_a_spreadsheet_would_run_has_an_apostrophe(beginning: str) -> None:
    (cell,) = cells(f"{beginning}cmd|' /C calc'!A0")
    assert cell.startswith("'")
    assert cell.endswith("cmd|' /C calc'!A0")


def test_numbers_stay_numbers_and_other_texts_stay_as_they_are() -> None:
    assert cells(-1.5, -3, 0, 1e-7, True, None, "a-b", "1", "", "5 =", [-1], float("-inf")) == [
        *("-1.5", "-3", "0", "1e-07", "true", "", "a-b", "1", "", "5 =", "[-1]", "")
    ]
    assert cells("-1.5", "+49 30 1") == ["'-1.5", "'+49 30 1"]


@given(anything)
@example("\t=1")
@example("\r=1")
def test_no_cell_begins_a_formula(text: str) -> None:
    for cell in cells(text, {text: text}, [text]):
        assert cell[:1] not in set("=+-@\t\r")
        assert not raw(cell)


def test_a_header_is_a_cell_too() -> None:
    assert as_csv([{"=a": "b"}], ["=a"]) == "'=a\nb\n"
