"""The fault matrix as the table in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from yottalabs_mock._catalogue import KINDS, verb

from .matrix import Row, Seen
from support.contract import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- Made by `pytest tests/reliability/test_matrix.py --write-table`, which also checks it. -->\n\n"
END = "\n<!-- The end of what is made. -->\n"
COLUMNS = ("fault", "what happens", "how often", "what the caller gets", "requests sent", "what exists afterwards")


def table(matrix: Mapping[Row, Seen]) -> str:
    """A table for each operation; what is the same however often a fault happens is one line."""
    lines: list[str] = []
    for operation, rows in groupby(matrix, lambda row: row.operation):
        lines += [f"### {verb(operation)}", "", f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        for _, alike in groupby(rows, lambda row: (row.fault, row.effect)):
            lines += _lines(list(alike), matrix)
        lines.append("")
    return "\n".join(lines)


def _lines(rows: Iterable[Row], matrix: Mapping[Row, Seen]) -> Iterable[str]:
    for seen, same in groupby(rows, lambda row: matrix[row]):
        first, *others = same
        effect = {None: "", True: ", and the request takes effect", False: ", and the request has no effect"}
        happens = KINDS[first.fault].about + effect[first.effect]
        often = ", ".join([first.often, *(row.often for row in others)])
        yield f"| `{first.fault}` | {happens} | {often} | {seen.outcome} | {seen.requests} | {seen.exists} |"


def written() -> str:
    """The table that the page has."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    found, end, _ = rest.partition(END)
    assert end, f"{PAGE.name} has no place for the table"
    return found


def write(text: str) -> None:
    """Puts a table into the page."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{PAGE.name} has no place for the table"
    PAGE.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8", newline="\n")
