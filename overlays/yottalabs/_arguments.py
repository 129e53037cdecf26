"""From the arguments of a call to the JSON that is sent, and errors for what the contract certainly forbids.

Which fields there are, and what friendly forms each takes, comes from the contract by way of the generated package.
"""

from __future__ import annotations

import difflib
import inspect
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from yottalabs_api.checks import check_create_params
from yottalabs_api.errors import ContractViolation
from yottalabs_api.models import KeyValuePairDTO, OpenapiPodExposePortRequest, PodStatus, Protocol
from yottalabs_api.open_enum import OpenEnum
from yottalabs_api.params import CREATE_PARAMS, RequestField
from yottalabs_api.types import RawRequest, encode_json, nests_deeper

from ._exceptions import InvalidArgumentError
from ._own_variables import OWN_VARIABLES
from ._pod import SSH_PORT, Pod
from ._secrecy import Hidden, HiddenBytes, HiddenDict, HiddenList, HiddenText, hidden, type_name
from ._settings import shown_url

_SSH = OpenapiPodExposePortRequest(port=SSH_PORT, protocol=Protocol.SSH).to_dict()
_VARIABLES = CREATE_PARAMS["environment_vars"]
_PYTHON_NAMES = {field.json_name: name for name, field in CREATE_PARAMS.items()}
_LONGEST_SHOWN = 80
_PACKAGE = Path(__file__).parent
_TYPES = {
    "string": "a str",
    "integer": "an int",
    "array": "a list",
    "boolean": "a bool",
    "number": "a number",
    "object": "a mapping",
    "null": "None",
}


def create_fields(fields: Mapping[str, Any], extra_fields: Mapping[str, Any] | None) -> HiddenDict:
    """The JSON object of a create request.

    Args:
        fields: The arguments by their Python names, in any of their friendly forms.
        extra_fields: Undocumented fields by their names in JSON.

    Raises:
        InvalidArgumentError: The contract certainly forbids the request, or it holds a variable of this client's own.
    """
    body = HiddenDict()
    for name in fields:
        field = CREATE_PARAMS.get(name)
        if field is None:
            raise InvalidArgumentError(f"there is no argument {name!r}{_suggestion(name)}", argument=name)
        body[field.json_name] = _converted(field, Hidden(fields[name]), name)
    violation = _violation(body)
    if violation is not None:
        _refuse(violation)
    _refuse_own_variables(body.get(_VARIABLES.json_name, ()))
    body |= _extra(extra_fields)
    return body


def _violation(body: HiddenDict) -> ContractViolation | None:
    """What the contract says against a body, without the traceback, whose frames have the values."""
    try:
        check_create_params(body)
    except ContractViolation as violation:
        return violation.with_traceback(None)
    return None


def create_body(fields: Mapping[str, Any], own_variables: Mapping[str, str]) -> HiddenBytes:
    """The body of a create request: its JSON object, and variables of this client's own behind the caller's."""
    body = HiddenDict(fields)
    if own_variables:
        own = [KeyValuePairDTO(key=name, value=value).to_dict() for name, value in own_variables.items()]
        body[_VARIABLES.json_name] = [*body.get(_VARIABLES.json_name, ()), *own]
    names = {json_name: _PYTHON_NAMES.get(json_name, "extra_fields") for json_name in body}
    return _encoded(Hidden(body), names)


def _refuse_own_variables(entries: Iterable[Mapping[str, Any]]) -> None:
    """A pod that is made with the variables of another one must not be taken for it."""
    for index, name in enumerate([KeyValuePairDTO.from_dict(entry).key for entry in entries]):
        if name in OWN_VARIABLES:
            message = f"environment_vars[{index}] is {name}, which this client writes itself; leave it out"
            raise InvalidArgumentError(message, argument="environment_vars")


def pod_id_of(pod: str | Pod) -> str:
    """The id of what was given for a pod."""
    found = pod.id if isinstance(pod, Pod) else pod
    if not isinstance(found, str) or not found:
        shown = "a Pod without an id" if isinstance(pod, Pod) else _shown(pod)
        raise InvalidArgumentError(f"pod is {shown}; it must be the id of a pod, or a Pod", argument="pod")
    _check_unicode(found, "pod")
    return found


def pods_of(pods: Iterable[str | Pod]) -> Sequence[str | Pod]:
    """The pods that were given for several."""
    if isinstance(pods, str | bytes | Mapping | Pod) or not isinstance(pods, Iterable):
        raise InvalidArgumentError(
            f"pods is {_shown(pods)}; it must be a list, or another iterable, of ids or Pods", argument="pods"
        )
    return list(pods)


def check_callback(callback: object, argument: str, *, is_optional: bool = True) -> None:
    """Raise an InvalidArgumentError unless a callback can be called, or is None and optional."""
    if not callable(callback) and not (is_optional and callback is None):
        raise InvalidArgumentError(f"{argument} is {_shown(callback)}; it must be callable", argument=argument)


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


