"""What goes over the wire, told to whoever asks for it, without secrets. No input or output here, but for the log.

The logger `yottalabs.wire` tells each request and each answer in one line of ASCII, at DEBUG. It has a level of its
own, so that a program that logs all else at DEBUG does not log bodies too: it is asked for by name, or not at all.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from yottalabs_api import views
from yottalabs_api.params import CREATE_PARAMS, RequestField
from yottalabs_api.reading import View
from yottalabs_api.types import RawRequest, nests_deeper, parse_json

from ._answer import SUCCESS, Answer
from ._exceptions import REQUEST_ID_HEADERS, APIError, ResponseValidationError, YottaLabsError
from ._secrecy import HIDDEN, SHORTEST_SECRET, HiddenBytes, masked

logger = logging.getLogger("yottalabs.wire")
if logger.level == logging.NOTSET:
    logger.setLevel(logging.INFO)

LONGEST_JSON = 20_000  # characters, as all of these
LONGEST_TEXT = 2_000
LONGEST_IN_HEAD = 200
LARGEST_BODY = 32 * 1024 * 1024  # bytes; to search more for secrets takes longer than anybody waits
MOST_LEVELS = 50  # of arrays and objects in each other; the search for secrets takes several frames for each
SUSPICIOUS = ("token", "secret", "password", "key")
"""What is in the name of a field that may hold a secret, where the contract does not know it."""


def is_asked_for() -> bool:
    """Whether anybody wants to be told. Nothing else is to be done if not."""
    return logger.isEnabledFor(logging.DEBUG)


class Telling:
    """Tells one request, and what comes of it. What is secret in the one is not shown in the other either."""

    def __init__(self, request: RawRequest) -> None:
        self._request = request
        self._secrets: set[str] = set()

    def sent(self) -> None:
        """Tells the request, which is about to be sent, without its headers and its query."""
        self._tell(">", self._request.content or b"")

    def answered(self, answer: Answer, milliseconds: float) -> None:
        """Tells an answer that says success."""
        self._tell("<", answer.content, ["ok", *self._head(answer, SUCCESS, milliseconds)])

    def failed(self, error: YottaLabsError, milliseconds: float) -> None:
        """Tells an answer that was made an error, or that there is none."""
        outcome = type(error).__name__
        if isinstance(error, APIError):
            self._tell("<", HiddenBytes(error.body), [outcome, *self._head(error, error.code, milliseconds)])
        elif isinstance(error, ResponseValidationError):
            self._tell("<", HiddenBytes(error.body), [outcome, *self._head(error, None, milliseconds)])
        else:
            self._tell("<", None, [outcome, f"{milliseconds:.1f} ms", "no answer"])

    def _head(
        self, answered: Answer | APIError | ResponseValidationError, code: int | None, milliseconds: float
    ) -> Iterator[str]:
        headers = answered.headers
        yield from (f"status {answered.status_code}", f"code {code}", f"{milliseconds:.1f} ms")
        yield f"content-type {headers.get('content-type', 'none')}"
        yield f"request id {next((headers[name] for name in REQUEST_ID_HEADERS if name in headers), 'none')}"

    def _tell(self, direction: str, body: bytes | None, head: Iterable[str] = ()) -> None:
        try:
            told = "" if body is None else f", {self._body(body)}"
            call = f"{self._request.method} {self._shown(self._request.path, LONGEST_IN_HEAD)}"
            about = ", ".join(self._shown(part, LONGEST_IN_HEAD) for part in head)
            line = f"{direction} {call}{': ' if about else ''}{about}{told}"
        except Exception as error:  # noqa: BLE001  # whatever came, to tell it must not break the call that it is of
            line = f"{direction} {self._request.method}: what cannot be told: {type(error).__name__}"
        logger.debug("%s", line)

    def _body(self, body: bytes) -> str:
        if not body:
            return "no body"
        size = f"{len(body)} bytes"
        if len(body) > LARGEST_BODY:
            return f"{size}, too many to be told"
        try:
            value = parse_json(body)
        except ValueError:
            return f"{size} that cannot be read as JSON: {self._text(body)}"
        if nests_deeper(value, MOST_LEVELS):
            return f"{size}, nested too deeply to be told: {self._text(body)}"
        told = json.dumps(Search(self._secrets).shown(value))
        return f"{size}: {self._shown(told, LONGEST_JSON)}"

    def _text(self, body: bytes) -> str:
        """A body that is no JSON. It may have been: what follows the name of a secret is not told."""
        text = self._cut(body.decode(json.detect_encoding(body), "replace"), LONGEST_TEXT)
        name = _NAME_IN_TEXT.search(text)
        return _in_ascii(f"{text[: name.end()]} {HIDDEN}" if name is not None else text)

    def _shown(self, text: str, length: int) -> str:
        return _in_ascii(self._cut(text, length))

    def _cut(self, text: str, length: int) -> str:
        """A text without secrets, cut to its length."""
        text = masked(text)
        secrets = [secret for secret in self._secrets if len(secret) >= SHORTEST_SECRET]
        forms = {form for secret in secrets for form in (secret, _escaped(secret))}
        longest = max(map(len, forms), default=0)
        part = text[: length + longest]
        is_cut = len(part) < len(text)
        for form in sorted(forms, key=len, reverse=True):
            part = part.replace(form, HIDDEN)
        if is_cut:
            part = part[: len(part) - longest]  # at its end may be a part of a secret, which nothing would know
        return f"{part[:length]}..." if is_cut or len(part) > length else part


def _escaped(text: str) -> str:
    """A text as it is in JSON."""
    return json.dumps(text)[1:-1]


def _in_ascii(text: str) -> str:
    """A text in one line that every terminal and every file takes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each.isascii() and each.isprintable() else _escaped(each) for each in text)


