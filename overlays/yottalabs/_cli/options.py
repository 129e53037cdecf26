"""From a field of the contract to its options, and from the text of an option to a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
from yottalabs_api.params import RequestField
from yottalabs_api.types import text_nests_deeper

from .failures import CommandError, Status
from .option_names import names_of, option_of_json

Function = TypeVar("Function", bound=Callable[..., Any])


class WholeNumber(click.ParamType[int]):
    """A whole number in decimal digits alone. Python would take `1_000`, and digits of any script."""

    name = "integer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, int):
            return value
        if not re.fullmatch(r"[+-]?[0-9]{1,400}", str(value)):
            self.fail(f"{str(value)!r} is not a valid integer.", param, ctx)
        return int(str(value))


_CLICK_TYPES = {"integer": WholeNumber(), "number": click.FLOAT, "boolean": click.BOOL}


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
    try:
        return read_json(text)
    except RepeatedNameError as error:
        reason = f"{error.name!r} is there twice; leave one out"
    except ValueError:
        reason = "that is no JSON; a text stands in quotes, as in '\"text\"'"  # it may be a secret
    raise CommandError(Status.USAGE, f"{option}: {reason}")


class RepeatedNameError(Exception):
    """An object in JSON has a name twice, of which Python would take the last.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def read_json(text: str) -> Any:
    """Return what a text is as JSON.

    Raises:
        ValueError: It is not JSON, or is nested too deeply.
        RepeatedNameError: An object has a name twice.
    """
    if text_nests_deeper(text):
        raise ValueError("nested too deeply")
    return json.loads(text, parse_constant=_no_number, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedNameError(next(name for name in names if names.count(name) > 1))
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not in JSON")
