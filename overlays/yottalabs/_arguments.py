"""From the arguments of a call to the JSON that is sent, and errors for what the contract certainly forbids.

Field names come from the contract by way of the generated package; here stand only the friendly forms.
"""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import unquote

from yottalabs_api.checks import check_create_params
from yottalabs_api.errors import ContractViolation
from yottalabs_api.models import KeyValuePairDTO, OpenapiPodExposePortRequest, PodStatus, Protocol
from yottalabs_api.open_enum import OpenEnum
from yottalabs_api.params import CREATE_PARAMS
from yottalabs_api.types import UNSET, RawRequest, encode_json

from ._exceptions import InvalidArgumentError
from ._pod import SSH_PORT, Pod

_PYTHON_NAMES = {field.json_name: name for name, field in CREATE_PARAMS.items()}
_LONGEST_SHOWN = 80
_WARN_AT_CALLER = 4  # _documented, create_body or status_filter, Pods.create or Pods.list, the caller
_TYPES = {"string": "a str", "integer": "an int", "array": "a list", "object": "a mapping"}


def create_body(fields: Mapping[str, Any], extra_fields: Mapping[str, Any] | None) -> bytes:
    """The body of a create request.

    Args:
        fields: The arguments by their Python names, in any of their friendly forms.
        extra_fields: Undocumented fields by their names in JSON.

    Raises:
        InvalidArgumentError: The contract certainly forbids the request.
    """
    body: dict[str, Any] = {}
    for name, value in fields.items():
        field = CREATE_PARAMS.get(name)
        if field is None:
            raise InvalidArgumentError(f"there is no argument {name!r}{_suggestion(name)}", argument=name)
        if field.enum is not None:
            value = _documented(field.enum, value, name)
        elif name == "environment_vars":
            value = _environment(value)
        elif name == "expose":
            value = _exposed(value)
        body[field.json_name] = value
    try:
        check_create_params(body)
    except ContractViolation as violation:
        _refuse(violation)
    body |= _extra(extra_fields)
    return _encoded(body, {json_name: _PYTHON_NAMES.get(json_name, "extra_fields") for json_name in body})


def pod_id_of(pod: str | Pod) -> str:
    """The id of what was given for a pod."""
    found = pod.id if isinstance(pod, Pod) else pod
    if not isinstance(found, str) or not found:
        shown = "a Pod without an id" if isinstance(pod, Pod) else repr(pod)
        raise InvalidArgumentError(f"pod is {_shortened(shown)}; it must be the id of a pod, or a Pod", argument="pod")
    _check_unicode(found, "pod")
    return found


def status_filter(status: object) -> PodStatus:
    """The status to look for; one that is not documented is looked for with a warning."""
    if not isinstance(status, str):
        raise InvalidArgumentError(f"status is {_shown(status)}; it must be a PodStatus or a str", argument="status")
    return PodStatus(_documented(PodStatus, status, "status"))


def refuse_path(violation: ContractViolation, pod_id: str) -> NoReturn:
    """The error for a pod's id that would make another path of the URL."""
    raise InvalidArgumentError(
        f"pod is {_shortened(repr(pod_id))}; an id of a pod is not empty, not '.' or '..', and has no '/'",
        argument="pod",
        pod_id=pod_id,
    ) from violation


def free_request(method: str, path: str, json: Any, params: Mapping[str, Any] | None) -> RawRequest:
    """A request that the contract does not know."""
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise InvalidArgumentError(f"method is {_shown(method)}; it must be an HTTP method", argument="method")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//") or set(path) & set("?#\\"):
        message = f"path is {_shown(path)}; it must begin with one '/' and have no query: that goes into params"
        raise InvalidArgumentError(message, argument="path")
    if any(part in {".", ".."} for part in unquote(path).split("/")) or any(character <= " " for character in path):
        message = f"path is {_shown(path)}; it must not have '.' or '..' as a part, nor spaces"
        raise InvalidArgumentError(message, argument="path")
    _check_unicode(path, "path")
    _check_query(params)
    content = None if json is None else _encoded(json, "json")
    headers = {} if content is None else {"Content-Type": "application/json"}
    return RawRequest(method=method.upper(), path=path, params=params, headers=headers, content=content)


# --- Friendly forms ---------------------------------------------------------------------------------------------------


def _environment(value: Any) -> list[Any]:
    name = "environment_vars"
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise InvalidArgumentError(
            f"{name} is of type {type(value).__name__}; it must be a mapping, or pairs of (name, value)", argument=name
        )
    items: list[Any] = []
    for index, item in enumerate(value.items() if isinstance(value, Mapping) else value):
        if isinstance(item, Mapping):
            items.append(dict(item))
        elif isinstance(item, tuple | list) and len(item) == 2:
            items.append(KeyValuePairDTO(*item).to_dict())
        else:
            where = f"{name}[{index}]"
            raise InvalidArgumentError(f"{where} is not a pair of (name, value)", argument=where)
    return items


