from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from yottalabs_mock import Simulator

from . import fidelity, mutants
from .points import FIDELITY, MUTANTS
from support.wire import Exchanged, differences

RANDOM_CASES = 20  # of an operation; the directed ones come on top
FEWEST_CASES = 250  # of an operation


@pytest.mark.gate(FIDELITY)
def test_the_client_says_on_the_wire_what_the_caller_said(
    prism: str, tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    report = fidelity.run(prism)
    tell(f"to Prism: {report}")
    cases(report.cases.total())
    assert report.findings == []
    assert report.missed == []


@pytest.mark.gate(FIDELITY)
def test_the_simulator_gets_what_the_caller_said_and_the_caller_what_it_holds(
    tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    simulator = Simulator()
    creators: set[str] = set()

    def follow(case: fidelity.Case, exchanged: Exchanged) -> Iterator[fidelity.Case]:
        if case.operation == "createPod":
            creators.add(case.api_key)
        elif case.operation == "listPods":
            data = json.loads(exchanged.answer)["data"]
            assert bool(data) == (case.api_key in creators)
            held = [pod.document for pod in simulator.pods.values() if data and pod.owner == data[0]["orgId"]]
            assert differences(held, data, "data") == []
        yield from fidelity.life(case, exchanged)

    with simulator.serve() as base_url:
        report = fidelity.run(base_url, RANDOM_CASES, follow)
    tell(f"to the simulator: {report}")
    cases(report.cases.total())
    assert report.findings == []
    assert report.missed == []
    assert min(report.cases[name] for name in ("createPod", "listPods", "deletePod")) >= FEWEST_CASES


@pytest.fixture
def asked(mutant: mutants.Mutant, prism: str) -> Iterator[str]:
    """The base URL of whom a mutant talks to."""
    if mutant.needs_memory:
        with Simulator().serve() as base_url:
            yield base_url
    else:
        yield prism


@pytest.mark.gate(MUTANTS)
@pytest.mark.parametrize("mutant", mutants.BASELINES, ids=str)
def test_the_baseline_of_the_mutants_is_green(mutant: mutants.Mutant, asked: str, tmp_path: Path) -> None:
    report = mutants.run(mutant, tmp_path, asked)
    assert report["findings"] == []
    assert report["missed"] == [] or mutant.needs_memory
    assert report["sent"] > (300 if mutant.needs_memory else 500)


@pytest.mark.gate(MUTANTS)
@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=str)
def test_a_mutant_is_caught_by_name(
    mutant: mutants.Mutant, asked: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    report = mutants.run(mutant, tmp_path, asked)
    caught = mutants.caught_by(mutant, report)
    tell(f"mutant: {mutant.name}: {caught[0][:120] if caught else 'SURVIVED'}")
    assert caught, f"other findings: {report['findings'][:5]}"
