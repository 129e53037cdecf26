"""Text from outside is shown by its escapes wherever this package writes text; attributes keep it as it came."""

from __future__ import annotations

import json
import logging
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yottalabs import (
    APIError,
    InvalidArgumentError,
    Pod,
    PodNotDeletedError,
    WaitTimeoutError,
    YottaLabs,
    YottaLabsError,
    _exceptions,
)
from yottalabs._lease import Lease
from yottalabs._text import printable
from yottalabs_mock._messages import printable as printable_in_mock

from support.scripted import Scripted, VirtualClock, envelope
from support.text import HOSTILE, anything, is_harmless, raw

Client = Callable[..., Any]
KINDS = [
    kind
    for kind in vars(_exceptions).values()
    if isinstance(kind, type) and issubclass(kind, YottaLabsError) and not kind.__name__.startswith("_")
]
OVER = Lease(datetime.now(UTC) - timedelta(days=1), None).text()


def test_each_character_is_shown_or_escaped() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        shown = printable(character)
        if is_harmless(character):
            assert shown == character
        else:
            assert shown == character.encode("unicode_escape").decode()
            assert printable_in_mock(character) != character


@given(anything, st.none() | st.integers(1, 50))
def test_a_printable_text_is_one_line_of_a_bounded_length(text: str, longest: int | None) -> None:
    shown = printable(text, longest)
    assert not raw(shown)
    assert "\n" not in shown
    assert printable(shown) == shown
    if longest is not None:
        assert len(shown) <= longest
        assert shown == printable(text) or shown == printable(text)[: longest - 1] + "…"


# --- Errors -----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(KINDS), anything, st.none() | anything, anything)
@example(APIError, "\x1b", "\x1b", "\x1b")
def test_the_text_of_every_error_is_printable(
    kind: type[YottaLabsError], message: str, pod_id: str | None, request_id: str
) -> None:
    error = kind(message, pod_id=pod_id)
    if isinstance(error, APIError):
        error.headers["x-request-id"] = request_id
    for shown in (str(error), repr(error), f"{error}", *traceback.format_exception_only(error)):
        assert not raw(shown)
    assert "\n" not in str(error)
    assert (error.message, error.pod_id) == (message, pod_id)


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_of_an_error_is_bounded_where_it_is_another_s(kind: type[YottaLabsError]) -> None:
    error = kind("short", pod_id="\x1b" * 10**6)
    if isinstance(error, APIError):
        error.message, error.headers["x-request-id"] = "\x1b" * 10**6, "y" * 10**6
    assert len(str(error)) < 1000


# --- Whatever the API says --------------------------------------------------------------------------------------------


def hostile_pod(text: str) -> dict[str, Any]:
    return {
        "id": text,
        "podName": text,
        "status": text,
        "region": text,
        "gpuType": text,
        "gpuCount": 1,
        "expose": [{"port": 22, "protocol": text, "ingressUrl": text, "host": text}, {"port": 80, "protocol": text}],
        "environmentVars": [{"key": "YOTTALABS_LEASE", "value": OVER}, {"key": text, "value": text}],
        "createdAt": text,
        "sshCmd": text,
        text: text,
    }


