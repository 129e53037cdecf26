"""The simulator's pods live as the model of `life.py` says."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from . import life
from .points import MODEL
from support import contract

pytestmark = pytest.mark.gate(MODEL)

FEWEST_OF_EACH = 3
"""How often each thing has to be done to a pod in each status."""
FEWEST_SEEN = 8
"""How often each status has to be seen in a list."""
FEWEST = {
    "create": 280,
    "list": 500,
    "wait": 300,
    "delete of a pod of another organisation": 90,
    "request with an unknown key": 15,
    "request that must fail": 50,
}
"""How often each other step has to be taken; that much is not left to chance."""
DIRECTED = 2300
FEWEST_BY_CHANCE = 500
"""How many steps there are in all without hypothesis, about, and how many it has to add."""


@pytest.mark.parametrize(("over_a_socket", "examples"), [(False, 100), (True, 20)], ids=["in process", "over a socket"])
def test_pods_live_as_the_model_does(
    over_a_socket: bool, examples: int, tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    steps = life.run(examples, over_a_socket=over_a_socket)
    cases(steps.total())
    done = {f"{what} of a {status} pod": FEWEST_OF_EACH for what, status in product(life.ON_DEMAND, life.WAYS)}
    seen = {f"{status} pod listed": FEWEST_SEEN for status in life.WAYS if status != life.GONE}
    of_each = min(steps[name] for name in done)
    counts = ", ".join(f"{name} {steps[name]}" for name in [*FEWEST, *seen])
    where = "over a socket" if over_a_socket else "in process"
    tell(
        f"model, {where}: {steps.total()} steps: {counts}; {', '.join(life.ON_DEMAND)} {of_each} or more of each status"
    )
    fewest = {**FEWEST, **done, **seen}
    assert {name: steps[name] for name, count in fewest.items() if steps[name] < count} == {}
    assert steps.total() >= DIRECTED + FEWEST_BY_CHANCE


def test_the_model_knows_every_status() -> None:
    statuses = set(contract.document()["components"]["schemas"]["PodStatus"]["enum"])
    assert {*life.WAYS} == {*statuses, life.GONE}
    following = {status for _, status in life.BY_ITSELF.values()} | {status for _, status in life.ON_DEMAND.values()}
    assert {"INITIALIZE", *following} == {*life.WAYS}


@pytest.mark.parametrize("name", life.FORBIDDEN)
def test_what_the_model_takes_for_forbidden_breaks_the_contract(name: str) -> None:
    assert contract.validator(life.REQUEST).is_valid(life.MINIMAL)
    assert not contract.validator(life.REQUEST).is_valid({**life.MINIMAL, **life.FORBIDDEN[name]})
