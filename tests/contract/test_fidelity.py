from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import fidelity, mutants


def test_the_client_says_on_the_wire_what_the_caller_said(prism: str, tell: Callable[[str], None]) -> None:
    report = fidelity.run(prism)
    tell(str(report))
    assert report.findings == []
    assert report.missed == []


def test_the_baseline_of_the_mutants_is_green(prism: str, tmp_path: Path) -> None:
    report = mutants.run(mutants.BASELINE, tmp_path, prism)
    assert report["findings"] == []
    assert report["missed"] == []
    assert report["sent"] > 500


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=str)
def test_a_mutant_is_caught_by_name(
    mutant: mutants.Mutant, prism: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    report = mutants.run(mutant, tmp_path, prism)
    caught = mutants.caught_by(mutant, report)
    tell(f"mutant: {mutant.name}: {caught[0][:120] if caught else 'SURVIVED'}")
    assert caught, f"other findings: {report['findings'][:5]}"
