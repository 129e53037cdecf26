"""The options of a create. They are made from the contract, so that a new field of it is an option by itself."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import click
from yottalabs_api.params import CREATE_PARAMS, RequestField

from .._pod import SSH_PORT
from .connecting import STANDARD_INPUT, open_file, secret_from
from .failures import CommandError, Status

if TYPE_CHECKING:
    from yottalabs_api.params import CreateParams

    from .._creation import Request

P = ParamSpec("P")
T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])

SHORT_NAMES = {"gpu_type": ("--gpu",), "gpu_count": ("--gpus",), "environment_vars": ("--env",)}
"""What people call an option beside its own name; the first is what messages say."""
LONGEST_FILE = 1_000_000  # bytes
_CLICK_TYPES = {"integer": click.INT, "number": click.FLOAT, "boolean": click.BOOL}
_ENVIRONMENT_FILE, _FROM_FILE, _EXTRA = "environment_file", "from_file", "extra_field"


def option_of(name: str) -> str:
    """The option of an argument of the client."""
    if name in CREATE_PARAMS:
        field = CREATE_PARAMS[name]
        return f"{_names(name)[0]}-file" if field.secret and not field.is_list else _names(name)[0]
    return {"extra_fields": "--extra-field"}.get(name, f"--{name.replace('_', '-')}")


@dataclass
class Asked:
    """The pod that options ask for.

    Attributes:
        fields: The arguments of `pods.create`.
        extra_fields: The undocumented ones, by their names in JSON; None if there are none.
    """

    fields: CreateParams
    extra_fields: dict[str, Any] | None

    @classmethod
    def read(cls, options: dict[str, Any]) -> Asked:
        """What options mean. They are taken out.

        Raises:
            CommandError: A file or a variable cannot be read, or an option is not written right.
        """
        fields, extra = _fields_of(options)
        return cls(cast("CreateParams", fields), extra or None)

    @property
    def request(self) -> Request:
        """The request, checked by the contract."""
        from .._creation import Request

        return Request.read(self.fields, self.extra_fields)

    def expose_ssh(self) -> None:
        """Asks for an SSH port, unless one is asked for already."""
        if not self.request.exposes_ssh:
            self.fields["expose"] = [*self.fields.get("expose", ()), SSH_PORT]


def describes_pod(function: Callable[Concatenate[Asked, P], T]) -> Callable[P, T]:
    """Gives a command an option for every field of the request, and passes them on as one `Asked`."""

    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> T:
        return function(Asked.read(kwargs), *args, **kwargs)

    others = [
        click.option(
            "--env-file",
            _ENVIRONMENT_FILE,
            metavar="FILE",
            multiple=True,
            help="Variables from a file, or - for standard input: a line NAME=VALUE for each. --env comes first.",
        ),
        click.option(
            "--from-file",
            _FROM_FILE,
            metavar="FILE",
            help="The request as YAML or JSON, by the documented names of its fields; - is standard input. "
            "Options come first.",
        ),
        click.option(
            "--extra-field",
            _EXTRA,
            metavar="NAME=JSON",
            multiple=True,
            help="A field that the contract does not document, by its name in JSON.",
        ),
    ]
    made = [option for name, field in CREATE_PARAMS.items() for option in _options(name, field)]
    for option in reversed([*made, *others]):
        command = option(command)
    return command


def _fields_of(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `pods.create`, and the undocumented fields."""
    source = options.pop(_FROM_FILE)
    fields = {} if source is None else _from_file(source)
    files, extra = options.pop(_ENVIRONMENT_FILE), options.pop(_EXTRA)
    for name, field in CREATE_PARAMS.items():
        given = _given(name, field, options)
        if field.is_mapping and name == "environment_vars" and (files or given):
            # What the command line says comes first, then its files, then the file of the whole request.
            earlier = _pairs(fields.get(name, {}), field)
            fields[name] = {**earlier, **_from_environment_files(files), **(given or {})}
        elif given is not None:
            fields[name] = given
    return fields, dict(map(_extra_field, extra))


# --- From a field of the contract to its options ----------------------------------------------------------------------


def _options(name: str, field: RequestField) -> list[Callable[[Function], Function]]:
    help_text = _help(field)
    if field.secret and not field.is_list:
        # A secret among the arguments would be seen by everybody on the machine.
        return [
            click.option(
                f"{own}-file", f"{name}_file", metavar="FILE", help=f"{help_text} From a file; - is standard input."
            )
            for own in _names(name)
        ] + [
            click.option(
                f"{own}-env",
                f"{name}_variable",
                metavar="NAME",
                help=f"{help_text} From a variable of the environment.",
            )
            for own in _names(name)
        ]
    kind = _CLICK_TYPES.get(field.types[0], click.STRING) if len(field.types) == 1 else click.STRING
    metavar = _metavar(field)
    return [click.option(*_names(name), name, metavar=metavar, multiple=field.is_list, type=kind, help=help_text)]


