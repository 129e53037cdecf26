"""A stand-in for ssh, where a test decides what each call of it does. It needs no OpenSSH."""

from __future__ import annotations

import os
from pathlib import Path

SSH = """#!/bin/sh
cd '{folder}' || exit 70
calls=$(($(cat calls) + 1))
echo $calls > calls
for last; do :; done
printf '%s\\n' "$*" >> commands
file=./call.$calls
test -e $file || file=./call
. $file
"""
RUNS = 'exec sh -c "$last"\n'


class StandIn:
    """A program `ssh` in a folder.

    Args:
        folder: The folder. It is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.forget()
        (folder / "ssh").write_text(SSH.format(folder=folder), encoding="utf-8")
        (folder / "ssh").chmod(0o755)

    @property
    def path(self) -> str:
        """The PATH on which it is found first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    @property
    def commands(self) -> list[str]:
        """How it was called so far."""
        file = self.folder / "commands"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def forget(self) -> None:
        """Forget the calls and what they do: each runs its last argument here."""
        for file in self.folder.glob("c*"):
            file.unlink()
        (self.folder / "calls").write_text("0", encoding="utf-8")
        (self.folder / "call").write_text(RUNS, encoding="utf-8")

    def plan(self, *scripts: str, others: str = RUNS) -> None:
        """Decide what the first calls do, by scripts for the shell, and what all others do."""
        for number, script in enumerate(scripts, 1):
            (self.folder / f"call.{number}").write_text(script, encoding="utf-8")
        (self.folder / "call").write_text(others, encoding="utf-8")


def fails(message: str, status: int = 255) -> str:
    """A script that writes a message and ends as ssh does."""
    return f"cat >&2 <<'END'\n{message}\nEND\nexit {status}\n"
