"""The formats of standard output. Whatever else there is to say goes to standard error."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from .._text import printable
from .failures import CommandError, Status
from .terminal import escaped, has_unicode

Function = TypeVar("Function", bound=Callable[..., Any])

FORMATS = ("table", "json", "yaml", "csv", "id")
NEVER_DELIVERED = "standard output is closed"
LARGEST_EXACT = 2**53  # that JavaScript and jq read as it is
_NAME_OF_ID = re.compile(r"(?i:ids?)|.*(?:[_-](?i:ids?)|[A-Za-z0-9]Ids?|[a-z0-9]IDs?)", re.DOTALL)
BEFORE_FORMULAS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are full-width forms of the first


def has_output(default: str = "table") -> Callable[[Function], Function]:
    """Gives a command `--output`, the format of what it prints."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice(FORMATS),
        default=default,
        show_default=True,
        help="The format of standard output; json, yaml and csv have the documented names, and ids as text.",
    )


def shows_secrets(function: Function) -> Function:
    """Gives a command `--show-secrets`."""
    return click.option(
        "--show-secrets", is_flag=True, help="Show the values of environment variables, which are hidden otherwise."
    )(function)


def write(text: str) -> None:
    """Write lines to standard output. A character that is not printable is escaped, whoever was to do so.

    Args:
        text: The lines, each with a line feed behind it.

    Raises:
        CommandError: There is none, or it takes nothing: its disk is full, for example.
        BrokenPipeError: Nobody reads it any more.
    """
    if sys.stdout is None:
        raise CommandError(Status.REFUSED, f"{NEVER_DELIVERED}; what was to be printed is lost")
    try:
        sys.stdout.write("\n".join(map(printable, text.split("\n"))))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(Status.REFUSED, f"standard output cannot be written: {error.strerror or error}") from None


def emit(output: str, document: Any, columns: Sequence[str]) -> None:
    """Writes a document in a format for programs.

    Args:
        output: "json", "yaml", "csv" or "id".
        document: JSON values: an object, or a list of objects that each have an `id`.
        columns: What CSV has, by the names in the objects.
    """
    if output == "json":
        write(as_json(document))
    elif output == "yaml":
        write(as_yaml(document))
    else:
        records = document if isinstance(document, list) else [document]
        write(as_csv(records, columns) if output == "csv" else as_ids(records))


def portable(value: Any, name: str = "") -> Any:
    """Return JSON values such that no reader changes them: ids, and whole numbers beyond 2^53, as text.

    Args:
        value: The values, as an API sent them.
        name: The name of the field that they are in.
    """
    if isinstance(value, dict):
        return {inner: portable(item, inner) for inner, item in value.items()}
    if isinstance(value, list):
        return [portable(item, name) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) > LARGEST_EXACT or _NAME_OF_ID.fullmatch(name) else value
    return value


def as_json(document: Any) -> str:
    """JSON for people and programs. Where the stream has no UTF-8, other characters are escaped."""
    return escaped(json.dumps(_plain(document), indent=2, ensure_ascii=not has_unicode(sys.stdout))) + "\n"


def _plain(document: Any) -> Any:
    """A document as JSON has it: an API may answer numbers that are none."""
    return json.loads(json.dumps(document, default=str), parse_constant=lambda _: None)


def as_yaml(document: Any) -> str:
    """YAML."""
    import yaml

    plain = _plain(document)
    text = str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=has_unicode(sys.stdout)))
    if all(printable(line) == line for line in text.split("\n")):
        return text
    return str(yaml.safe_dump(plain, sort_keys=False))  # which has each such character by its number


def as_csv(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """CSV with a header.

    A text that a spreadsheet would take for a formula has an apostrophe before it. What is not a text is there as JSON,
    so that a negative number stays one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(record.get(name)) for name in columns] for record in records)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        plain = _plain(value)
        return "" if plain is None else printable(json.dumps(plain, ensure_ascii=False))
    is_formula = not BEFORE_FORMULAS.isdisjoint((value[:1], value.strip()[:1]))
    return printable(f"'{value}" if is_formula else value)


def as_ids(records: Iterable[Mapping[str, Any]]) -> str:
    """A line for each id."""
    return "".join(f"{printable(str(record['id']))}\n" for record in records if record.get("id"))