def free_request(method: str, path: str, json: Hidden[Any], params: Mapping[str, Any] | None) -> RawRequest:
    """A request that the contract does not know."""
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise InvalidArgumentError(f"method is {_shown(method)}; it must be an HTTP method", argument="method")
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//") or set(path) & set("?#\\"):
        message = f"path is {_shown_path(path)}; it must begin with one '/' and have no query: that goes into params"
        raise InvalidArgumentError(message, argument="path")
    if any(part in {".", ".."} for part in unquote(path).split("/")) or any(character <= " " for character in path):
        message = f"path is {_shown_path(path)}; it must not have '.' or '..' as a part, nor spaces"
        raise InvalidArgumentError(message, argument="path")
    _check_unicode(path, "path")
    _check_query(params)
    content = None if json.value is None else _encoded(json, "json")
    headers = {} if content is None else {"Content-Type": "application/json"}
    return RawRequest(method=method.upper(), path=str(path), params=params, headers=headers, content=content)


# --- Friendly forms ---------------------------------------------------------------------------------------------------


# What is converted is held by a `Hidden`: a variable that named it would be shown by a traceback that shows variables,
# and the caller's own iterators and mappings, which are read here, may raise.


def _converted(field: RequestField, given: Hidden[Any], name: str) -> Any:
    """The JSON value of an argument. What cannot be converted stays as it is, for the checks to name."""
    is_list = field.is_list and given.value is not None
    return _list(field, given, name) if is_list else _scalar(field, given, name)


def _scalar(field: RequestField, given: Hidden[Any], name: str) -> Any:
    return _plain(given, name) if field.enum is None else _documented(field.enum, given.value, name)


def _plain(given: Hidden[Any], name: str) -> Any:
    """A value with mappings of any kind as JSON objects."""
    if isinstance(given.value, (str, int)):
        return given.value
    if nests_deeper(given.value):
        raise InvalidArgumentError(f"{name} is nested too deeply for JSON", argument=name)
    whole = HiddenList([given.value])
    waiting: list[Hidden[Any]] = [Hidden(whole)]
    while waiting:
        part = waiting.pop()
        for place in list(part.value) if isinstance(part.value, dict) else range(len(part.value)):
            inner = Hidden(part.value[place])
            if isinstance(inner.value, (Mapping, list, tuple)):
                part.value[place] = dict(inner.value) if isinstance(inner.value, Mapping) else list(inner.value)
                waiting.append(Hidden(part.value[place]))
    return whole[0]


def _list(field: RequestField, given: Hidden[Any], name: str) -> list[Any]:
    is_mapping = isinstance(given.value, Mapping)
    is_iterable = isinstance(given.value, Iterable) and not isinstance(given.value, (str, bytes))
    if not is_iterable or (is_mapping and not field.is_mapping):
        forms = f"{'a mapping, or ' if field.is_mapping else ''}a list{_each(field)}"
        raise InvalidArgumentError(f"{name} is {_described(field, given)}; it must be {forms}", argument=name)
    items: list[Any] = HiddenList() if field.secret else []
    for index, item in enumerate(map(Hidden, _entries(given))):
        where = f"{name}[{index}]"
        items.append(_object(field, item, where) if field.item_fields else _scalar(field, item, where))
    return items


def _entries(given: Hidden[Any]) -> Iterable[Any]:
    return given.value.items() if isinstance(given.value, Mapping) else given.value


def _object(field: RequestField, item: Hidden[Any], where: str) -> Any:
    """An item that is an object: a JSON object, a tuple of its fields, or its one required field alone."""
    if isinstance(item.value, Mapping):
        return _plain(item, where)
    if field.bare is not None and isinstance(item.value, field.bare) and not isinstance(item.value, bool):
        return _bare(field, item, where)
    least, most = _lengths(field)
    if isinstance(item.value, (tuple, list)) and least <= len(item.value) <= most:
        parts = zip(field.item_fields.values(), map(Hidden, item.value), strict=False)
        return {
            part.json_name: _scalar(part, each, where)
            for part, each in parts
            if part.required or each.value is not None
        }
    shown = "" if field.secret else f"{_shown(item.value)}; it must be "
    raise InvalidArgumentError(f"{where} is {shown or 'not '}{_forms(field)}", argument=where)


def _bare(field: RequestField, item: Hidden[Any], where: str) -> dict[str, Any]:
    first = next(iter(field.item_fields.values()))
    given = {first.json_name: _scalar(first, item, where)}
    return dict(_SSH) if given.items() <= _SSH.items() else given


def _lengths(field: RequestField) -> tuple[int, int]:
    """How long a tuple of an item's fields may be. Where none is required, their order means nothing."""
    required = sum(part.required for part in field.item_fields.values())
    return (max(required, 2), len(field.item_fields)) if required else (1, 0)


