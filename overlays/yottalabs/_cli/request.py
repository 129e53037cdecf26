"""The pod that options ask for. They are made from the contract, so that a new field of it is an option by itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import click
from yottalabs_api.params import CREATE_PARAMS, RequestField

from .._pod import SSH_PORT
from .failures import CommandError, Status
from .input import secret_from
from .option_names import names_of
from .options import is_json, item_of, json_of, options_of
from .request_files import as_mapping, request_in, variables_in

if TYPE_CHECKING:
    from yottalabs_api.params import CreateParams

    from .._creation import Request

P = ParamSpec("P")
T = TypeVar("T")

_ENVIRONMENT_FILE, _FROM_FILE, _EXTRA = "environment_file", "from_file", "extra_field"


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
            help="Variables from a file, or - for standard input: a line NAME=VALUE for each, the value as it stands, "
            "without quotes. --env comes first.",
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
    made = [option for name, field in CREATE_PARAMS.items() for option in options_of(name, field)]
    for option in reversed([*made, *others]):
        command = option(command)
    return command


def _fields_of(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of `pods.create`, and the undocumented fields."""
    source = options.pop(_FROM_FILE)
    fields = {} if source is None else request_in(source)
    files, extra = options.pop(_ENVIRONMENT_FILE), options.pop(_EXTRA)
    for name, field in CREATE_PARAMS.items():
        given = _given(name, field, options)
        if field.is_mapping and name == "environment_vars" and (files or given):
            # What the command line says comes first, then its files, then the file of the whole request.
            earlier = as_mapping(fields.get(name, {}), field)
            fields[name] = {**earlier, **variables_in(files), **(given or {})}
        elif given is not None:
            fields[name] = given
    return fields, dict(map(_extra_field, extra))


def _given(name: str, field: RequestField, options: dict[str, Any]) -> Any:
    """The value that was given for a field; None if none was."""
    option = names_of(name)[0]
    if field.secret and not field.is_list:
        file, variable = options.pop(f"{name}_file"), options.pop(f"{name}_variable")
        if file is not None and variable is not None:
            raise CommandError(Status.USAGE, f"{option}-file and {option}-env are two sources of one value; give one")
        if variable is not None:
            return _read(field, _from_environment(variable, f"{option}-env"), f"{option}-env")
        what = field.description.rstrip(".")
        return None if file is None else _read(field, secret_from(file, f"{option}-file", what), f"{option}-file")
    value = options.pop(name)
    if not field.is_list:
        return value if value is None else _read(field, value, option)
    if not value:
        return None
    if field.is_mapping:
        return dict(_pair(text, option) for text in value)
    return [item_of(text, field, option) for text in value] if field.item_fields else list(value)


def _read(field: RequestField, value: Any, option: str) -> Any:
    """The value that a text is: itself, unless the field is an object."""
    return json_of(value, option) if is_json(field) else value


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


def _extra_field(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise CommandError(Status.USAGE, f"--extra-field: {text!r} has no name and value; write NAME=JSON")
    return name, json_of(value, f"--extra-field {name}")
