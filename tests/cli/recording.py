"""Makes docs/session.svg: what a person sees who takes a simulated pod from its creation to its end. `make recording`.

The command is really run, in a pseudo-terminal, against a simulator; the picture is of that terminal's screen.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text
from yottalabs_mock import Simulator, Times

from .yottalabs import LINES, environment, terminal
from support.contract import ROOT

TARGET = ROOT / "docs" / "session.svg"
COLUMNS = 96
POD = ["--image", "ubuntu", "--gpu", "NVIDIA_L4_24G", "--expose", "22/SSH", "--name", "demo"]
# What is typed, and what is answered to a question.
SESSION = [
    (["pods", "create", *POD, "--wait"], ""),
    (["pods", "list"], ""),
    (["pods", "cost"], ""),
    (["pods", "delete", "demo", "--wait"], "y\n"),
    (["pods", "list", "--all"], ""),
]
ANSI_COLOURS = {"brown": "yellow"}  # pyte's name, and that of everybody else
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def recorded() -> Text:
    """What is seen of the session."""
    simulator = Simulator(clock="real", times=Times(boot=1.2, healthy=0.5, terminate=0.3))
    shown = Text()
    with tempfile.TemporaryDirectory() as folder, simulator.serve() as base_url:
        variables = environment(base_url, Path(folder))
        for arguments, answer in SESSION:
            shown.append("$ ", "bold green").append(f"yottalabs {' '.join(arguments)}\n", "bold")
            with terminal(arguments, variables, columns=COLUMNS) as seen:
                if answer:
                    seen.wait_for("[y/N]")
                    seen.type(answer)
                if seen.wait() != 0:
                    sys.exit(f"yottalabs {' '.join(arguments)} failed:\n{seen.screen}")
                for line in _lines(seen.styled):
                    shown.append(line).append("\n")
            shown.append("\n")
    shown.rstrip()
    return shown


def main() -> None:
    """Writes the picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(recorded())
    picture = console.export_svg(title="yottalabs", unique_id="session")
    # The picture fetches nothing: where the font is not installed, another one does.
    TARGET.write_text(WEB_FONT.sub("", picture), encoding="utf-8", newline="\n")
    print(f"written: {TARGET.relative_to(ROOT)}")


def _lines(screen: pyte.Screen) -> Iterator[Text]:
    """The lines of a screen, down to the last one that is not empty."""
    used = len("\n".join(line.rstrip() for line in screen.display).rstrip().split("\n"))
    for row in range(min(used, LINES)):
        line = Text()
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            colour = ANSI_COLOURS.get(cell.fg, cell.fg)
            line.append(cell.data, Style(color=None if colour == "default" else colour, bold=cell.bold))
        line.rstrip()
        yield line


if __name__ == "__main__":
    main()