# --- What is secret, by the contract ----------------------------------------------------------------------------------


def _plain(name: str) -> str:
    """A name as it is compared: `environmentVars` and `ENVIRONMENT_VARS` are one."""
    return "".join(filter(str.isalnum, name.casefold()))


def _fields(fields: Mapping[str, RequestField]) -> Iterator[tuple[str, RequestField]]:
    for name, field in fields.items():
        yield name, field
        yield from _fields(field.item_fields)


_REQUEST = list(_fields(CREATE_PARAMS))
_VIEWS: list[type[View]] = [getattr(views, name) for name in views.__all__]
_KNOWN = frozenset(
    {_plain(field.json_name) for _, field in _REQUEST}
    | {_plain(json_name) for view in _VIEWS for json_name in view.json_names.values()}
)
_SECRET_NAMES = frozenset(
    {each for name, field in _REQUEST if field.secret for each in (name, field.json_name)}
    | {each for view in _VIEWS for name in view.secrets for each in (name, view.json_names[name])}
)
_SECRET = frozenset(map(_plain, _SECRET_NAMES))
_SHOWN_OF_ITEMS = {
    _plain(each): frozenset(part.json_name for part in field.item_fields.values() if not part.secret)
    for name, field in _REQUEST
    if field.secret and field.item_fields
    for each in (name, field.json_name)
}
"""Of lists that have secrets in their items: what is shown of an item."""
_NAME_IN_TEXT = re.compile(
    # Bounded, or a text that is made for it would take a long time.
    rf"(?:{'|'.join(map(re.escape, (*sorted(_SECRET_NAMES), *SUSPICIOUS)))})[\w-]{{0,40}}[\"'\\]{{0,4}}\s{{0,20}}[:=]",
    re.IGNORECASE,
)


class Search:
    """A walk through JSON values, for what must not be shown.

    Args:
        found: Gets every text and number that is not shown.
    """

    def __init__(self, found: set[str]) -> None:
        self._found = found
        self._names: dict[str, str] = {}

    def shown(self, value: Any) -> Any:
        """The value, without the values of fields that are secret or may be."""
        if isinstance(value, dict):
            return {name: self._member(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.shown(item) for item in value]
        return value

    def _member(self, name: str, value: Any) -> Any:
        plain = self._names.get(name) or self._names.setdefault(name, _plain(name))
        if isinstance(value, list) and plain in _SHOWN_OF_ITEMS:
            return [self._item(item, _SHOWN_OF_ITEMS[plain]) for item in value]
        if plain in _SECRET or (plain not in _KNOWN and any(part in plain for part in SUSPICIOUS)):
            return self._hidden(value)
        return self.shown(value)

    def _item(self, item: Any, shown: frozenset[str]) -> Any:
        if not isinstance(item, dict):
            return self._hidden(item)
        return {
            name: value if name in shown and isinstance(value, str) else self._hidden(value)
            for name, value in item.items()
        }

    def _hidden(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        self._find(value)
        return HIDDEN

    def _find(self, value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                self._find(item)
        elif isinstance(value, list):
            for item in value:
                self._find(item)
        elif not isinstance(value, bool | None):
            self._found.add(str(value))
