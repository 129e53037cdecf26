"""The contract gate as a table: what was checked, how many cases, how long, verdict.

Each test of this folder that belongs to the gate says so, `@pytest.mark.gate(POINT)`, and may say how many cases it had
(`cases(300)`; otherwise it is one). The table is printed at the end of the run. With `--gate`, as `make contract` runs
it, a point that nothing was checked of fails the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from .points import POINTS


@dataclass
class Row:
    """What is known of one point."""

    tests: int = 0
    cases: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.failed:
            return f"FAILED ({len(self.failed)})"
        return "ok" if self.cases else "NOT CHECKED"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gate", action="store_true", help="fail unless every point of the contract gate was checked")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gate(point): the point of the contract gate that a test belongs to")


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("gate")
    if marker is not None:
        (point,) = marker.args
        assert point in POINTS, f"{point!r} is no point of the gate"
        item.user_properties.append(("gate", point))


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Says how many cases a test had."""
    return lambda count: request.node.user_properties.append(("cases", count))


def _rows(reporter: Any) -> dict[str, Row]:
    rows = {point: Row() for point in POINTS}
    for outcome in ("", "passed", "failed", "error"):  # those without a name are set-ups and tear-downs that passed
        for report in reporter.stats.get(outcome, []):
            properties = getattr(report, "user_properties", [])
            point = dict(properties).get("gate")
            if point is None:
                continue
            row = rows[point]
            row.seconds += report.duration
            if outcome in {"failed", "error"}:
                row.failed.append(report.nodeid)
            elif report.when == "call":
                row.tests += 1
                row.cases += sum(count for name, count in properties if name == "cases") or 1
    return rows


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = _rows(terminalreporter)
    if not any(row.tests or row.failed for row in rows.values()):
        return
    terminalreporter.section("the contract gate")
    width = max(map(len, POINTS))
    terminalreporter.write_line(f"{'what was checked':{width}}  {'tests':>5}  {'cases':>6}  {'seconds':>7}  verdict")
    for point, row in rows.items():
        if row.tests or row.failed or config.getoption("gate"):
            counts = f"{row.tests:5}  {row.cases:6}  {row.seconds:7.1f}"
            terminalreporter.write_line(f"{point:{width}}  {counts}  {row.verdict}")
    if config.getoption("gate"):
        bad = [point for point, row in rows.items() if row.verdict != "ok"]
        terminalreporter.write_line(f"gate: {'open' if not bad else 'SHUT: ' + '; '.join(bad)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing that the gate promises may be left out in silence."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput") or not session.config.getoption("gate"):
        return
    if any(row.verdict != "ok" for row in _rows(reporter).values()) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
