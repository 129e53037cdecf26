"""The real API, looked at and not touched: `make live`. Needs YOTTA_API_KEY; costs nothing, for nothing is created.

What has to hold of every API fails if it does not. Where the real one says things otherwise than the simulator or the
contract is a report, which holds no value of any pod.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from yottalabs import YottaLabs
from yottalabs_mock import Simulator

from support.behaviours import BEHAVIOURS, REQUEST, Behaviour, report
from support.clients import Keyed

# Read here: a fixture of all tests hides what a developer has in the environment.
KEY = os.environ.get("YOTTA_API_KEY", "")
BASE_URL = os.environ.get("YOTTA_BASE_URL") or None
LOOKS = [behaviour for behaviour in BEHAVIOURS if not behaviour.changes]

pytestmark = pytest.mark.skipif(not KEY, reason="YOTTA_API_KEY is not set")


@pytest.mark.parametrize("behaviour", LOOKS, ids=str)
def test_it_holds_of_the_real_api(behaviour: Behaviour, tell: Callable[[str], None]) -> None:
    with Keyed(YottaLabs, BASE_URL, KEY) as client:
        tell(f"{behaviour.name}: {behaviour.look(client)}")


def test_where_the_real_api_and_the_simulator_disagree(tell: Callable[[str], None]) -> None:
    simulator = Simulator(api_keys=[KEY], clock="real")
    with simulator.serve() as simulated:
        seen: dict[str, dict[str, str]] = {}
        for name, base_url in {"the real API": BASE_URL, "the simulator": simulated}.items():
            with Keyed(YottaLabs, base_url, KEY) as client:
                if base_url == simulated:
                    client.pods.create(**REQUEST)
                seen[name] = {behaviour.name: behaviour.look(client) for behaviour in LOOKS}
    tell(report(seen))


def test_nothing_is_changed_by_looking() -> None:
    """On the simulator, which tells what it was asked."""
    simulator = Simulator(api_keys=[KEY], clock="real")
    with simulator.serve() as base_url, Keyed(YottaLabs, base_url, KEY) as client:
        for behaviour in LOOKS:
            behaviour.look(client)
    operations: set[Any] = {record.operation for record in simulator.requests}
    assert operations <= {"listPods", None}
    assert not simulator.pods
