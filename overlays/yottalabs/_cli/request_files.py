"""What files say of the pod that is asked for. What is in them may be secret: no message shows it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from yottalabs_api.params import CREATE_PARAMS, RequestField

from .._secrecy import HiddenDict, HiddenText
from .failures import CommandError, Status
from .input import text_from
from .options import item_of

QUOTES = ("'", '"')


def variables_in(files: tuple[str, ...]) -> HiddenDict:
    """Return the variables of files, as `docker run --env-file` reads them; of two files, the later one counts.

    A line is NAME=VALUE, where the value is all that follows, as it stands; or NAME, whose value is that of this
    process's environment; or a comment, which begins with `#`. What other programs read in another way is refused: a
    value in quotes, `export`, a name that is there twice.

    Raises:
        CommandError: A file cannot be read, or a line is not understood.
    """
    found = HiddenDict()
    for file in files:
        found |= _variables_in(file)
    return found


def _variables_in(file: str) -> HiddenDict:
    found = HiddenDict()
    lines: dict[str, int] = {}
    text = text_from(file, "--env-file", "Variables, a line NAME=VALUE for each")
    for number, held in enumerate(map(HiddenText, text.split("\n")), 1):
        line = HiddenText(held.removesuffix("\r").lstrip())
        if not line or line.startswith("#"):
            continue
        name, sign, value = map(HiddenText, line.partition("="))
        problem = _problem_with(name, value if sign else None)
        if not problem and name in lines:
            problem = f"has {str(name)!r}, which is in line {lines[name]} already; leave one out"
        if problem:
            raise CommandError(Status.USAGE, f"--env-file: line {number} of {file} {problem}")
        lines[str(name)] = number
        found[str(name)] = value if sign else os.environ[name]
    return found


def _problem_with(name: str, value: str | None) -> str | None:
    """Return what is wrong with a variable of a file, in words that do not show it: the line may hold a secret."""
    if name != "export" and name.split(None, 1)[:1] == ["export"]:
        return "begins with `export`; leave that out"
    if not name or not name.isprintable() or " " in name or (value is None and name not in os.environ):
        return "is not NAME=VALUE, or NAME of a variable there is"
    if value is not None and value.startswith(QUOTES):
        return "has a value in quotes, which would be a part of it; leave them out, or use --env or --from-file"
    return "holds a carriage return; end each line with a line feed" if value is not None and "\r" in value else None


def request_in(file: str) -> dict[str, Any]:
    """The arguments that a file holds, by the documented names of the fields or by those of the library."""
    from .documents import DocumentError, read_document

    text = text_from(file, "--from-file", "The request as YAML or JSON")
    try:
        found = read_document(text)
    except DocumentError as error:
        where = "" if error.line is None else f"line {error.line} of "
        reason = error.reason
    else:
        return _arguments(HiddenDict(found) if isinstance(found, dict) else found, file)
    raise CommandError(Status.USAGE, f"--from-file: {where}{file}: {reason}")


def _arguments(found: Any, file: str) -> dict[str, Any]:
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise CommandError(Status.USAGE, f"--from-file: {file} holds no mapping from fields to values")
    names = {field.json_name: name for name, field in CREATE_PARAMS.items()} | {name: name for name in CREATE_PARAMS}
    unknown = [name for name in found if name not in names]
    if unknown:
        from difflib import get_close_matches

        close = get_close_matches(unknown[0], names, n=1)
        meant = (
            f"did you mean {close[0]}?" if close else "a field that the contract does not know goes into --extra-field"
        )
        raise CommandError(
            Status.USAGE, f"--from-file: {file} has the field {unknown[0]!r}, which is not documented", meant
        )
    twice = next((name for name in found if names[name] != name and names[name] in found), None)
    if twice is not None:
        raise CommandError(
            Status.USAGE, f"--from-file: {file} has {twice!r} and {names[twice]!r}, which are one field; leave one out"
        )
    fields = HiddenDict({names[name]: value for name, value in found.items() if value is not None})
    for name, value in fields.items():
        if CREATE_PARAMS[name].is_list and not CREATE_PARAMS[name].is_mapping and isinstance(value, list):
            fields[name] = [_listed(item, CREATE_PARAMS[name]) for item in value]
    return fields


def _listed(item: Any, field: RequestField) -> Any:
    """An item of a list in a file; `22/SSH` means what it does as an option."""
    return item_of(item, field, "--from-file") if isinstance(item, str) and field.item_fields else item


def as_mapping(value: Any, field: RequestField) -> dict[str, Any]:
    """What a file says of variables, as a mapping: it may be one, or a list of JSON objects."""
    if isinstance(value, Mapping):
        return dict(value)
    key, held = (part.json_name for part in field.item_fields.values())
    found = HiddenDict()
    try:
        for item in value:
            if item.keys() != {key, held} or item[key] in found:
                break
            found[item[key]] = item[held]
        else:
            return found
    except (AttributeError, TypeError):
        pass
    raise CommandError(
        Status.USAGE, f"--from-file: {field.json_name} is neither a mapping nor a list of {key} and {held}, each once"
    )
