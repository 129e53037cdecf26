"""From a field of the contract to its options, and from the text of an option to a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import click
from yottalabs_api.params import RequestField
from yottalabs_api.types import text_nests_deeper

from .failures import CommandError, Status
from .option_names import names_of, option_of_json

Function = TypeVar("Function", bound=Callable[..., Any])

_CLICK_TYPES = {"integer": click.INT, "number": click.FLOAT, "boolean": click.BOOL}


def options_of(name: str, field: RequestField) -> list[Callable[[Function], Function]]:
    """The options of a field; a secret has two, of which neither takes the secret itself."""
    help_text = _help(field)
    if field.secret and not field.is_list:
        # A secret among the arguments would be seen by everybody on the machine.
        return [
            click.option(
                f"{own}-file", f"{name}_file", metavar="FILE", help=f"{help_text} From a file; - is standard input."
            )
            for own in names_of(name)
        ] + [
            click.option(
                f"{own}-env",
                f"{name}_variable",
                metavar="NAME",
                help=f"{help_text} From a variable of the environment.",
            )
            for own in names_of(name)
        ]
    kind = _CLICK_TYPES.get(field.types[0], click.STRING) if len(field.types) == 1 else click.STRING
    metavar = form_of(field)
    return [click.option(*names_of(name), name, metavar=metavar, multiple=field.is_list, type=kind, help=help_text)]


def form_of(field: RequestField) -> str | None:
    """How a value is written; None where click knows."""
    if field.is_mapping:
        return "NAME[=VALUE]"
    if is_json(field):
        return "JSON"
    if field.item_fields:
        first, *rest = field.item_fields
        return first.upper() + "".join(f"[/{name.upper()}]" for name in rest)
    return None if field.types in {("integer",), ("number",)} else "TEXT"


def is_json(field: RequestField) -> bool:
    """Whether a value is an object, which has no simpler form."""
    return not field.is_list and "object" in field.types


def _help(field: RequestField) -> str:
    """The contract's description, in terms of options, with the documented values."""
    text = re.sub(r"`(\w+)`", lambda found: option_of_json(found[1]), field.description)
    if field.enum is not None:
        text += f" Documented: {', '.join(field.enum)}."
    for part in field.item_fields.values():
        if part.enum is not None:
            text += f" Documented: {', '.join(part.enum)}."
    if field.is_mapping:
        text += " NAME alone takes its value from the environment."
    return f"{text} More than one may be given." if field.is_list else text


def item_of(text: str, field: RequestField, option: str) -> Any:
    """`22/SSH`: the fields of an item in their order, with slashes between them; or the item as a JSON object."""
    if text.startswith("{"):
        return json_of(text, option)
    parts = text.split("/")
    names = list(field.item_fields)
    if len(parts) > len(names):
        raise CommandError(
            Status.USAGE, f"{option}: {text!r} has more than {' and '.join(names)}; write {form_of(field)}"
        )
    values: list[Any] = []
    for part, item_field in zip(parts, field.item_fields.values(), strict=False):
        if item_field.types == ("integer",):
            if not re.fullmatch(r"\d{1,20}", part, re.ASCII):
                raise CommandError(
                    Status.USAGE, f"{option}: {part!r} is no number; write {form_of(field)}, as in 22/SSH"
                )
            values.append(int(part))
        else:
            values.append(part)
    return values[0] if len(values) == 1 and field.bare else tuple(values)


def json_of(text: str, option: str) -> Any:
    """What a text is as JSON."""
    if not text_nests_deeper(text):
        with suppress(ValueError):
            return json.loads(text, parse_constant=_no_number)
    # It may be a secret.
    raise CommandError(Status.USAGE, f"{option}: that is no JSON; a text stands in quotes, as in '\"text\"'")


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not in JSON")
