"""How much is measured: everything for `make bench`, little for CI."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """The sizes and the numbers of rounds.

    Attributes:
        is_full: Whether what takes long and has no goal is measured, too.
        pods: How many pods a long list has.
        many_pods: How many the longest has.
        sizes: The lists for which the growth is drawn.
        waited_for: How many pods one wait is for.
        at_once: How many requests are sent concurrently.
        rounds: How often what takes a part of a second is measured.
        many_rounds: How often what takes a moment is measured.
        few_rounds: How often what takes seconds is measured.
        starts: How often a process is started.
        calls: How many calls are timed as one.
    """

    is_full: bool
    pods: int
    many_pods: int
    sizes: tuple[int, ...]
    waited_for: int
    at_once: int
    rounds: int
    many_rounds: int
    few_rounds: int
    starts: int
    calls: int


FULL = Scale(
    is_full=True,
    pods=10_000,
    many_pods=100_000,
    sizes=(10, 100, 1_000, 10_000, 100_000),
    waited_for=1_000,
    at_once=1_000,
    rounds=11,
    many_rounds=31,
    few_rounds=5,
    starts=21,
    calls=50,
)
SHORT = Scale(
    is_full=False,
    pods=1_000,
    many_pods=5_000,
    sizes=(10, 100, 1_000),
    waited_for=100,
    at_once=200,
    rounds=3,
    many_rounds=3,
    few_rounds=2,
    starts=3,
    calls=20,
)
