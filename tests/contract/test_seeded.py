"""Faults in the simulator: the gate notices each by the check that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import life, obedience, seeded
from .points import SEEDED_FAULTS

pytestmark = pytest.mark.gate(SEEDED_FAULTS)


@pytest.mark.parametrize("baseline", seeded.BASELINES, ids=str)
def test_without_a_fault_nothing_is_found(baseline: seeded.Fault, tmp_path: Path) -> None:
    report = seeded.run(baseline, tmp_path)
    assert report["findings"] == []
    assert report["count"] > 150


@pytest.mark.parametrize("fault", seeded.FAULTS, ids=str)
def test_a_fault_is_caught_by_the_check_that_is_there_for_it(
    fault: seeded.Fault, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    report = seeded.run(fault, tmp_path)
    caught = seeded.caught_by(fault, report)
    tell(f"seeded fault: {fault}: {caught[0][:200] if caught else 'SURVIVED'}")
    assert caught, f"other findings: {report['findings'][:5]}"


def test_every_check_catches_a_fault() -> None:
    """One that never does may as well be blind."""
    caught = {judge: {fault.check for fault in seeded.FAULTS if fault.judge == judge} for judge in seeded.JUDGES}
    assert caught[seeded.MODEL] == set(life.EXPECTATIONS)
    assert caught[seeded.SCHEMATHESIS] == set(obedience.check_names()) - obedience.NOTHING_TO_LOOK_AT.keys()