def answers(text: str) -> Iterator[tuple[str, httpx2.Response]]:
    """Answers with a text wherever there may be one."""
    encoded = text.encode("latin-1", "ignore").translate(None, b"\0\r\n").strip()
    headers = [(b"x-request-id", encoded), (b"location", encoded), (b"retry-after", encoded)]
    for status, code in ((200, 10001), (200, 12001), (401, None), (404, 12000), (502, None), (307, None), (200, None)):
        content = json.dumps({"code": code, "message": text})
        yield f"{status} {code}", httpx2.Response(status, content=content, headers=headers)
    yield "no JSON", httpx2.Response(200, content=text.encode(errors="replace"), headers=headers)
    yield "a pod", envelope([hostile_pod(text)])
    yield "no pod", envelope(text)


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """All that is written in the test, checked at its end."""
    lines: list[str] = []
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        logging.getLogger("yottalabs.wire").setLevel(logging.DEBUG)
        warnings.simplefilter("always")
        yield lines
        logging.getLogger("yottalabs.wire").setLevel(logging.INFO)
    ours = [record for record in caplog.get_records("call") if record.name.startswith("yottalabs")]
    lines += [record.getMessage() for record in ours] + [str(warning.message) for warning in warned]
    assert len(lines) > 3
    for line in lines:
        assert not raw(line), line
        assert "\n" not in line


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_an_api_says_is_written_printable(make: Any, text: str, written: list[str]) -> None:
    def use(function: Callable[[], object]) -> None:
        try:
            function()
        except YottaLabsError as error:
            written.append(str(error))
            written.extend(getattr(error, "__notes__", ()))

    for _, answer in answers(text):
        with make("k", transport=Scripted(answer), clock=VirtualClock(), timeout=2, max_retries=1) as yotta:
            use(lambda: yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G"))
            use(lambda: yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", on_unknown="recreate"))
            use(lambda: yotta.pods.list(status=text))
            use(lambda: yotta.pods.get(text))
            use(lambda: yotta.pods.delete(text))
            use(lambda: yotta.pods.wait(text, "ready", timeout=3))
            use(lambda: yotta.pods.wait(text, "running", timeout=3))
            use(lambda: yotta.pods.wait(text, port=9, timeout=3))
            use(lambda: yotta.pods.wait_all([text, "1"], timeout=3))
            use(lambda: yotta.pods.find_created(text))
            use(lambda: yotta.pods.sweep(report=written.append))
            use(lambda: yotta.pods.sweep(dry_run=False, report=written.append))
            use(lambda: yotta.request("GET", f"/{text}"))


@given(anything.filter(bool), anything, anything)
@settings(max_examples=50)
def test_a_sweep_writes_printable_lines(pod_id: str, name: str, status: str) -> None:
    pod = {**hostile_pod(name), "id": pod_id, "status": status}
    lines: list[str] = []
    yotta = YottaLabs("k", transport=Scripted(envelope([pod])), clock=VirtualClock())
    swept = yotta.pods.sweep(report=lines.append)
    for line in (*lines, *map(str, swept), *map(repr, swept)):
        assert not raw(line)
        assert "\n" not in line
        assert len(line) < 2000
    assert [each.pod.name for each in swept] == [json.loads(json.dumps(name))] * len(swept)
    with suppress(InvalidArgumentError):  # an id that would be another path
        with pytest.raises(YottaLabsError) as caught:
            yotta.with_options(max_retries=0).pods.wait(pod_id, "running", timeout=1)
        assert not raw(str(caught.value))


def test_the_attributes_keep_what_came(client: Client) -> None:
    text = "\x1b[2J\n\u202e"
    answer = httpx2.Response(200, json={"code": 10001, "message": text}, headers=[(b"x-request-id", b"\x9b")])
    transport = Scripted(answer)
    with pytest.raises(APIError) as caught:
        client(transport, max_retries=0).pods.list()
    assert (caught.value.message, caught.value.request_id) == (text, "\x9b")
    pod = client(Scripted([hostile_pod(text)])).pods.list()[0]
    assert (pod.id, pod.name, pod.status, pod.raw["podName"]) == (text, text, text, text)
    assert not raw(repr(pod))


def test_errors_about_pods_are_printable_and_say_which() -> None:
    pod = Pod(hostile_pod("\x1b[2J"))
    late = WaitTimeoutError("the pod was still \x1b[2J", pod=pod, pod_id="\x1b[2J")
    assert str(late) == r"the pod was still \x1b[2J"  # its id is in it
    left = PodNotDeletedError("x", pod_ids=["\x1b"], pod_id="\x1b[2J")
    assert str(left) == r"x (pod \x1b[2J)"


def test_a_line_of_the_log_keeps_its_template(caplog: pytest.LogCaptureFixture) -> None:
    """Collectors of logs group by it."""
    logging.getLogger("yottalabs").warning("pod %s: %d", "\x1b", 5)
    (record,) = caplog.records
    assert (record.msg, record.args) == ("pod %s: %d", (r"\x1b", 5))
