"""What files say of the pod that is asked for. What is in them may be secret: no message shows it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from yottalabs_api.params import CREATE_PARAMS, RequestField
from yottalabs_api.types import text_nests_deeper

from .connecting import STANDARD_INPUT, open_file, take_standard_input
from .failures import CommandError, Status
from .options import item_of

LONGEST_FILE = 1_000_000  # characters
MOST_LEVELS = 30  # of lists and mappings in each other; PyYAML takes several frames for each


def variables_in(files: tuple[str, ...]) -> dict[str, str]:
    """The variables of files like `.env`: a line NAME=VALUE for each, quotes around a value taken off."""
    found: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(_text(file, "--env-file").splitlines(), 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            name, sign, value = text.removeprefix("export ").partition("=")
            if not name.strip() or (not sign and name not in os.environ):
                # The line may hold a secret.
                raise CommandError(
                    Status.USAGE,
                    f"--env-file: line {number} of {file} is not NAME=VALUE, or NAME of a variable there is",
                )
            found[name.strip()] = _unquoted(value.strip()) if sign else os.environ[name]
    return found


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value


def request_in(file: str) -> dict[str, Any]:
    """The arguments that a file holds, by the documented names of the fields or by those of the library."""
    text = _text(file, "--from-file")
    try:
        found = _read_document(text)
    except Exception as error:  # noqa: BLE001  # PyYAML lets errors of Python out, for a value that its tag is not for
        mark = getattr(error, "problem_mark", None)  # the message would quote the line, which may hold a secret
        where = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        raise CommandError(Status.USAGE, f"--from-file: {file} is neither YAML nor JSON{where}") from None
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
    fields = {names[name]: value for name, value in found.items() if value is not None}
    for name, value in fields.items():
        if CREATE_PARAMS[name].is_list and not CREATE_PARAMS[name].is_mapping and isinstance(value, list):
            fields[name] = [_listed(item, CREATE_PARAMS[name]) for item in value]
    return fields


def _read_document(text: str) -> Any:
    """JSON, or YAML. JSON is read as such: YAML takes it, but for tabs, and for half of a character that is escaped."""
    import yaml

    if not text_nests_deeper(text):
        with suppress(ValueError):
            return json.loads(text)
    _refuse_deep(text)
    return yaml.safe_load(text)


def _refuse_deep(text: str) -> None:
    """Raises a ValueError for YAML that is nested deeply. PyYAML recurses, but not for its events."""
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_LEVELS:
            raise ValueError("nested too deeply")


def _listed(item: Any, field: RequestField) -> Any:
    """An item of a list in a file; `22/SSH` means what it does as an option."""
    return item_of(item, field, "--from-file") if isinstance(item, str) and field.item_fields else item


def as_mapping(value: Any, field: RequestField) -> dict[str, Any]:
    """What a file says of variables, as a mapping: it may be one, or a list of JSON objects."""
    if isinstance(value, Mapping):
        return dict(value)
    key, held = (part.json_name for part in field.item_fields.values())
    try:
        return {item[key]: item[held] for item in value}
    except (TypeError, KeyError, IndexError):
        raise CommandError(
            Status.USAGE, f"--from-file: {field.json_name} is neither a mapping nor a list of {key} and {held}"
        ) from None


def _text(file: str, option: str) -> str:
    try:
        if file == STANDARD_INPUT:
            take_standard_input(option)
            text = "" if sys.stdin is None else sys.stdin.read(LONGEST_FILE + 1)
        else:
            with open_file(file) as stream:
                text = stream.read(LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise CommandError(Status.USAGE, f"{option}: {file} cannot be read: {reason}") from None
    if len(text) > LONGEST_FILE:
        raise CommandError(Status.USAGE, f"{option}: {file} has more than {LONGEST_FILE} characters")
    return text
