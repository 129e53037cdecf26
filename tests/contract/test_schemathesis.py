"""Prism obeys the contract, by every check of schemathesis that a mock without state can honour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from .points import PRISM
from support import contract

pytestmark = pytest.mark.gate(PRISM)

LEFT_OUT = {
    "ensure_resource_availability": "a created pod is never listed: Prism has no state",
    "ignored_auth": "Prism takes any key that is not empty; that a missing one is refused is tested in tests/mock",
    "object_level_authorization": "every key sees the same pods: Prism knows no owners",
    "use_after_free": "a deleted pod stays deletable: Prism has no state",
}
FEWEST_CASES = 300  # of an operation
FEWEST_CASES_OF_A_MODE = 50

schema = schemathesis.openapi.from_path(str(contract.ROOT / "openapi.yaml"))
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
asked: Counter[GenerationMode] = Counter()
counted: list[Callable[[int], None]] = []
"""Where the test that runs now says how many cases it had."""


def checks() -> dict[str, Any]:
    CHECKS.get_all_names()  # loads those of OpenAPI
    return {check.__name__: check for check in CHECKS.get_all()}


@pytest.fixture(autouse=True)
def enough_is_checked(
    request: pytest.FixtureRequest, tell: Callable[[str], None], cases: Callable[[int], None]
) -> Iterator[None]:
    """A run that checks little, or leaves out what it does not name, fails."""
    if not request.node.name.startswith("test_prism_obeys"):
        yield
        return
    asked.clear()
    counted[:] = [cases]
    yield
    counts = f"{asked[GenerationMode.POSITIVE]} valid and {asked[GenerationMode.NEGATIVE]} invalid requests"
    tell(f"schemathesis against Prism, {request.node.name}: {counts}")
    assert asked.total() >= FEWEST_CASES
    assert min(asked[mode] for mode in GenerationMode) >= FEWEST_CASES_OF_A_MODE


def obeys(case: Any, prism: str) -> None:
    asked[case.meta.generation.mode] += 1
    counted[0](1)
    wanted = [check for name, check in checks().items() if name not in LEFT_OUT]
    left_out = [check for name, check in checks().items() if name in LEFT_OUT]
    case.call_and_validate(base_url=prism, headers={"x-api-key": "any"}, checks=wanted, excluded_checks=left_out)


# One test for each operation: the tests that schemathesis makes of a single function share a name, and of those
# pytest-xdist runs only one.
exactly_so = settings(max_examples=300, derandomize=True, database=None, deadline=None)


@schema.include(operation_id="createPod").parametrize()
@exactly_so
def test_prism_obeys_the_contract_of_create(case: Any, prism: str) -> None:
    obeys(case, prism)


@schema.include(operation_id="listPods").parametrize()
@exactly_so
def test_prism_obeys_the_contract_of_list(case: Any, prism: str) -> None:
    obeys(case, prism)


@schema.include(operation_id="deletePod").parametrize()
@exactly_so
def test_prism_obeys_the_contract_of_delete(case: Any, prism: str) -> None:
    obeys(case, prism)


def test_no_operation_and_no_check_is_left_out_in_silence(tell: Callable[[str], None]) -> None:
    reasons = "".join(f"\n  left out: {name}: {reason}" for name, reason in LEFT_OUT.items())
    tell(f"schemathesis against Prism, checks: {', '.join(sorted(set(checks()) - set(LEFT_OUT)))}{reasons}")
    assert set(LEFT_OUT) <= set(checks())
    tested = {name for name, value in globals().items() if name.startswith("test_prism_obeys")}
    assert len(tested) == len(list(schema.get_all_operations()))
