"""JSON, and YAML in which a value means what it looks like. What could be read in two ways is refused with its line.

Numbers are decimal digits, `true`, `false` and `null` are these words alone, and everything else is text as it stands:
`22:22`, `010`, `no` and `2026-01-01` are. Tags, anchors, merge keys and `~` are refused, and so is a name that is there
twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from .options import RepeatedNameError, read_json

DEEPEST = 30  # levels; each takes several frames
MOST_DIGITS = 400
WORDS = {"true": True, "false": False, "null": None, "": None}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?", re.ASCII)
_BREAKS = re.compile("[\x85\u2028\u2029]")  # which YAML 1.1 takes for the ends of lines, and YAML 1.2 does not


class DocumentError(Exception):
    """A document that cannot be read. The message shows names and places, never values.

    Attributes:
        reason: Why, in words that follow the name of the file.
        line: The line at fault, where it is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = line


class TwiceError(DocumentError):
    """A name is there twice in one mapping."""


def read_document(text: str) -> Any:
    """Return the one document of a text, as JSON values; None for a text without one.

    JSON is read as such: YAML takes it, but for tabs, and for half of a character that is escaped.

    Raises:
        DocumentError: It is neither JSON nor YAML, or holds what is refused.
    """
    try:
        return read_json(text)
    except RepeatedNameError as error:
        problem = TwiceError(f"it has {error.name!r} twice; leave one out")
    except ValueError:
        return read_yaml(text)
    try:
        read_yaml(text)
    except TwiceError as error:  # which has the lines, too
        problem = error
    except DocumentError:  # not all JSON is YAML
        pass
    raise problem


def read_yaml(text: str) -> Any:
    """Return the one document of a text, as JSON values; None for a text without one.

    Raises:
        DocumentError: It is not YAML, or holds what is refused.
    """
    found = _BREAKS.search(text)
    line: int | None = None
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise DocumentError(f"it holds U+{ord(found[0]):04X}; write \\u{ord(found[0]):04x} in double quotes", line)
    try:
        return _Reader(yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
    except (yaml.YAMLError, ValueError):  # a character that cannot be in YAML, for example
        pass
    raise DocumentError("it is neither YAML nor JSON", line)


class _Reader:
    """A walk through the events of a parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._depth = 0

    def document(self) -> Any:
        """Return the one document."""
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if found:
                    raise DocumentError("it has a second document", _line(event))
                found.append(self._value(next(self._events)))
            elif isinstance(event, StreamEndEvent):
                break
        return found[0] if found else None

    def _value(self, event: NodeEvent) -> Any:
        line = _line(event)
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise DocumentError("it has an anchor (&) or an alias (*); write the value out", line)
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        assert isinstance(event, CollectionStartEvent)  # noqa: S101  # there is no other kind
        if event.tag is not None:
            raise _tagged(line)
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"it is nested more than {DEEPEST} levels deep", line)
        found = self._mapping() if isinstance(event, MappingStartEvent) else self._sequence()
        self._depth -= 1
        return found

    def _sequence(self) -> list[Any]:
        found = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            found.append(self._value(event))
        return found

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ScalarEvent) or event.anchor is not None:
                raise DocumentError("a name is no text", line)
            if event.tag is not None:
                raise _tagged(line)
            name = event.value  # as it stands: no name is a number
            if name == "<<" and event.style is None:
                raise DocumentError("it has a merge key (<<); write the fields out", line)
            if name in found:
                raise TwiceError(
                    f"it has {name!r} twice, in line {lines[name]} and in line {line}; leave one out", line
                )
            lines[name] = line
            found[name] = self._value(next(self._events))
        return found


def _scalar(event: ScalarEvent) -> Any:
    text, line = event.value, _line(event)
    if event.tag is not None:
        raise _tagged(line)
    if event.style is not None:  # in quotes, or a block
        return text
    if text == "~":
        raise DocumentError("~ may be null or text; write null, or '~' in quotes", line)
    if text in WORDS:
        return WORDS[text]
    if len(text) <= MOST_DIGITS and _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if len(text) <= MOST_DIGITS and _NUMBER.fullmatch(text) else text


def _tagged(line: int) -> DocumentError:
    return DocumentError("it has a tag (!); write the value without one, and text in quotes", line)


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
