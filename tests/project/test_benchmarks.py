"""What `make bench` makes of what it measures. How fast anything is, no test looks at."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import command, report, starting
from benchmarks.growth import DRAWN, draw
from benchmarks.measuring import (
    Contender,
    ContenderError,
    Experiment,
    Finding,
    Goal,
    Measured,
    Row,
    WrongAnswerError,
    timed,
)
from benchmarks.processes import running
from benchmarks.scale import FULL

from support.contract import ROOT
from support.processes import assert_gone

ROW = Row("a list", "json.loads", Goal("at most", 2.0))


def found(*ratios: float, goal: Goal | None = ROW.goal) -> Finding:
    """What a row says whose rounds have these ratios, on a machine that gets slower all the time."""
    seconds = [10.0**index for index in range(len(ratios))]
    values = {"ours": [ratio * second for ratio, second in zip(ratios, seconds, strict=True)], "json.loads": seconds}
    (finding,) = Measured([Row("a list", "json.loads", goal)], values, "s").findings()
    return finding


def in_turn(log: list[str], name: str) -> Callable[[], float]:
    def measure() -> float:
        log.append(name)
        return 1.0

    return measure


def whole(findings: Sequence[Finding]) -> list[Finding]:
    """With the points of the drawing, which a whole run has too."""
    points = [
        Finding(Row("grows", "json.loads", pods=pods), "s", 1.0, (1.0, 1.0), 1, dict.fromkeys(DRAWN, pods * 1e-5))
        for pods in FULL.sizes
    ]
    return [*findings, *points]


# --- Rounds and ratios ----------------------------------------------------------------------------------------------


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds_not_the_ratio_of_the_medians() -> None:
    finding = found(1.0, 3.0, 2.0)
    assert finding.ratio == 2.0
    assert finding.quartiles == (1.5, 2.5)
    assert finding.contenders == {"ours": 30.0, "json.loads": 10.0}


def test_what_every_process_takes_is_taken_off_both() -> None:
    values = {"ours": [3.0, 5.0], "theirs": [6.0, 9.0], "nothing": [1.0, 3.0]}
    (finding,) = Measured([Row("start", "theirs", baseline="nothing")], values, "s").findings()
    assert finding.ratio == pytest.approx((2 / 5 + 2 / 6) / 2)


def test_in_each_round_everyone_has_a_turn_and_none_is_always_the_first() -> None:
    log: list[str] = []
    contenders = [Contender(name, in_turn(log, name)) for name in ("ours", "json.loads", "other")]
    measured = Experiment(contenders, [ROW], rounds=3).run()
    rounds = [log[begin : begin + 3] for begin in (0, 3, 6)]
    assert [sorted(turns) for turns in rounds] == [["json.loads", "other", "ours"]] * 3
    assert [turns[0] for turns in rounds] == ["ours", "json.loads", "other"]
    assert {name: len(values) for name, values in measured.values.items()} == dict.fromkeys(sorted(set(log)), 3)


def test_a_call_is_made_as_often_as_it_is_timed_for() -> None:
    made: list[int] = []
    assert timed(lambda: made.append(1), times=7)() >= 0
    assert len(made) == 7


# --- Goals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "ratio", "missed_by"),
    [
        (Goal("at most", 2.0), 2.0, None),
        (Goal("at most", 2.0), 2.5, 25.0),
        (Goal("less than", 1.0), 0.99, None),
        (Goal("less than", 1.0), 1.0, 0.0),
        (Goal("at least", 4.0), 4.0, None),
        (Goal("at least", 4.0), 3.0, 25.0),
        (Goal("exactly", 1.0), 1.0, None),
        (Goal("exactly", 1.0), 0.5, 50.0),
    ],
)
def test_a_goal_says_by_how_many_percent_it_is_missed(goal: Goal, ratio: float, missed_by: float | None) -> None:
    assert goal.missed_by(ratio) == missed_by
    assert found(ratio, goal=goal).missed_by == missed_by


def test_a_missed_goal_is_told_with_its_ratio_and_makes_the_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.judge([found(1.5), found(2.5)]) == 1
    assert capsys.readouterr().out == "missed by 25.0 %: a list: 2.500, to be at most 2\n"
    assert command.judge([found(1.5), found(9.0, goal=None)]) == 0


@pytest.mark.parametrize(("options", "status"), [([], 1), (["--only", "decoding"], 1), (["--short"], 0)])
def test_only_a_whole_run_writes_and_only_a_short_one_lets_a_missed_goal_pass(
    monkeypatch: pytest.MonkeyPatch, options: list[str], status: int
) -> None:
    kept: list[object] = []
    monkeypatch.setattr(sys, "argv", ["benchmarks", *options])
    monkeypatch.setattr(command, "measured", lambda *_: [found(2.5)])
    monkeypatch.setattr(command, "keep", kept.append)
    assert command.main() == status
    assert len(kept) == (not options)


# --- Wrong answers and failures -------------------------------------------------------------------------------------


def test_a_contender_with_another_result_is_refused() -> None:
    contenders = [
        Contender("ours", lambda: 0.0, lambda: [("1", "RUNNING"), ("2", "FAILED")]),
        Contender("json.loads", lambda: 1.0, lambda: [("1", "RUNNING"), ("2", "RUNNING")]),
    ]
    with pytest.raises(WrongAnswerError, match=r"a list: 'ours' .* than 'json.loads': \[1\]\[1\] 'FAILED', not 'RUN"):
        Experiment(contenders, [ROW], rounds=1).check()


def test_a_contender_that_fails_is_named_and_makes_the_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = Experiment([Contender("ours", lambda: 1 / 0), Contender("json.loads", lambda: 1.0)], [ROW], rounds=1)
    with pytest.raises(ContenderError, match="a list: 'ours' fails with ZeroDivisionError: division by zero"):
        failing.run()
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "decoding"])
    monkeypatch.setattr(command, "GROUPS", {"decoding": lambda _: (experiment for experiment in [failing])})
    assert command.main() == 2
    assert "cannot measure: a list: 'ours' fails with ZeroDivisionError" in capsys.readouterr().err


def test_every_decoder_gives_the_same_pods() -> None:
    from benchmarks import decoding

    small = SimpleNamespace(pods=6, rounds=0)
    for experiment in decoding.experiments(small):  # type: ignore[arg-type]  # as much of a scale as is looked at
        experiment.check()


def test_the_import_loads_neither_httpx_nor_attrs() -> None:
    starting.check_that_nothing_is_loaded()


# --- What is written ------------------------------------------------------------------------------------------------


def test_the_json_holds_neither_the_name_of_the_machine_nor_a_path_on_it() -> None:
    machine = report.machine()
    document = json.loads(report.as_json(whole([found(2.5)]), machine))
    text = json.dumps(document["machine"])
    assert socket.gethostname() not in re.split(r"[^\w.-]", text)
    assert not re.search(r"[\"'=\s]/\w", text)
    assert str(Path.home()) not in text
    row = document["rows"][0]
    assert (row["ratio"], row["goal"], row["missed_by_percent"]) == (2.5, {"bound": "at most", "value": 2.0}, 25.0)
    assert row["contenders"] == {"ours": 2.5, "json.loads": 1.0}
    assert document["growth"]["ours"]["100000"] == 1.0


def test_the_same_numbers_give_the_same_drawing(tmp_path: Path) -> None:
    growth = {name: {10: 1e-4, 100: 1e-3, 1000: 1e-2} for name in DRAWN}
    draw(growth, tmp_path / "one.svg")
    draw(growth, tmp_path / "other.svg")
    drawing = (tmp_path / "one.svg").read_bytes()
    assert drawing == (tmp_path / "other.svg").read_bytes()
    assert b"<svg" in drawing
    assert b"<text" not in drawing  # the letters are drawn, or they would need the same fonts everywhere
    assert len(drawing) < 60_000


def test_the_table_goes_between_the_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    assert not report.put_into(page, "new")
    assert not page.exists()
    page.write_text("no markers\n", encoding="utf-8")
    assert not report.put_into(page, "new")
    page.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    assert report.put_into(page, report.as_markdown([found(2.5)], report.machine()))
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n\n{report.BEGIN}\n\nMeasured on ")
    assert text.endswith(f"\n\n{report.END}\nafter\n")
    assert "| a list | 2.50 s | json.loads: 1.00 s | 2.50 | 2.50 to 2.50 | at most 2, missed |" in text
    assert "old" not in text


# --- The server -----------------------------------------------------------------------------------------------------


def test_the_server_of_the_calls_answers_and_ends_with_whoever_started_it() -> None:
    import httpx2

    with (
        running([sys.executable, "-m", "benchmarks.server"], ROOT) as base_url,
        httpx2.Client(base_url=base_url) as http,
    ):
        for _ in range(2):  # over one connection
            assert http.get("/").json()["data"][0]["id"] == http.post("/", json={}).json()["data"]
            assert http.delete("/").json() == {"message": "success", "code": 10000, "data": None}
    assert_gone(base_url)
