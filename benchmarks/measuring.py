"""Rounds in which the contenders of an experiment take turns, and the ratios of what they took in the same round.

A machine is faster now and slower then. What is measured in the same round is measured at almost the same time, so
that the ratio of the two says more than either of them.
"""

from __future__ import annotations

import gc
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal, TypeVar

T = TypeVar("T")
Measure = Callable[[], float]
Unit = Literal["s", "B", "per second", "requests"]
Bound = Literal["at most", "less than", "at least", "exactly"]

_COMPARE: Mapping[Bound, Callable[[float, float], bool]] = {
    "at most": operator.le,
    "less than": operator.lt,
    "at least": operator.ge,
    "exactly": operator.eq,
}


class ContenderError(Exception):
    """A contender fails; the message says which, and how."""


class WrongAnswerError(Exception):
    """A contender gives something else than the others, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio is to be."""

    bound: Bound
    value: float

    def missed_by(self, ratio: float) -> float | None:
        """By how many percent of the goal a ratio misses it; None if it is reached."""
        return None if _COMPARE[self.bound](ratio, self.value) else abs(ratio / self.value - 1) * 100

    def __str__(self) -> str:
        return f"{self.bound} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do what an experiment is about.

    Attributes:
        name: What it is called.
        measure: Does it once and gives what it took, in the unit of the experiment.
        result: What it makes, in a form that can be compared with what the others make.
    """

    name: str
    measure: Measure
    result: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what one contender takes, as a ratio to what another one takes.

    Attributes:
        name: What it says.
        reference: The contender that the ratio is to.
        goal: What the ratio is to be; None where it is only reported.
        ours: The contender that it is about.
        baseline: A contender whose measure is taken off both before: what every process takes, for example.
        pods: How many pods it is about, where it is a point of the drawing of how cost grows.
    """

    name: str
    reference: str
    goal: Goal | None = None
    ours: str = "ours"
    baseline: str | None = None
    pods: int | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Contenders that do the same, and the rows that are read off them."""

    contenders: Sequence[Contender]
    rows: Sequence[Row]
    rounds: int
    unit: Unit = "s"

    def check(self) -> None:
        """Compares what the contenders make with what the reference of the first row makes.

        Raises:
            WrongAnswerError: One of them makes something else.
            ContenderError: One of them fails.
        """
        reference = self.rows[0].reference
        results = {
            contender.name: self._done(contender, contender.result)
            for contender in self.contenders
            if contender.result is not None
        }
        for name, result in results.items():
            if result != results[reference]:
                where = _difference(result, results[reference])
                message = f"{self.rows[0].name}: {name!r} makes something else than {reference!r}: {where}"
                raise WrongAnswerError(message)

    def run(self) -> Measured:
        """Measures in rounds: in each, every contender has its turn once, and none is always the first.

        Raises:
            ContenderError: One of them fails.
        """
        values: dict[str, list[float]] = {contender.name: [] for contender in self.contenders}
        for number in range(self.rounds):
            first = number % len(self.contenders)
            for contender in (*self.contenders[first:], *self.contenders[:first]):
                values[contender.name].append(self._done(contender, contender.measure))
        return Measured(self.rows, values, self.unit)

    def _done(self, contender: Contender, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:  # whatever it is, it is told whose it is
            message = f"{self.rows[0].name}: {contender.name!r} fails with {type(error).__name__}: {error}"
            raise ContenderError(message) from error


@dataclass(frozen=True, slots=True)
class Measured:
    """What an experiment gave: for each contender one value for each round."""

    rows: Sequence[Row]
    values: Mapping[str, Sequence[float]]
    unit: Unit

    def findings(self) -> Sequence[Finding]:
        """What its rows say."""
        medians = {name: median(values) for name, values in self.values.items()}
        found = []
        for row in self.rows:
            ratios = self._ratios(row)
            spread = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
            quartiles = (spread[0], spread[2])
            found.append(Finding(row, self.unit, median(ratios), quartiles, len(ratios), medians))
        return found

    def _ratios(self, row: Row) -> list[float]:
        ours, reference = self.values[row.ours], self.values[row.reference]
        baseline = self.values[row.baseline] if row.baseline else [0.0] * len(ours)
        return [(one - off) / (other - off) for one, other, off in zip(ours, reference, baseline, strict=True)]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a row says.

    Attributes:
        row: The row.
        unit: The unit of the contenders' values.
        ratio: The median of the ratios of the rounds.
        quartiles: Between which the half of the ratios lies.
        rounds: How many rounds there were.
        contenders: The median of each contender's values, baseline included.
    """

    row: Row
    unit: Unit
    ratio: float
    quartiles: tuple[float, float]
    rounds: int
    contenders: Mapping[str, float]

    @property
    def missed_by(self) -> float | None:
        """By how many percent the goal is missed; None if it is reached, or if there is none."""
        return None if self.row.goal is None else self.row.goal.missed_by(self.ratio)


def timed(call: Callable[[], object], times: int = 1) -> Measure:
    """Measures how long a call takes.

    The garbage collector is on, as it is for users, and begins clean. What the call gives is dropped when the time has
    been taken.
    """

    def measure() -> float:
        gc.collect()
        kept: object = None
        started = time.perf_counter()
        for _ in range(times):
            kept = call()
        elapsed = time.perf_counter() - started
        del kept
        return elapsed / times

    return measure


def _difference(one: object, other: object) -> str:
    """Where two results begin to differ."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for index, (part, counterpart) in enumerate(zip(one, other, strict=True)):
            if part != counterpart:
                return f"[{index}]{_difference(part, counterpart)}"
    return f" {one!r:.200}, not {other!r:.200}"
