"""What is shown of pods: tables for people, plain columns for a pipe, the documented object for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from .._text import printable
from .output import emit, portable, write
from .terminal import console, is_terminal
from .times import age, exact

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from .. import Pod

HIDDEN = "<hidden>"
# By the texts, for a contract may lose one of them.
STYLES = {
    "INITIALIZE": "yellow",
    "RUNNING": "green",
    "PAUSING": "yellow",
    "PAUSED": "blue",
    "TERMINATING": "dim",
    "TERMINATED": "dim",
    "FAILED": "red",
}
STYLE_OF_UNKNOWN_STATUS = "magenta"
GAP = 2  # between two columns
NARROWEST = 6  # what a column that is cut off is left with
MOST_DIGITS = 12  # of an amount that is written out


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its header.
        shown: What a terminal shows, which may depend on the time.
        exact: What a pipe gets.
        style: The style of a cell.
        is_whole: Whether a cell is never cut off.
        is_number: Whether the cells stand to the right.
    """

    title: str
    shown: Callable[[Any], str]
    exact: Callable[[Any], str] | None = None
    style: Callable[[Any], str] | None = None
    is_whole: bool = False
    is_number: bool = False

    def styled(self, item: Any) -> str:
        """The style of the cell on a terminal."""
        return "" if self.style is None else self.style(item)

    def plain(self, item: Any) -> str:
        """The cell in a pipe."""
        return printable((self.exact or self.shown)(item)) or "-"


def status_style(pod: Pod) -> str:
    """The style of a pod's status."""
    return STYLES.get(pod.status, STYLE_OF_UNKNOWN_STATUS) if pod.status is not None else ""


def gpu(pod: Pod) -> str:
    """A pod's GPUs, for people."""
    if not pod.gpu_type:
        return ""
    name = pod.gpu_display_name or str(pod.gpu_type)
    return f"{pod.gpu_count}x {name}" if pod.gpu_count else name


def price(amount: Decimal | None) -> str:
    """An amount, without what adds nothing to it."""
    if amount is None:
        return ""
    short = amount.normalize()
    return f"{short:f}" if abs(short.adjusted()) < MOST_DIGITS else str(short)


ID = Column("ID", lambda pod: pod.id or "", is_whole=True)
NAME = Column("NAME", lambda pod: pod.name or "")
STATUS = Column("STATUS", lambda pod: str(pod.status or ""), style=status_style, is_whole=True)
GPU = Column("GPU", gpu, lambda pod: f"{pod.gpu_count or 0}x {pod.gpu_type}" if pod.gpu_type else "")
REGION = Column("REGION", lambda pod: pod.region or "")
AGE = Column("AGE", lambda pod: age(pod.created), is_number=True, is_whole=True)
CREATED = Column("CREATED", lambda pod: exact(pod.created))
PRICE = Column("PRICE/H", lambda pod: price(pod.hourly_price), is_number=True, is_whole=True)
OWNER = Column("OWNER", lambda pod: pod.applicant_id or "", is_whole=True)

PODS = (ID, NAME, STATUS, GPU, REGION, AGE, PRICE)
PODS_IN_A_PIPE = (ID, NAME, STATUS, GPU, REGION, CREATED, PRICE)
TO_DELETE = (ID, NAME, STATUS, OWNER, AGE, PRICE)


def show(items: Sequence[Any], columns: Sequence[Column], columns_in_a_pipe: Sequence[Column] | None = None) -> None:
    """Writes a table to standard output: for a person, or plain."""
    if is_terminal(sys.stdout):
        show_table(sys.stdout, items, columns)
    else:
        write(plain(items, columns_in_a_pipe or columns))


def show_table(stream: TextIO | None, items: Sequence[Any], columns: Sequence[Column]) -> None:
    """Writes a table to a terminal. One that is too narrow for it breaks the lines: what matters is never cut off."""
    screen = console(stream)
    made = table(items, columns, screen.width)
    wanted = sum((column.width or 0) + GAP for column in made.columns)
    screen.width = max(screen.width, wanted)
    screen.print(made)


