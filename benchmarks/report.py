"""What was found, for people, for machines and for the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import pyperf  # type: ignore[import-untyped]  # it has no types

from .growth import Growth, growth_of
from .measuring import Finding, Unit

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
# Of what pyperf tells of a machine: neither its name nor the places of anything on it.
TOLD = (
    *("date", "platform", "cpu_model_name", "cpu_count", "cpu_freq", "load_avg_1min"),
    *("python_implementation", "python_version", "python_compiler", "aslr", "perf_version"),
)
PACKAGES = (
    *("attrs", "httpx2", "jiter", "matplotlib", "msgspec", "openapi-python-client", "orjson", "pydantic", "requests"),
    *("yottactl", "yottaml"),
)
Machine = Mapping[str, Any]


def machine() -> Machine:
    """What the machine is, as pyperf describes it, and which releases of the peers were measured."""
    told = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    return {
        **{name: told[name] for name in TOLD if name in told},
        "packages": {name: version(name) for name in PACKAGES},
    }


def missed(findings: Sequence[Finding]) -> list[str]:
    """For each goal that is missed a line that says by how much."""
    return [
        f"missed by {finding.missed_by:.1f} %: {finding.row.name}: {finding.ratio:.3f}, to be {finding.row.goal}"
        for finding in findings
        if finding.missed_by is not None
    ]


# --- For machines -----------------------------------------------------------------------------------------------------


def as_json(findings: Sequence[Finding], described: Machine) -> str:
    """Everything as JSON.

    It is a format of our own: pyperf's has no place for a ratio with a goal, which is what matters here, and two files
    could tell of two runs.
    """
    document = {
        "machine": described,
        "rows": [_row(finding) for finding in findings],
        "growth": _growth(growth_of(findings)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _row(finding: Finding) -> dict[str, Any]:
    goal = finding.row.goal
    return {
        "name": finding.row.name,
        "goal": None if goal is None else {"bound": goal.bound, "value": goal.value},
        "ratio": _rounded(finding.ratio),
        "quartiles": [_rounded(quartile) for quartile in finding.quartiles],
        "missed_by_percent": None if finding.missed_by is None else _rounded(finding.missed_by),
        "rounds": finding.rounds,
        "ours": finding.row.ours,
        "reference": finding.row.reference,
        "baseline": finding.row.baseline,
        "unit": finding.unit,
        "contenders": {name: _rounded(value) for name, value in finding.contenders.items()},
    }


def _growth(growth: Growth) -> dict[str, dict[str, float]]:
    return {name: {str(pods): _rounded(value) for pods, value in points.items()} for name, points in growth.items()}


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


# --- For people -------------------------------------------------------------------------------------------------------

HEAD = ("what", "ours", "reference", "ratio", "half of the rounds", "goal")


def cells(finding: Finding) -> tuple[str, ...]:
    """A line of the table."""
    row, (low, high) = finding.row, finding.quartiles
    reference = f"{row.reference}: {shown(finding.contenders[row.reference], finding.unit)}"
    verdict = "" if row.goal is None else f"{row.goal}, {'met' if finding.missed_by is None else 'missed'}"
    return (
        row.name,
        shown(finding.contenders[row.ours], finding.unit),
        reference,
        f"{finding.ratio:.2f}",
        f"{low:.2f} to {high:.2f}",
        verdict,
    )


def others(findings: Sequence[Finding]) -> Iterator[tuple[Finding, str, str, str]]:
    """What is shown for comparison: the rows' experiment, the contender, what it takes, its ratio to the reference."""
    # The findings of one experiment share what its contenders took.
    for _, group in groupby(findings, key=lambda finding: id(finding.contenders)):
        rows = list(group)
        told = {name for finding in rows for name in (finding.row.ours, finding.row.reference)}
        first = rows[0]
        reference = first.contenders[first.row.reference]
        for name, value in first.contenders.items():
            if name not in told:
                yield first, name, shown(value, first.unit), f"{value / reference:.2f}"


def as_text(findings: Sequence[Finding]) -> str:
    """The table for a terminal: the rows, each followed by what is shown for comparison."""
    lines: list[tuple[str, ...]] = []
    beside: dict[int, list[tuple[str, ...]]] = {}
    for first, name, value, ratio in others(findings):
        beside.setdefault(id(first.contenders), []).append((f"    {name}", value, "", ratio, "", ""))
    for _, group in groupby(findings, key=lambda finding: id(finding.contenders)):
        rows = list(group)
        lines += [*map(cells, rows), *beside.get(id(rows[0].contenders), [])]
    widths = [max(len(line[column]) for line in (HEAD, *lines)) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (HEAD, *lines)
    )


def as_markdown(findings: Sequence[Finding], described: Machine) -> str:
    """The table for the documentation, what is shown for comparison in a second one."""
    where = ", ".join(
        str(described[name]) for name in ("cpu_model_name", "platform", "python_version") if name in described
    )
    about = f"Measured on {str(described['date'])[:10]}: {described.get('cpu_count', '?')} cores, {where}."
    compared = [
        (first.row.name, name, value, f"{ratio} of {first.row.reference}")
        for first, name, value, ratio in others(findings)
    ]
    first_table = _table(HEAD, map(cells, findings))
    second_table = _table(("in the same rounds", "contender", "takes", "ratio"), compared)
    return f"{about}\n\n{first_table}\n\nFor comparison, without a goal:\n\n{second_table}"


def put_into(page: Path, table: str) -> bool:
    """Puts the table between the markers of a page; whether there is such a page."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return False
    page.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")
    return True


def shown(value: float, unit: Unit) -> str:
    """A value with its unit, in three digits."""
    match unit:
        case "s":
            if value >= 1:
                return f"{_three_digits(value)} s"
            return f"{_three_digits(value * 1e3)} ms" if value >= 1e-3 else f"{_three_digits(value * 1e6)} µs"
        case "per second":
            return f"{_three_digits(value)} a second"
        case "requests":
            return f"{value:g}"
        case "B":
            return f"{value:,.0f} B"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], lines: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
        for line in (head, ["---"] * len(head), *lines)
    )
