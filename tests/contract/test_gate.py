"""The contract is valid and clean, so are its examples, and everything generated is what it gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import check
from .points import GENERATED, VALID
from support import contract


@pytest.mark.gate(VALID)
def test_the_contract_is_valid() -> None:
    assert check.contract_is_valid() == []


@pytest.mark.gate(VALID)
def test_the_contract_is_clean() -> None:
    assert check.contract_is_clean() == []


@pytest.mark.gate(VALID)
def test_every_example_in_the_contract_is_valid(cases: Callable[[int], None]) -> None:
    cases(len(list(check.examples(contract.document()))))
    assert check.examples_are_valid() == []


@pytest.mark.gate(GENERATED)
def test_everything_generated_is_current() -> None:
    assert check.generated_is_current() == []
