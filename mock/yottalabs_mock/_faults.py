"""When something goes wrong: scripted, or by chance with a seed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from ._catalogue import ANY, DEEDS, DOORS, KINDS, Fault, Kind, verb
from ._clock import LONGEST_SECONDS
from ._lifecycle import Duration, check_duration, duration_text, read_duration
from ._messages import SUCCESS

MOST_RULES = 10_000
MOST_TIMES = 1_000_000_000
LONGEST_TEXT = 1000  # characters of a message or status


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

    def concerns(self, operation: str, *, is_refused: bool) -> bool:
        """Whether it can happen to a request for an operation, which the API does or refuses."""
        if is_refused and self.fault in DEEDS:
            return False
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
            if len(self._rules) >= MOST_RULES:
                raise ValueError(f"{MOST_RULES} faults are still to happen, and no more are taken; clear them")
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

    def draw(self, operation: str, *, is_refused: bool) -> Rule | None:
        """The fault that happens to a request now: the first scripted one, else the first that chance decides for."""
        with self._lock:
            concerned = [
                (index, rule)
                for index, rule in enumerate(self._rules)
                if rule.concerns(operation, is_refused=is_refused)
            ]
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
        found = [operation for operation in self._operations if name in (operation, verb(operation))]
        if not found:
            known = ", ".join(verb(operation) for operation in self._operations)
            raise ValueError(f"there is no operation {name!r}; there are {known}, and '{ANY}' for any")
        if found[0] not in kind.operations:
            possible = ", ".join(verb(operation) for operation in kind.operations)
            raise ValueError(f"{fault} cannot happen to {name}; it can to {possible}")
        return found[0]


def _fault_named(name: str) -> Fault:
    try:
        return Fault(str(name).strip().lower().replace(" ", "_").replace("-", "_"))
    except ValueError:
        raise ValueError(f"there is no fault {name!r}; there are {', '.join(Fault)}") from None


def _times(times: object, probability: object) -> int | None:
    if times is None:
        return 1 if probability is None else None
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MOST_TIMES:
        raise ValueError(f"times is {times!r}; it must be 1 or more, and at most {MOST_TIMES}")
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
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"{name} has {len(value)} characters; it must have at most {LONGEST_TEXT}")
    return value


def _seconds(value: Any, fault: Fault) -> Duration:
    duration: Duration = read_duration(value) if isinstance(value, str) else value
    check_duration(duration, "seconds")
    if fault != Fault.LIST_LAGS and not isinstance(duration, int | float):
        raise ValueError(f"seconds is {value!r}; for {fault} it must be a number of seconds")
    return duration