def table(items: Sequence[Any], columns: Sequence[Column], width: int) -> Table:
    """A table of rich, without lines, a line for each item.

    Args:
        items: What it is of.
        columns: Its columns.
        width: How wide it may be, in characters.
    """
    from rich.table import Table
    from rich.text import Text

    cells = [
        [Text(printable(column.shown(item)) or "-", style=column.styled(item)) for column in columns] for item in items
    ]
    wanted = [
        max((cell.cell_len for cell in (Text(column.title), *(row[place] for row in cells))), default=0)
        for place, column in enumerate(columns)
    ]
    made = Table.grid(padding=(0, GAP, 0, 0))
    made.show_header, made.header_style = True, "bold"
    for column, size in zip(columns, _fitted(wanted, columns, width), strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        made.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=size)
    for row in cells:
        made.add_row(*row)
    return made


def _fitted(wanted: Sequence[int], columns: Sequence[Column], width: int) -> list[int]:
    """The widths of columns: where there is no room, the widest of those that may be cut off gives way."""
    widths = list(wanted)
    elastic = [place for place, column in enumerate(columns) if not column.is_whole]
    while sum(widths) + GAP * (len(widths) - 1) > width:
        widest = max(elastic, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= NARROWEST:
            break
        widths[widest] -= 1
    return widths


def plain(items: Iterable[Any], columns: Sequence[Column]) -> str:
    """Columns with spaces between them, nothing cut off."""
    rows = [[column.title for column in columns], *([column.plain(item) for column in columns] for item in items)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )


def show_pod(pod: Pod, *, show_secrets: bool) -> None:
    """Writes all that is known of one pod: a line for each field, after what people look for first."""
    lines = {name: value for name, value in _described(pod, show_secrets=show_secrets) if value}
    width = max(map(len, lines), default=0)
    if not is_terminal(sys.stdout):
        write("".join(f"{name.ljust(width)}  {printable(value)}\n" for name, value in lines.items()))
        return
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in lines.items():
        made.add_row(name, Text(printable(value), style=status_style(pod) if name == "status" else ""))
    console(sys.stdout).print(made)


def _described(pod: Pod, *, show_secrets: bool) -> Iterable[tuple[str, str]]:
    from .._ssh import SSHAccess

    yield "id", pod.id or ""
    yield "name", pod.name or ""
    yield "status", str(pod.status or "")
    yield "gpu", gpu(pod)
    yield "price", f"{price(pod.hourly_price)} an hour" if pod.hourly_price is not None else ""
    if is_terminal(sys.stdout) and pod.created is not None:
        yield "created", f"{exact(pod.created)} ({age(pod.created)} ago)"
    else:
        yield "created", exact(pod.created)
    yield "ssh", pod.ssh_command or ", ".join(SSHAccess.of(pod).unread)
    for entry in pod.expose:
        health = {True: "healthy", False: "not healthy", None: "health unknown"}[entry.healthy]
        where = "" if entry.port is None else pod.url(entry.port) or ""
        yield f"port {entry.port}", " ".join(filter(None, (str(entry.protocol or ""), health, where)))
    told = {"id", "name", "status", "expose", "created_at"}
    for name in pod.json_names:
        if name in told or not pod.has(name):
            continue
        value = getattr(pod, name)
        if isinstance(value, dict):
            yield name, ", ".join(f"{key}={text if show_secrets else HIDDEN}" for key, text in value.items())
        elif value is not None:
            yield name, str(value)
    document = document_of(pod, show_secrets=show_secrets)
    for name in sorted(document.keys() - set(pod.json_names.values())):
        yield printable(name), str(document[name])


def emit_pods(output: str, pods: Sequence[Pod], *, show_secrets: bool = False) -> None:
    """Writes pods in any format."""
    if output == "table":
        show(pods, PODS, PODS_IN_A_PIPE)
        return
    from .. import Pod

    emit(output, [document_of(pod, show_secrets=show_secrets) for pod in pods], list(Pod.json_names.values()))


def document_of(pod: Pod, *, show_secrets: bool) -> dict[str, Any]:
    """The JSON object that the API told of a pod, ids as text, what is secret in it hidden unless it is asked for."""
    document: dict[str, Any] = portable(pod.raw if show_secrets else hidden(pod.raw))
    return document


def hidden(document: dict[str, Any]) -> dict[str, Any]:
    """A JSON object without the values that are secret, or that may be by their names."""
    from .._wire import Search

    shown: dict[str, Any] = Search(set()).shown(document)
    return shown