def _forms(field: RequestField) -> str:
    least, most = _lengths(field)
    forms = [f"a {next(iter(field.item_fields))}"] if field.bare else []
    if least <= most:
        forms.append(f"a {'pair' if most == 2 else 'tuple'} of ({', '.join(field.item_fields)})")
    return ", or ".join(forms) or f"a mapping with {', '.join(part.json_name for part in field.item_fields.values())}"


def _each(field: RequestField) -> str:
    return f", each item {_forms(field)}" if field.item_fields else ""


def _described(field: RequestField, given: Hidden[Any]) -> str:
    return f"of type {type_name(given)}" if field.secret else _shown(given.value)


def _documented(enum: type[OpenEnum], value: Any, name: str) -> Any:
    """The documented spelling of a value. One that is not documented passes with a warning: the API may know it."""
    if not isinstance(value, str):
        return value
    found = enum(value)
    if not found.is_known and value:
        known = ", ".join(enum)
        message = f"{name} {value!r} is not among the documented values ({known}); it is used as it is"
        warnings.warn(message, UserWarning, stacklevel=_frames_to_caller())
    return str(found)


def _frames_to_caller() -> int:
    """How far from the function that asks the code is that called this package: a warning is for that line."""
    frame = inspect.currentframe()
    level = 0
    while frame is not None and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level


def _check_unicode(text: str, name: str) -> None:
    try:
        text.encode()
        is_unicode = True
    except UnicodeEncodeError:  # which has the text
        is_unicode = False
    if not is_unicode:
        raise InvalidArgumentError(f"{name} is {_shown(text)}, which is not valid Unicode", argument=name)


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
            f"params is of type {type_name(params)}; it must be a mapping from names to values", argument="params"
        )
    for name in params:
        where = f"params[{name!r}]"
        value = Hidden(params[name])  # which may be a secret
        is_finite = not isinstance(value.value, float) or math.isfinite(value.value)
        if not isinstance(value.value, str | int | float) or not is_finite:
            raise InvalidArgumentError(
                f"{where} is of type {type_name(value)}; it must be text, a finite number or a bool", argument=where
            )
        _check_unicode(name, "params")
        _check_unicode(HiddenText(value.value), where)


def _encoded(body: Hidden[Any], argument: str | Mapping[str, str]) -> HiddenBytes:
    """The JSON of a body. The argument that it comes from is named in an error: one for all, or one for each field."""
    is_usual = isinstance(body.value, (str, list, dict))
    try:
        return HiddenBytes(encode_json(hidden(body.value) if is_usual else body.value))
    except (TypeError, ValueError) as error:
        reason = "a text is not valid Unicode" if isinstance(error, UnicodeError) else "a value has no form in JSON"
        reason = "a value is nested too deeply" if nests_deeper(body.value) else reason
    # What was caught must not be the context of what is raised: it holds the text, which may be a secret.
    if not isinstance(argument, str):
        for json_name, name in argument.items():
            _encoded(Hidden(body.value[json_name]), name)
    name = argument if isinstance(argument, str) else "extra_fields"
    raise InvalidArgumentError(f"{name} cannot be sent as JSON: {reason}", argument=name)


# --- Errors -----------------------------------------------------------------------------------------------------------


def _refuse(violation: ContractViolation) -> NoReturn:
    """Raises what the contract says against a body, in terms of the arguments."""
    where = _argument(violation.path)
    if violation.rule == "required":
        missing = [name for name in violation.expected or () if name not in violation.value]
        names = [_argument((*violation.path, name)) for name in missing]
        verb = "is" if len(names) == 1 else "are"
        message = f"{' and '.join(names)} {verb} missing"
        if not violation.path and not all(CREATE_PARAMS[_PYTHON_NAMES[name]].required for name in missing):
            message += ", which the other arguments ask for"
        raise InvalidArgumentError(message, argument=names[0])
    secret = bool(violation.path) and CREATE_PARAMS[_PYTHON_NAMES[violation.path[0]]].secret
    shown = f"of type {type_name(violation.value)} (not shown)" if secret else _shown(violation.value)
    raise InvalidArgumentError(f"{where} is {shown}; it must {_demand(violation)}", argument=where)


def _demand(violation: ContractViolation) -> str:
    expected = violation.expected
    match violation.rule:
        case "type":
            kinds = map(str, expected if isinstance(expected, list) else [expected])
            return f"be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}"
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


def _shown_path(path: object) -> str:
    """A path without what may be a secret: a query, a user and password."""
    return _shown(shown_url(path)) if isinstance(path, str) else f"of type {type_name(path)}"


def _shown(value: object) -> str:
    return f"of type {type_name(value)}, nested deeply" if nests_deeper(value) else _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
