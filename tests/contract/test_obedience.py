"""The simulator obeys the contract: schemathesis over a real socket, in every phase and mode, with every check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import obedience, obeying
from .points import SCHEMATHESIS
from support import contract

pytestmark = pytest.mark.gate(SCHEMATHESIS)

# Requests of an operation in a phase: how many valid and invalid ones at least. Where there are none, there can be
# none: the list has neither parameters nor a body, and so no examples. For coverage, schemathesis makes a single valid
# create, since it does not see through the conditions of the contract; `fidelity.py` has directed cases for that.
FEWEST = {
    "examples": {"createPod": (4, 0), "listPods": (0, 0), "deletePod": (1, 0)},
    "coverage": {"createPod": (1, 120), "listPods": (1, 6), "deletePod": (1, 6)},
    "fuzzing": {"createPod": (30, 10), "listPods": (1, 20), "deletePod": (30, 1)},
    "stateful": {"createPod": (50, 10), "listPods": (40, 10), "deletePod": (50, 5)},
}
FEWEST_FOLLOWED = {("createPod", "deletePod"): 10, ("listPods", "deletePod"): 10}
"""How often each link has to be followed, and the pod deleted."""


@pytest.mark.parametrize("phases", [("examples", "coverage", "fuzzing"), ("stateful",)], ids=" ".join)
def test_the_simulator_obeys_the_contract(
    phases: tuple[str, ...], tmp_path: Path, tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    with obeying.simulator().serve() as base_url:
        report = obedience.run(base_url, tmp_path, phases)
    tell(str(report))
    cases(report.asked.total())
    assert list(map(str, report.findings)) == []
    assert report.phases == dict.fromkeys(phases, "success")
    assert {*report.checks} == {*obedience.check_names()}
    too_few = [
        (operation, phase, mode, report.asked[operation, phase, mode])
        for phase in phases
        for operation, fewest in FEWEST[phase].items()
        for mode, count in zip(obedience.MODES, fewest, strict=True)
        if report.asked[operation, phase, mode] < count
    ]
    assert too_few == []
    if "stateful" in phases:
        assert {link for link, count in FEWEST_FOLLOWED.items() if report.followed[link] < count} == set()


def test_no_check_and_no_operation_is_left_out_in_silence(tell: Callable[[str], None]) -> None:
    enabled = obedience.check_names()
    blind = "".join(f"\n  nothing to look at: {name}: {why}" for name, why in obedience.NOTHING_TO_LOOK_AT.items())
    left_out = "".join(f"\n  left out: {name}: {why}" for name, why in obedience.LEFT_OUT.items())
    tell(f"schemathesis against the simulator, checks: {', '.join(enabled)}{blind}{left_out}")
    assert obedience.NOTHING_TO_LOOK_AT.keys() <= set(enabled)
    assert all({*FEWEST[phase]} == {*contract.OPERATIONS} for phase in obedience.PHASES)


def test_it_is_the_contract_that_gives_some_checks_nothing_to_look_at() -> None:
    document = contract.document()
    paths = document["paths"]
    operations = [operation for item in paths.values() for operation in item.values()]
    responses = [*document["components"]["responses"].values()]
    responses += [response for operation in operations for response in operation["responses"].values()]
    assert all("default" in operation["responses"] for operation in operations)
    assert not any("headers" in response for response in responses)
    assert not any("get" in item for path, item in paths.items() if "{" in path)
    creating = [path for path, item in paths.items() if "post" in item]
    assert not any(path.startswith(f"{above}/") for above in creating for path in paths)
