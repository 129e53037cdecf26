"""What can go wrong, by name, and when it does: scripted, or by chance with a seed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from ._clock import LONGEST_SECONDS
from ._lifecycle import Duration, check_duration, duration_text, read_duration
from ._messages import SUCCESS, SYSTEM_ERROR, WRONG_STATE

ANY = "*"
CREATE, LIST, DELETE = "createPod", "listPods", "deletePod"


class Fault(StrEnum):
    """The names of the faults."""

    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    NO_ANSWER = "no_answer"
    SLOW_ANSWER = "slow_answer"
    CUT_SHORT = "cut_short"
    HTML_200 = "html_200"
    HTML_502 = "html_502"
    HTML_503 = "html_503"
    NOT_JSON = "not_json"
    BUSINESS_CODE = "business_code"
    STATUS_401 = "status_401"
    STATUS_403 = "status_403"
    STATUS_404 = "status_404"
    STATUS_409 = "status_409"
    STATUS_422 = "status_422"
    STATUS_429 = "status_429"
    STATUS_429_DATE = "status_429_date"
    STATUS_500_BEFORE = "status_500_before"
    STATUS_500_AFTER = "status_500_after"
    STATUS_503_BEFORE = "status_503_before"
    STATUS_503_AFTER = "status_503_after"
    STATUS_520 = "status_520"
    REDIRECT = "redirect"
    NULL_DATA = "null_data"
    UNKNOWN_STATUS = "unknown_status"
    POD_FAILS = "pod_fails"
    POD_STUCK = "pod_stuck"
    NO_CAPACITY = "no_capacity"
    LIST_LAGS = "list_lags"


@dataclass(frozen=True)
class Kind:
    """What is fixed about a fault.

    Attributes:
        about: What happens, for people.
        effect: Whether the request takes effect, where a rule does not say; None where a rule cannot.
        operations: The operations that it can happen to.
        options: The names of its options, and what they are when a rule does not say.
    """

    about: str
    effect: bool
    effect_is_fixed: bool = True
    operations: tuple[str, ...] = (CREATE, LIST, DELETE)
    options: Mapping[str, Any] | None = None


KINDS: Mapping[Fault, Kind] = {
    Fault.CONNECTION_REFUSED: Kind("nobody listens", effect=False, options={"seconds": 1.0}),
    Fault.CONNECT_TIMEOUT: Kind(
        "no connection comes about, and nobody says no", effect=False, options={"seconds": 1.0}
    ),
    Fault.RESET_BEFORE: Kind("the connection is reset once the request was sent, without effect", effect=False),
    Fault.RESET_AFTER: Kind("the connection is reset after the request took effect", effect=True),
    Fault.NO_ANSWER: Kind("no answer ever comes", effect=True, effect_is_fixed=False),
    Fault.SLOW_ANSWER: Kind("the answer takes `seconds`", effect=True, options={"seconds": 5.0}),
    Fault.CUT_SHORT: Kind("the connection ends in the middle of the body", effect=True, effect_is_fixed=False),
    Fault.HTML_200: Kind("HTTP 200 with a page of HTML", effect=True, effect_is_fixed=False),
    Fault.HTML_502: Kind("HTTP 502 with a page of HTML, as a gateway has", effect=False, effect_is_fixed=False),
    Fault.HTML_503: Kind("HTTP 503 with a page of HTML", effect=False, effect_is_fixed=False),
    Fault.NOT_JSON: Kind("HTTP 200 with JSON that breaks off", effect=True, effect_is_fixed=False),
    Fault.BUSINESS_CODE: Kind(
        "HTTP 200 with a `code` other than 10000",
        effect=False,
        effect_is_fixed=False,
        options={"code": SYSTEM_ERROR, "message": "system error"},
    ),
    Fault.STATUS_401: Kind("HTTP 401", effect=False),
    Fault.STATUS_403: Kind("HTTP 403, code 10004", effect=False),
    Fault.STATUS_404: Kind("HTTP 404", effect=False),
    Fault.STATUS_409: Kind("HTTP 409, code 12001", effect=False),
    Fault.STATUS_422: Kind("HTTP 422, code 10001", effect=False),
    Fault.STATUS_429: Kind("HTTP 429 with `Retry-After` in seconds", effect=False, options={"retry_after": 1}),
    Fault.STATUS_429_DATE: Kind(
        "HTTP 429 with `Retry-After` as a date, of this machine's real time", effect=False, options={"retry_after": 1}
    ),
    Fault.STATUS_500_BEFORE: Kind("HTTP 500, without effect", effect=False),
    Fault.STATUS_500_AFTER: Kind("HTTP 500 after the request took effect", effect=True),
    Fault.STATUS_503_BEFORE: Kind("HTTP 503, without effect", effect=False),
    Fault.STATUS_503_AFTER: Kind("HTTP 503 after the request took effect", effect=True),
    Fault.STATUS_520: Kind("HTTP 520 as text, as a content network has", effect=True, effect_is_fixed=False),
    Fault.REDIRECT: Kind("HTTP 307 to another host", effect=False),
    Fault.NULL_DATA: Kind("success with `data` null", effect=True, operations=(CREATE, LIST)),
    Fault.UNKNOWN_STATUS: Kind(
        "every pod has a status that nobody knows", effect=True, operations=(LIST,), options={"status": "RESIZING"}
    ),
    Fault.POD_FAILS: Kind("the pod goes to FAILED instead of RUNNING", effect=True, operations=(CREATE,)),
    Fault.POD_STUCK: Kind("the pod never leaves INITIALIZE", effect=True, operations=(CREATE,)),
    Fault.NO_CAPACITY: Kind(
        "HTTP 200 with `code` 12001, for lack of a code that is known to mean it",
        effect=False,
        operations=(CREATE,),
        options={"code": WRONG_STATE, "message": "no capacity"},
    ),
    Fault.LIST_LAGS: Kind(
        "the pod is not in the list at first", effect=True, operations=(CREATE,), options={"seconds": 5.0}
    ),
}


@dataclass(frozen=True)
class Rule:
    """A fault that is to happen.

    Attributes:
        operation: To which operation, by its operationId; `*` for any that it can happen to.
        fault: What.
        times: How many times more; None for always.
        probability: How likely at each request; None for certainly.
        effect: Whether the request takes effect.
        options: More about it.
    """

    operation: str
    fault: Fault
    times: int | None
    probability: float | None
    effect: bool
    options: Mapping[str, Any]

    @property
    def is_of_doors(self) -> bool:
        """Whether a server lets it happen to everybody who connects, at once."""
        return self.probability is None and self.fault in DOORS

    def concerns(self, operation: str) -> bool:
        """Whether it can happen to a request for an operation."""
        return operation in KINDS[self.fault].operations and self.operation in {ANY, operation}

    def to_json(self) -> dict[str, Any]:
        """The rule, as JSON values; what `Faults.add` takes."""
        options = dict(self.options)
        if not isinstance(options.get("seconds", 0.0), int | float):
            options["seconds"] = duration_text(options["seconds"])
        value = {**asdict(self), "fault": str(self.fault), "options": None}
        effect = {} if KINDS[self.fault].effect_is_fixed else {"effect": self.effect}
        return {name: value[name] for name in ("operation", "fault", "times", "probability")} | effect | options


class Door(Protocol):
    """Where connections come in, of a server: on a socket, a fault of connections happens before any request."""

    def shut(self, rule: Rule) -> None:
        """Lets what a rule says happen to everybody who connects."""
        ...

    def open(self) -> None:
        """Lets connections in again."""
        ...


class Faults:
    """The faults that are to happen, and those that did."""

    def __init__(self, operations: Sequence[str], seed: int) -> None:
        self._operations = tuple(operations)
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._chance = random.Random(f"faults {seed}")
        self.counts: Counter[Fault] = Counter()
        """How often each fault has happened."""
        self._doors: list[Door] = []

    def add(
        self,
        /,
        operation: str,
        fault: str,
        *,
        times: int | None = None,
        probability: float | None = None,
        effect: bool | None = None,
        **options: Any,
    ) -> None:
        """Lets a fault happen.

        Args:
            operation: To which operation: `create`, `list`, `delete`, or its operationId; `*` for any.
            fault: Which, by its name.
            times: How many times: once, unless there is a probability, then always.
            probability: How likely at each request, from 0 to 1, by the simulator's seed. Without one it happens at the
                next request, scripted faults one after the other.
            effect: Whether the request takes effect all the same, where the fault leaves that open.
            **options: More about it: `seconds`, `code`, `message`, `retry_after`, `status`.

        Raises:
            ValueError: There is no such fault or operation, or it cannot be so. Nothing was added.
        """
        found = _fault_named(fault)
        kind = KINDS[found]
        rule = Rule(
            operation=self._operation_named(operation, kind, found),
            fault=found,
            times=_times(times, probability),
            probability=_probability(probability),
            effect=kind.effect if effect is None else _effect(effect, kind, found),
            options={**(kind.options or {}), **_options(options, kind, found)},
        )
        with self._lock:
            doors = tuple(self._doors) if rule.is_of_doors else ()
            if doors:
                self.counts[found] += rule.times or 1
            else:
                self._rules.append(rule)
        for door in doors:
            door.shut(rule)

    def clear(self) -> None:
        """Lets no more faults happen. What has happened stays counted."""
        with self._lock:
            self._rules.clear()
        self._open_doors()

    def begin_at(self, door: Door) -> None:
        """Lets faults of connections happen at a door, those first that were waiting for one."""
        with self._lock:
            waiting = [rule for rule in self._rules if rule.is_of_doors]
            self._rules = [rule for rule in self._rules if not rule.is_of_doors]
            self.counts.update({rule.fault: rule.times or 1 for rule in waiting})
            self._doors.append(door)
        for rule in waiting:
            door.shut(rule)

    def end_at(self, door: Door) -> None:
        """Lets them happen there no more."""
        with self._lock:
            self._doors.remove(door)

    @property
    def pending(self) -> Sequence[Rule]:
        """The faults that are still to happen."""
        with self._lock:
            return tuple(self._rules)

    def draw(self, operation: str) -> Rule | None:
        """The fault that happens to a request now: the first scripted one, else the first that chance decides for."""
        with self._lock:
            concerned = [(index, rule) for index, rule in enumerate(self._rules) if rule.concerns(operation)]
            for index, rule in sorted(concerned, key=lambda pair: pair[1].probability is not None):
                if rule.probability is None or self._chance.random() < rule.probability:
                    self._use(index, rule)
                    return rule
            return None

    def reset(self) -> None:
        """Forgets everything, and lets chance begin anew."""
        with self._lock:
            self._rules.clear()
            self.counts.clear()
            self._chance = random.Random(f"faults {self._seed}")
        self._open_doors()

    def to_json(self) -> list[dict[str, Any]]:
        """The faults that are still to happen, as JSON values."""
        return [rule.to_json() for rule in self.pending]

    def __repr__(self) -> str:
        rules = ", ".join(f"{rule.fault} of {rule.operation}" for rule in self.pending)
        return f"<{type(self).__name__} {rules or 'none pending'}>"

    def _open_doors(self) -> None:
        # Without the lock: a server that waits for it could open nothing.
        with self._lock:
            doors = tuple(self._doors)
        for door in doors:
            door.open()

    def _use(self, index: int, rule: Rule) -> None:
        self.counts[rule.fault] += 1
        if rule.times is None:
            return
        if rule.times > 1:
            self._rules[index] = replace(rule, times=rule.times - 1)
        else:
            del self._rules[index]

    def _operation_named(self, name: str, kind: Kind, fault: Fault) -> str:
        if name == ANY:
            return ANY
        found = [operation for operation in self._operations if name in (operation, _verb(operation))]
        if not found:
            known = ", ".join(_verb(operation) for operation in self._operations)
            raise ValueError(f"there is no operation {name!r}; there are {known}, and '{ANY}' for any")
        if found[0] not in kind.operations:
            possible = ", ".join(_verb(operation) for operation in kind.operations)
            raise ValueError(f"{fault} cannot happen to {name}; it can to {possible}")
        return found[0]


DOORS = frozenset({Fault.CONNECTION_REFUSED, Fault.CONNECT_TIMEOUT})
"""What happens before there is a connection."""


def _verb(operation: str) -> str:
    """`create` of `createPod`."""
    return "".join(operation[: next((i for i, c in enumerate(operation) if c.isupper()), len(operation))])


def _fault_named(name: str) -> Fault:
    try:
        return Fault(str(name).strip().lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(Fault)}") from None


def _times(times: object, probability: object) -> int | None:
    if times is None:
        return 1 if probability is None else None
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise ValueError(f"times is {times!r}; it must be 1 or more")
    return times


def _probability(probability: object) -> float | None:
    if probability is None:
        return None
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability!r}; it must be from 0 to 1")
    return float(probability)


def _effect(effect: object, kind: Kind, fault: Fault) -> bool:
    if not isinstance(effect, bool):
        raise ValueError(f"effect is {effect!r}; it must be True or False")  # noqa: TRY004  # as for every other one
    if kind.effect_is_fixed and effect != kind.effect:
        raise ValueError(f"effect is {effect!r}; {fault} always happens {'with' if kind.effect else 'without'} effect")
    return effect


def _options(options: Mapping[str, Any], kind: Kind, fault: Fault) -> dict[str, Any]:
    known = kind.options or {}
    checked: dict[str, Any] = {}
    for name, value in options.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise ValueError(f"{fault} has no option {name!r}; it has {names}")
        checked[name] = _option(name, value, fault)
    return checked


def _option(name: str, value: Any, fault: Fault) -> Any:
    if name == "seconds":
        return _seconds(value, fault)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if name == "code" and not (is_number and -(2**31) <= value < 2**31 and value != SUCCESS):
        raise ValueError(f"code is {value!r}; it must be a whole number of 32 bits, and not {SUCCESS}: that is success")
    if name == "retry_after" and not (is_number and 0 <= value < LONGEST_SECONDS):
        raise ValueError(f"retry_after is {value!r}; it must be a whole number, 0 or more")
    if name in {"message", "status"} and not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}; it must be text")
    return value


def _seconds(value: Any, fault: Fault) -> Duration:
    duration: Duration = read_duration(value) if isinstance(value, str) else value
    check_duration(duration, "seconds")
    if fault != Fault.LIST_LAGS and not isinstance(duration, int | float):
        raise ValueError(f"seconds is {value!r}; for {fault} it must be a number of seconds")
    return duration


def described() -> str:
    """The faults as a table, for the documentation."""
    lines = ["| fault | what happens | takes effect | of | options |", "|---|---|---|---|---|"]
    for fault, kind in KINDS.items():
        effect = ("yes" if kind.effect else "no") + ("" if kind.effect_is_fixed else ", or as `effect=` says")
        operations = "any" if len(kind.operations) > 2 else ", ".join(map(_verb, kind.operations))
        options = ", ".join(f"`{name}={value!r}`" for name, value in (kind.options or {}).items())
        lines.append(f"| `{fault}` | {kind.about} | {effect} | {operations} | {options} |")
    return "\n".join(lines)