def _exposed(value: Any) -> list[Any]:
    name = "expose"
    forms = "a port, or a pair of (port, protocol)"
    if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
        raise InvalidArgumentError(f"{name} is {_shown(value)}; it must be a list, each item {forms}", argument=name)
    items: list[Any] = []
    for index, item in enumerate(value):
        where = f"{name}[{index}]"
        if isinstance(item, Mapping):
            items.append(dict(item))
        elif isinstance(item, int) and not isinstance(item, bool):
            items.append(_port(item, Protocol.SSH if item == SSH_PORT else None))
        elif isinstance(item, tuple | list) and len(item) == 2:
            port, protocol = item
            items.append(_port(port, protocol and _documented(Protocol, protocol, where, frames=1)))
        else:
            raise InvalidArgumentError(f"{where} is {_shown(item)}; it must be {forms}", argument=where)
    return items


def _port(port: Any, protocol: Any) -> dict[str, Any]:
    return OpenapiPodExposePortRequest(port=port, protocol=UNSET if protocol is None else protocol).to_dict()


def _documented(enum: type[OpenEnum], value: Any, name: str, *, frames: int = 0) -> Any:
    """The documented spelling of a value. One that is not documented passes with a warning: the API may know it.

    `frames` is how many more calls than usual lie between this one and the caller whom the warning is for.
    """
    if not isinstance(value, str):
        return value
    found = enum(value)
    if not found.is_known and value:
        known = ", ".join(enum)
        warnings.warn(
            f"{name} {value!r} is not among the documented values ({known}); it is used as it is",
            UserWarning,
            stacklevel=_WARN_AT_CALLER + frames,
        )
    return str(found)


def _check_unicode(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{name} is {_shown(text)}, which is not valid Unicode", argument=name) from None


def _extra(extra_fields: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if extra_fields is None:
        return {}
    if not isinstance(extra_fields, Mapping) or not all(isinstance(name, str) for name in extra_fields):
        raise InvalidArgumentError(
            "extra_fields must be a mapping from names in JSON to values", argument="extra_fields"
        )
    for name in extra_fields:
        if name in _PYTHON_NAMES:
            message = f"extra_fields has {name!r}, which is documented; pass {_PYTHON_NAMES[name]}=…"
            raise InvalidArgumentError(message, argument="extra_fields")
    return extra_fields


def _check_query(params: object) -> None:
    if params is None:
        return
    if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
        raise InvalidArgumentError(
            f"params is {_shown(params)}; it must be a mapping from names to values", argument="params"
        )
    for name, value in params.items():
        where = f"params[{name!r}]"
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise InvalidArgumentError(
                f"{where} is {_shown(value)}; it must be text, a number or a bool", argument=where
            )
        _check_unicode(name, "params")
        _check_unicode(str(value), where)


def _encoded(body: Any, argument: str | Mapping[str, str]) -> bytes:
    """The JSON of a body. The argument that it comes from is named in an error: one for all, or one for each field."""
    try:
        return encode_json(body)
    except (TypeError, ValueError, RecursionError) as error:
        if not isinstance(argument, str):
            for json_name, name in argument.items():
                _encoded(body[json_name], name)
        # The message of a UnicodeEncodeError holds the text, which may be a secret.
        reason = "a text is not valid Unicode" if isinstance(error, UnicodeError) else "a value has no form in JSON"
        name = argument if isinstance(argument, str) else "extra_fields"
        raise InvalidArgumentError(f"{name} cannot be sent as JSON: {reason}", argument=name) from None


# --- Errors -----------------------------------------------------------------------------------------------------------


def _refuse(violation: ContractViolation) -> NoReturn:
    """Raises what the contract says against a body, in terms of the arguments."""
    where = _argument(violation.path)
    if violation.rule == "required":
        missing = [name for name in violation.expected or () if name not in violation.value]
        names = [_argument((*violation.path, name)) for name in missing]
        verb = "is" if len(names) == 1 else "are"
        message = f"{' and '.join(names)} {verb} missing"
        if not violation.path and not set(missing) <= {"image", "gpuType"}:
            message += ", which the other arguments ask for"
        raise InvalidArgumentError(message, argument=names[0]) from None
    secret = bool(violation.path) and CREATE_PARAMS[_PYTHON_NAMES[violation.path[0]]].secret
    shown = f"of type {type(violation.value).__name__} (not shown)" if secret else _shown(violation.value)
    raise InvalidArgumentError(f"{where} is {shown}; it must {_demand(violation)}", argument=where) from None


def _demand(violation: ContractViolation) -> str:
    expected = violation.expected
    match violation.rule:
        case "type":
            return f"be {_TYPES.get(str(expected), expected)}"
        case "minimum":
            return f"be at least {expected}"
        case "maximum":
            return f"be at most {expected}"
        case "minLength":
            return "not be empty" if expected == 1 else f"have at least {expected} characters"
        case rule:
            return f"obey the contract's {rule}: {expected!r}"


def _argument(path: tuple[str, ...]) -> str:
    """`("expose", "0", "port")` as people write it: `expose[0].port`."""
    if not path:
        return "the request"
    head = _PYTHON_NAMES.get(path[0], path[0])
    return head + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path[1:])


def _suggestion(name: str) -> str:
    close = difflib.get_close_matches(_PYTHON_NAMES.get(name, name), CREATE_PARAMS, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else "; undocumented fields go into extra_fields={…}"


def _shown(value: object) -> str:
    return _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
