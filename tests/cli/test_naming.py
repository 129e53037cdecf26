"""What a person calls a pod, and how a person writes a time: pure functions, against simple models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yottalabs import Pod
from yottalabs._cli.failures import CommandError, Status
from yottalabs._cli.naming import (
    MOST_CANDIDATES,
    SHORTEST_WHOLE_ID,
    find_pod,
    found_pod,
    may_be_whole_id,
)
from yottalabs._cli.times import LONGEST, SECONDS_OF, age, exact, read_duration, short

FEW = ["1", "12", "123", "21", "a", ""]  # so few that they meet each other
STATUSES = ["RUNNING", "INITIALIZE", "PAUSED", "TERMINATING", "TERMINATED", "FAILED", "RESIZING"]
ENDED = {"TERMINATING", "TERMINATED", "FAILED"}


@st.composite
def lists_of_pods(draw: st.DrawFn) -> list[Pod]:
    """Lists whose pods have ids of their own, and names that may be anything, an id of another one, too."""
    ids = draw(st.lists(st.sampled_from(FEW[:4]) | st.from_regex(r"[12]{1,4}", fullmatch=True), unique=True))
    return [
        Pod({"id": pod_id, "podName": draw(st.sampled_from(FEW)), "status": draw(st.sampled_from(STATUSES))})
        for pod_id in ids
    ]


# --- Pods -------------------------------------------------------------------------------------------------------------


def meant(pods: Sequence[Pod], called: str) -> set[str]:
    """The ids of the pods that may be meant, by the rules alone."""
    raws = [pod.raw for pod in pods]
    exact_ids = {raw["id"] for raw in raws if raw["id"] == called}
    if exact_ids or not called:
        return exact_ids
    possible = [raw for raw in raws if raw["podName"] == called or raw["id"][: len(called)] == called]
    living = {raw["id"] for raw in possible if raw["status"] not in ENDED}
    return living or {raw["id"] for raw in possible}


@given(lists_of_pods(), st.sampled_from(FEW) | st.from_regex(r"[12]{1,4}", fullmatch=True))
def test_a_pod_is_found_where_one_alone_may_be_meant(pods: list[Pod], called: str) -> None:
    wanted = meant(pods, called)
    if len(wanted) > 1:
        with pytest.raises(CommandError) as caught:
            found_pod(pods, called)
        assert caught.value.status == Status.USAGE
        assert repr(called) in caught.value.lines[0]
        assert all(pod_id in caught.value.lines[1] for pod_id in wanted)
        return
    found = found_pod(pods, called)
    assert (set() if found is None else {found.id}) == wanted
    if found is None:
        with pytest.raises(CommandError) as caught:
            find_pod(pods, called)
        assert caught.value.status == Status.NOT_FOUND
        assert repr(called) in caught.value.lines[0]
    else:
        assert find_pod(pods, called) is found


def test_of_many_candidates_some_are_shown_and_the_others_counted() -> None:
    pods = [Pod({"id": str(1000 + number), "podName": "x", "status": "RUNNING"}) for number in range(50)]
    with pytest.raises(CommandError) as caught:
        found_pod(pods, "x")
    assert "any of 50 pods" in caught.value.lines[0]
    assert caught.value.lines[1].count("RUNNING") == MOST_CANDIDATES
    assert caught.value.lines[1].endswith("and 30 more")


def test_a_pod_without_an_id_is_never_meant() -> None:
    assert found_pod([Pod({"podName": "x", "status": "RUNNING"})], "x") is None
    assert found_pod([Pod({"id": None, "podName": "x"}), Pod({"id": "", "podName": "x"})], "x") is None


def test_a_candidate_cannot_move_the_cursor() -> None:
    pods = [Pod({"id": str(number), "podName": "x", "status": "\x1b[2J\n"}) for number in (11, 12)]
    with pytest.raises(CommandError) as caught:
        found_pod(pods, "x")
    assert not {"\x1b", "\n"} & set("".join(caught.value.lines))


@given(st.text() | st.integers(0, 10**70).map(str) | st.from_regex(r"\d{10,70}", fullmatch=True))
def test_only_a_long_number_may_be_an_id_that_the_list_does_not_show(called: str) -> None:
    is_number = bool(called) and all("0" <= character <= "9" for character in called)
    assert may_be_whole_id(called) == (is_number and SHORTEST_WHOLE_ID <= len(called) <= 64)


# --- Times ------------------------------------------------------------------------------------------------------------


@given(st.integers(1, int(LONGEST)))
def test_a_time_that_was_written_is_read_as_its_two_largest_units(seconds: int) -> None:
    read = read_duration(short(seconds))
    assert read is not None
    (unit, *_) = [size for size in SECONDS_OF.values() if size <= seconds]
    smallest = {86400: 3600, 3600: 60, 60: 1, 1: 1}[unit]
    assert read <= seconds < read + smallest
    assert short(read) == short(seconds)


PARTS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from(list(SECONDS_OF)), st.sampled_from(["", " ", "  "])), min_size=1
)


@given(PARTS, st.sampled_from([str.lower, str.upper]))
def test_a_time_is_the_sum_of_its_parts(parts: list[tuple[int, str, str]], case: type[str]) -> None:
    total = sum(number * SECONDS_OF[unit] for number, unit, _ in parts)
    read = read_duration(case("".join(f"{number}{unit}{gap}" for number, unit, gap in parts)))
    assert read == (total if 0 < total <= LONGEST else None)


@given(st.text() | st.text("0123456789.dhms -e", max_size=12))
@example("1" * 400)
@example("inf")
@example("1e5")
@example("-5s")
@example("٣s")
@example("1d" * 100_000)
@example("1" * 100_000 + "x")
def test_whatever_is_read_as_a_time_is_one(text: str) -> None:
    read = read_duration(text)
    assert read is None or (0 < read <= LONGEST and math.isfinite(read))
    if read is not None:
        assert set(text.lower()) <= set("0123456789.dhms") | {each for each in text if each.isspace()}


@given(st.floats(-1e9, 1e9))
def test_an_age_is_never_empty_nor_below_zero(seconds: float) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    shown = age(now - timedelta(seconds=seconds), now)
    assert shown
    assert "-" not in shown
    assert len(shown.split()) <= 2


def test_times_read_as_people_write_them() -> None:
    assert [short(seconds) for seconds in (0, 0.9, 59, 60, 61, 3600, 3661, 86400, 90061)] == [
        *("0s", "0s", "59s", "1m", "1m 1s", "1h", "1h 1m", "1d", "1d 1h")
    ]
    assert [read_duration(text) for text in ("90", "1.5", "90s", "1h30m", "2d 4h", " 10M ")] == [
        *(90, 1.5, 90, 5400, 187200, 600)
    ]
    assert {read_duration(text) for text in ("", "0", "0s", "s", "1x", "h1", "367d", "1:30", "ten")} == {None}
    assert age(None) == "unknown"
    assert exact(None) == ""
    assert exact(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-02T01:04:05Z"
