"""The manual of the command: what its own help says, command by command, and the exit statuses.

    python manual.py PAGE

It is a program of its own, since it imports the command, and with that the generated package: `generate` lets it find
the one that has just been made. What is in the checkout may be old, or broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reference import write_page

WIDTH = 100  # characters
FILES = """\
## What is read, and what is printed

**Files and standard input.** Every file that an option names is text in UTF-8, with or without a byte order mark;
UTF-16 and NUL are refused. `-` is standard input, and so is `/dev/stdin`; one option alone can read it. `<(…)` of a
shell works. On a terminal, what is typed is not shown: a secret ends with Enter, a document with Ctrl-D.

**A secret** is the whole file, but for one line break at its end.

**`--env-file`** is read as `docker run --env-file` reads it: a line is `NAME=VALUE`, where the value is all that
follows, as it stands; or `NAME` alone, whose value is that of this environment; or a comment, which begins with `#`.
Refused, with the line, is what other programs read in another way: a value that begins with a quote, `export`, a name
that is there twice, a `NAME` that is not in the environment.

**`--from-file`** is JSON, or YAML in which a value means what it looks like: numbers are decimal digits, without a
zero before them; `true`, `false` and `null` are these words alone; everything else is text as it stands, as `22:22`,
`010`, `no` and `2026-01-01` are. Refused, with the line, are a name that is there twice, `~`, tags, anchors, aliases
and merge keys.

**Printed documents** (`--output json`, `yaml` and `csv`) have ids as text, though the API may send numbers, and whole
numbers beyond 2^53 too: `jq` and JavaScript would round them. `--dry-run` prints numbers as they are sent.

**CSV** has an apostrophe before each text that begins with `=`, `+`, `-`, `@`, a tab or a line break (or a full-width
form of these), with or without spaces before it: a spreadsheet would take it for a formula. A number stays a number,
also a negative one, but not one that the API sends as text.

**Text from the API** is printable in every format and on standard error: control and format characters are replaced by
escapes, as `\\x1b`; in JSON and YAML by those of JSON and YAML, so that a program reads what the API sent.

**Printed commands** repeat `--profile`, `--base-url`, `--api-key-file` and `--allow-insecure-http`, where they were
given, and can be pasted into a shell."""


def text() -> str:
    """The manual, in Markdown."""
    from yottalabs._cli.advice import PROGRAM
    from yottalabs._cli.failures import MEANINGS
    from yottalabs._cli.program import root
    from yottalabs._cli.simulator import PROGRAM as SIMULATOR
    from yottalabs_mock._command import help_text

    parts = ["What follows is what `--help` says, command by command.", *_statuses(MEANINGS), FILES]
    whole = click.Context(root, info_name=PROGRAM, **{**root.context_settings, "terminal_width": WIDTH})
    for path, command, context in _commands(root, whole):
        shown = help_text(SIMULATOR) if path == SIMULATOR else command.get_help(context)
        parts += [f"{'#' * min(4, 1 + len(path.split()))} `{path}`", f"```text\n{shown.strip()}\n```"]
    return "\n\n".join(parts)


def _statuses(meanings: dict[int, str]) -> Iterator[str]:
    yield "## Exit statuses"
    lines = [f"| {int(status)} | {meaning} |" for status, meaning in meanings.items()]
    yield "\n".join(["| status | means |", "|---|---|", *lines])


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Each command with its path, groups before what is in them."""
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                inner = click.Context(found, info_name=name, parent=context, terminal_width=WIDTH)
                yield from _commands(found, inner)


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), "the commands in overlays/yottalabs/_cli", "The command `yottalabs`", text())
