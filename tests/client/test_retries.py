"""Retries: which requests are sent again, after what, how often, and when. The time is virtual."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
    ConflictError,
    CreateOutcomeUnknownError,
    NotFoundError,
    RateLimitError,
    ResponseValidationError,
    YottaLabs,
    YottaLabsError,
)

from support.scripted import Scripted, VirtualClock, envelope

Client = Callable[..., Any]
REQUIRED = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}
LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 30.0
LIST, CREATE, DELETE = "list", "create", "delete"


@dataclass(frozen=True)
class Failure:
    """What can happen to a request.

    Attributes:
        step: For a scripted transport.
        kind: The error that a caller gets for it.
        is_passing: Whether a list or a delete is sent again after it.
        is_unsent: Whether the request certainly had no effect.
        seconds: How long it takes.
        pause: The shortest pause that the API asks for.
    """

    step: Any
    kind: type[YottaLabsError]
    is_passing: bool = True
    is_unsent: bool = False
    seconds: float = 0.0
    pause: float = 0.0


class _CutBody(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b'{"code":'
        raise httpx2.ReadError("reset in the body")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part


class Failing(Scripted):
    """A transport that takes its time for each failure, and then succeeds."""

    def __init__(self, failures: Iterable[Failure], clock: VirtualClock, *, last: Any = "1") -> None:
        self._failures = iter(failures)
        self._clock = clock
        self._last = last
        super().__init__(None)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        failure = next(self._failures, None)
        if failure is None:
            return envelope([] if request.method == "GET" else self._last)
        patience = request.extensions["timeout"]["read"]
        self._clock.now += min(failure.seconds, patience)
        if failure.seconds > patience:
            raise httpx2.ReadTimeout("too late")
        if isinstance(failure.step, Exception):
            raise failure.step
        if failure.step == "cut":
            return httpx2.Response(200, stream=_CutBody())
        step: httpx2.Response = failure.step
        return httpx2.Response(step.status_code, headers=step.headers, content=step.content)


def status(number: int, kind: type[YottaLabsError] = APIError, **options: Any) -> Failure:
    return Failure(httpx2.Response(number), kind, **options)


def rate_limited(retry_after: str | None, pause: float = 0.0) -> Failure:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Failure(httpx2.Response(429, headers=headers), RateLimitError, is_unsent=True, pause=pause)


PASSING: dict[str, Failure] = {
    **{f"HTTP {number}": status(number) for number in (408, 500, 502, 503, 504, 520, 521, 522, 523, 524)},
    "HTTP 429": rate_limited(None),
    "code 429": Failure(envelope(None, 429), RateLimitError, is_unsent=True),
    "a refused connection": Failure(httpx2.ConnectError("refused"), APIConnectionError, is_unsent=True),
    "no connection in time": Failure(httpx2.ConnectTimeout("late"), APITimeoutError, is_unsent=True),
    "no connection to spare": Failure(httpx2.PoolTimeout("late"), APITimeoutError, is_unsent=True),
    "no proxy": Failure(httpx2.ProxyError("refused"), APIConnectionError, is_unsent=True),
    "a reset": Failure(httpx2.ReadError("reset"), APIConnectionError),
    "a reset while sending": Failure(httpx2.WriteError("reset"), APIConnectionError),
    "no answer in time": Failure(httpx2.ReadTimeout("late"), APITimeoutError),
    "no HTTP": Failure(httpx2.RemoteProtocolError("odd"), APIConnectionError),
    "a body cut short": Failure("cut", ResponseValidationError),
}
LASTING: dict[str, Failure] = {
    **{f"HTTP {number}": status(number, is_passing=False) for number in (301, 307, 400, 401, 403, 405, 413, 418, 422)},
    **{f"HTTP {number}": status(number, is_passing=False) for number in (501, 505, 519, 525, 599)},
    **{
        f"code {code}": Failure(envelope(None, code), APIError, is_passing=False) for code in (10001, 10002, 10004, 777)
    },
    "no JSON": Failure(httpx2.Response(200, content=b"<html>"), ResponseValidationError, is_passing=False),
    "no code": Failure(httpx2.Response(200, content=b"{}"), ResponseValidationError, is_passing=False),
}
FAILURES = PASSING | LASTING
CALLS: dict[str, Callable[[Any], Any]] = {
    LIST: lambda yotta: yotta.pods.list(),
    CREATE: lambda yotta: yotta.pods.create(**REQUIRED, create_token=None),
    DELETE: lambda yotta: yotta.pods.delete("1"),
}


def may_repeat(operation: str, failure: Failure) -> bool:
    return failure.is_unsent if operation == CREATE else failure.is_passing


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_is_passing_or_not(client: Client, clock: VirtualClock, operation: str, name: str) -> None:
    failure = FAILURES[name]
    transport = Failing([failure], clock)
    if may_repeat(operation, failure):
        CALLS[operation](client(transport))
        assert len(transport.requests) == 2
        assert transport.requests[0].content == transport.requests[1].content
        return
    with pytest.raises(YottaLabsError) as caught:
        CALLS[operation](client(transport))
    assert len(transport.requests) == 1
    assert clock.slept == []
    refuses = {400, 401, 403, 405, 413, 422}
    error = caught.value
    if isinstance(error, CreateOutcomeUnknownError):
        assert operation == CREATE
        error = error.__cause__  # type: ignore[assignment]  # it is one of ours
    elif operation == CREATE:
        assert isinstance(error, APIError)
        assert error.status_code in refuses or error.code in {10001, 10004}
    assert isinstance(error, failure.kind)


pauses = st.integers(0, 100).map(lambda seconds: rate_limited(str(seconds), min(seconds, LONGEST_RETRY_AFTER)))
failures = st.one_of(
    st.sampled_from(list(FAILURES.values())),
    pauses,
    st.floats(0, 60).map(lambda seconds: Failure(httpx2.Response(503), APIError, seconds=seconds)),
)


@given(
    operation=st.sampled_from(list(CALLS)),
    sequence=st.lists(failures, max_size=8),
    max_retries=st.integers(0, 6),
    timeout=st.floats(0.1, 300),
    by_options=st.booleans(),
)
def test_a_call_keeps_to_its_attempts_its_pauses_and_its_time(
    operation: str, sequence: list[Failure], max_retries: int, timeout: float, by_options: bool
) -> None:
    clock = VirtualClock()
    transport = Failing(sequence, clock)
    start = clock.now
    # By the client, or by a copy of one that has other limits.
    options: Any = {"max_retries": max_retries, "timeout": timeout}
    yotta = YottaLabs("a-key", transport=transport, clock=clock, **({} if by_options else options))
    if by_options:
        yotta = yotta.with_options(**options)
    error: BaseException | None = None
    try:
        CALLS[operation](yotta)
    except YottaLabsError as caught:
        error = caught.__cause__ if isinstance(caught, CreateOutcomeUnknownError) else caught

    attempts = len(transport.requests)
    happened = sequence[:attempts]
    assert 1 <= attempts <= max_retries + 1
    # Never beyond its time, of which a phase that begins too late gets a thousandth of a second.
    assert clock.now - start <= timeout + 0.001 * attempts + 1e-6
    # What was sent again may be.
    assert len(clock.slept) == attempts - 1
    is_late = [failure.seconds > 0 for failure in happened]
    for index, failure in enumerate(happened[: attempts - 1]):
        assert may_repeat(operation, failure) or is_late[index]
        shortest, longest = failure.pause, max(LONGEST_BACKOFF, failure.pause)
        assert shortest <= clock.slept[index] <= min(longest, max(0.5 * 2**index, failure.pause))
    # The last error is the one that is raised.
    if len(happened) == attempts:
        assert error is not None
        last = happened[-1]
        assert isinstance(error, last.kind) or (last.seconds and isinstance(error, APITimeoutError))
        if may_repeat(operation, last) and not last.seconds:
            has_no_time = timeout - (clock.now - start) <= max(0.5 * 2 ** (attempts - 1), LONGEST_RETRY_AFTER)
            assert attempts == max_retries + 1 or has_no_time
    else:
        assert error is None


@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [
        ("0", 0.0, 0.5),
        ("7", 7.0, 7.0),
        ("30", 30.0, 30.0),
        ("31", 30.0, 30.0),
        ("99999999999", 30.0, 30.0),
        ("soon", 0.0, 0.5),
        ("-7", 0.0, 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0, 0.5),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30.0, 30.0),
    ],
)
@pytest.mark.parametrize("operation", CALLS)
def test_the_api_says_how_long_to_wait_up_to_a_ceiling(
    client: Client, clock: VirtualClock, operation: str, retry_after: str, shortest: float, longest: float
) -> None:
    transport = Failing([rate_limited(retry_after)], clock)
    CALLS[operation](client(transport, timeout=100))
    (pause,) = clock.slept
    assert shortest <= pause <= longest


def test_the_date_after_which_to_ask_is_one_of_the_world_s_time(client: Client, clock: VirtualClock) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    CALLS[LIST](client(Failing([rate_limited(date)], clock), timeout=100))
    (pause,) = clock.slept
    assert 0.0 <= pause <= 20.0  # however long this test has taken until then


@pytest.mark.parametrize("number", [500, 503, 408])
def test_any_answer_may_say_how_long_to_wait(client: Client, clock: VirtualClock, number: int) -> None:
    failure = Failure(httpx2.Response(number, headers={"retry-after": "9"}), APIError)
    CALLS[LIST](client(Failing([failure], clock)))
    assert clock.slept == [9.0]


def test_there_is_no_pause_that_the_time_does_not_hold(client: Client, clock: VirtualClock) -> None:
    transport = Failing([rate_limited("9")], clock)
    with pytest.raises(RateLimitError):
        CALLS[LIST](client(transport, timeout=9))
    assert len(transport.requests) == 1
    assert clock.slept == []


def test_the_pauses_grow_up_to_a_cap_and_are_not_all_the_same(client: Client, clock: VirtualClock) -> None:
    for _ in range(30):
        with pytest.raises(APIError):
            CALLS[LIST](client(Failing([PASSING["HTTP 503"]] * 12, clock), max_retries=11, timeout=1000))
    rounds = [clock.slept[start : start + 11] for start in range(0, len(clock.slept), 11)]
    for index, pauses_at in enumerate(zip(*rounds, strict=True)):
        cap = min(0.5 * 2**index, LONGEST_BACKOFF)
        assert max(pauses_at) <= cap
        assert min(pauses_at) < cap / 2 < max(pauses_at)  # full jitter


def test_an_attempt_leaves_time_for_the_next_one(client: Client, clock: VirtualClock) -> None:
    silence = Failure(httpx2.Response(200), APITimeoutError, seconds=1000)
    transport = Failing([silence, silence], clock)
    CALLS[LIST](client(transport, timeout=40))
    first, second, third = (request.extensions["timeout"]["read"] for request in transport.requests)
    assert first > 0
    assert second > 0
    assert third > 0
    assert clock.now <= 1040


@pytest.mark.parametrize("max_retries", [-1, 101, 1.0, True, "2"])
def test_a_number_of_retries_that_is_none_is_refused(make: Any, clock: VirtualClock, max_retries: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_retries"):
        make("a-key", transport=Scripted("1"), clock=clock, max_retries=max_retries)
    with pytest.raises(ConfigurationError, match="max_retries"):
        make("a-key", transport=Scripted("1"), clock=clock).with_options(max_retries=max_retries)


def test_a_copy_has_its_own_number_of_retries(client: Client, clock: VirtualClock) -> None:
    for copied, expected in [(0, 1), (4, 5)]:
        transport = Failing([PASSING["HTTP 503"]] * 9, clock)
        yotta = client(transport, max_retries=1, timeout=1000)
        with pytest.raises(APIError):
            CALLS[LIST](yotta.with_options(max_retries=copied))
        assert len(transport.requests) == expected
        with pytest.raises(APIError):
            CALLS[LIST](yotta)
        assert len(transport.requests) == expected + 2


def test_what_the_contract_does_not_know_is_sent_once(client: Client, clock: VirtualClock) -> None:
    transport = Failing([PASSING["HTTP 503"]], clock)
    with pytest.raises(APIError):
        client(transport).request("GET", "/openapi/v1/pods/list")
    assert len(transport.requests) == 1


# --- A delete that finds what an earlier attempt did ------------------------------------------------------------------

EFFECTIVE = [name for name, failure in PASSING.items() if not failure.is_unsent]
WITHOUT_EFFECT = [name for name, failure in PASSING.items() if failure.is_unsent]
GONE = [Failure(httpx2.Response(404), NotFoundError), Failure(envelope(None, 12000), NotFoundError)]
ENDING = [Failure(httpx2.Response(409), ConflictError), Failure(envelope(None, 12001), ConflictError)]


class Deleting(Scripted):
    """An API whose deletes fail as they are told, and whose list shows one pod, or none."""

    def __init__(self, failures: Iterable[Failure], clock: VirtualClock, status: str | None) -> None:
        super().__init__(None)
        self._deletes = Failing(failures, clock)
        self._pods = [] if status is None else [{"id": "1", "status": status}]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return envelope(self._pods) if request.method == "GET" else self._deletes._answer(request)


@pytest.mark.parametrize("name", EFFECTIVE)
@pytest.mark.parametrize("found", GONE)
def test_a_pod_that_is_gone_after_a_retry_was_deleted(
    client: Client, clock: VirtualClock, name: str, found: Failure
) -> None:
    transport = Deleting([PASSING[name], found], clock, status=None)
    client(transport).pods.delete("1")
    assert [request.method for request in transport.requests][:2] == ["DELETE", "DELETE"]


@pytest.mark.parametrize("status", ["TERMINATING", "TERMINATED", None])
@pytest.mark.parametrize("found", ENDING)
def test_a_pod_that_is_ending_after_a_retry_was_deleted(
    client: Client, clock: VirtualClock, status: str | None, found: Failure
) -> None:
    transport = Deleting([PASSING["a reset"], found], clock, status)
    client(transport).pods.delete("1")
    assert [request.method for request in transport.requests] == ["DELETE", "DELETE", "GET"]


@pytest.mark.parametrize("status", ["RUNNING", "INITIALIZE", "PAUSED", "FAILED", "RESIZING"])
@pytest.mark.parametrize("found", ENDING)
def test_a_conflict_about_a_pod_that_lives_is_one(
    client: Client, clock: VirtualClock, status: str, found: Failure
) -> None:
    transport = Deleting([PASSING["a reset"], found], clock, status)
    with pytest.raises(ConflictError) as caught:
        client(transport).pods.delete("1")
    assert caught.value.pod_id == "1"


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
@pytest.mark.parametrize("found", GONE + ENDING)
def test_what_earlier_attempts_cannot_have_done_is_an_error(
    client: Client, clock: VirtualClock, name: str, found: Failure
) -> None:
    transport = Deleting([PASSING[name], found], clock, status=None)
    with pytest.raises(found.kind):
        client(transport).pods.delete("1")
    assert [request.method for request in transport.requests] == ["DELETE", "DELETE"]


@pytest.mark.parametrize("found", GONE + ENDING)
def test_the_first_attempt_s_answer_is_the_answer(client: Client, clock: VirtualClock, found: Failure) -> None:
    with pytest.raises(found.kind):
        client(Deleting([found], clock, status=None)).pods.delete("1")


@pytest.mark.parametrize("found", GONE + ENDING)
def test_one_attempt_that_may_have_had_an_effect_is_enough(client: Client, clock: VirtualClock, found: Failure) -> None:
    transport = Deleting([PASSING["HTTP 429"], PASSING["a reset"], PASSING["HTTP 429"], found], clock, status=None)
    client(transport, max_retries=3, timeout=100).pods.delete("1")


def test_a_create_that_was_never_sent_is_sent_again_with_the_same_token(client: Client, clock: VirtualClock) -> None:
    transport = Failing([PASSING["a refused connection"], PASSING["HTTP 429"]], clock)
    client(transport).pods.create(**REQUIRED)
    first, second, third = (request.content for request in transport.requests)
    assert first == second == third
    assert b"YOTTALABS_CREATE_TOKEN" in first