def _names(name: str) -> tuple[str, ...]:
    return (*SHORT_NAMES.get(name, ()), f"--{name.replace('_', '-')}")


def _metavar(field: RequestField) -> str | None:
    if field.is_mapping:
        return "NAME[=VALUE]"
    if field.item_fields:
        first, *rest = field.item_fields
        return first.upper() + "".join(f"[/{name.upper()}]" for name in rest)
    return None if field.types in {("integer",), ("number",)} else "TEXT"


def _help(field: RequestField) -> str:
    """The contract's description, in terms of options, with the documented values."""
    text = re.sub(r"`(\w+)`", lambda found: _option_of_json(found[1]), field.description)
    if field.enum is not None:
        text += f" Documented: {', '.join(field.enum)}."
    for part in field.item_fields.values():
        if part.enum is not None:
            text += f" Documented: {', '.join(part.enum)}."
    if field.is_mapping:
        text += " NAME alone takes its value from the environment."
    return f"{text} More than one may be given." if field.is_list else text


def _option_of_json(json_name: str) -> str:
    found = next((name for name, field in CREATE_PARAMS.items() if field.json_name == json_name), None)
    return json_name if found is None else _names(found)[0]


# --- From options to arguments ----------------------------------------------------------------------------------------


def _given(name: str, field: RequestField, options: dict[str, Any]) -> Any:
    """The value that was given for a field; None if none was."""
    option = _names(name)[0]
    if field.secret and not field.is_list:
        file, variable = options.pop(f"{name}_file"), options.pop(f"{name}_variable")
        if file is not None and variable is not None:
            raise CommandError(Status.USAGE, f"{option}-file and {option}-env are two sources of one value; give one")
        if variable is not None:
            return _from_environment(variable, f"{option}-env")
        return None if file is None else secret_from(file, f"{option}-file", field.description.rstrip("."))
    value = options.pop(name)
    if not field.is_list:
        return value
    if not value:
        return None
    if field.is_mapping:
        return dict(_pair(text, option) for text in value)
    return [_item(text, field, option) for text in value] if field.item_fields else list(value)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name:
        raise CommandError(Status.USAGE, f"{option}: a variable has no name; write NAME=VALUE, or NAME alone")
    return name, value if sign else _from_environment(name, option)


def _from_environment(name: str, option: str) -> str:
    if name not in os.environ:
        raise CommandError(
            Status.USAGE, f"{option}: there is no variable {name} in the environment; set it, or give a value"
        )
    return os.environ[name]


def _item(text: str, field: RequestField, option: str) -> Any:
    """`22/SSH`: the fields of an item in their order, with slashes between them."""
    parts = text.split("/")
    names = list(field.item_fields)
    if len(parts) > len(names):
        raise CommandError(
            Status.USAGE, f"{option}: {text!r} has more than {' and '.join(names)}; write {_metavar(field)}"
        )
    values: list[Any] = []
    for part, item_field in zip(parts, field.item_fields.values(), strict=False):
        if item_field.types == ("integer",):
            if not re.fullmatch(r"\d{1,20}", part, re.ASCII):
                raise CommandError(
                    Status.USAGE, f"{option}: {part!r} is no number; write {_metavar(field)}, as in 22/SSH"
                )
            values.append(int(part))
        else:
            values.append(part)
    return values[0] if len(values) == 1 and field.bare else tuple(values)


def _extra_field(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    try:
        return name, json.loads(value, parse_constant=_no_number) if name and sign else _no_field(text)
    except (ValueError, RecursionError):
        raise CommandError(
            Status.USAGE, f"--extra-field: the value of {name} is no JSON; a text stands in quotes: {name}='\"text\"'"
        ) from None


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not in JSON")


def _no_field(text: str) -> Any:
    raise CommandError(Status.USAGE, f"--extra-field: {text!r} has no name and value; write NAME=JSON")


# --- Files ------------------------------------------------------------------------------------------------------------


def _from_environment_files(files: tuple[str, ...]) -> dict[str, str]:
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


def _from_file(file: str) -> dict[str, Any]:
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

    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)


def _listed(item: Any, field: RequestField) -> Any:
    """An item of a list in a file; `22/SSH` means what it does as an option."""
    return _item(item, field, "--from-file") if isinstance(item, str) and field.item_fields else item


def _pairs(value: Any, field: RequestField) -> dict[str, Any]:
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
