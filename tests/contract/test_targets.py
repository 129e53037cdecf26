"""The same behaviours of the client, seen at Prism and at the simulator, and where the two disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from yottalabs import YottaLabs
from yottalabs_mock import Simulator

from .points import TARGETS
from support.behaviours import BEHAVIOURS, REQUEST, Behaviour, disagreements, report
from support.clients import Keyed

pytestmark = pytest.mark.gate(TARGETS)

KEY = "a-key-of-a-test"
NO_MEMORY = "Prism has no memory"
KNOWN = {
    "a key that nobody knows": "Prism takes any key that is not empty",
    "deleting a pod that does not exist": NO_MEMORY,
    "a new pod in the list": NO_MEMORY,
    "finding a new pod by its token": NO_MEMORY,
    "creating again with a token": NO_MEMORY,
    "a deleted pod in the list": NO_MEMORY,
    "deleting a pod twice": NO_MEMORY,
}
"""Where the two may disagree, and why."""


@pytest.fixture
def targets(prism: str) -> Iterator[dict[str, str]]:
    with Simulator(api_keys=[KEY], clock="real").serve() as simulator:
        with YottaLabs(KEY, base_url=simulator) as client:
            client.pods.create(**REQUEST)  # so that there is something to see
        yield {"Prism": prism, "the simulator": simulator}


@pytest.mark.parametrize("target", ["Prism", "the simulator"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=str)
def test_a_behaviour_holds(
    behaviour: Behaviour, target: str, targets: dict[str, str], make: Callable[..., Any]
) -> None:
    with Keyed(make, targets[target], KEY) as client:
        assert behaviour.look(client)


def test_the_targets_disagree_only_where_it_is_known(
    targets: dict[str, str], make: Callable[..., Any], tell: Callable[[str], None], cases: Callable[[int], None]
) -> None:
    seen: dict[str, dict[str, str]] = {}
    for name, base_url in targets.items():
        with Keyed(make, base_url, KEY) as client:
            seen[name] = {behaviour.name: behaviour.look(client) for behaviour in BEHAVIOURS}
    tell(report(seen))
    cases(2 * len(BEHAVIOURS))
    assert disagreements(seen).keys() == KNOWN.keys()
