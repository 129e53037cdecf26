"""The pytest plugin: a simulator for each test, and clients on it. It is active wherever the package is installed.

    def test_a_pod_comes_and_goes(yottalabs_simulator, yottalabs_client):
        pod_id = yottalabs_client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
        assert yottalabs_client.pods.wait(pod_id).is_ready  # a minute, in no time
        yottalabs_client.pods.delete(pod_id, wait=True)
        assert yottalabs_simulator.pods[pod_id].status == "TERMINATED"

A fixture `yottalabs_simulator` of your own, in a conftest.py, takes the place of this one, for the clients too.

Nothing is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from yottalabs_mock import Simulator

    from yottalabs import AsyncYottaLabs, YottaLabs

API_KEY = "the-key-of-a-test"
BASE_URL = "http://127.0.0.1"
"""Given, as the key is, so that nothing in the environment of whoever runs the tests is looked at."""
EXTRA = "yottalabs-client[simulator]"


@pytest.fixture
def yottalabs_simulator() -> Simulator:
    """A simulator of its own for each test, without pods, in virtual time."""
    try:
        from yottalabs_mock import Simulator
    except ImportError as error:
        pytest.fail(f"the fixture yottalabs_simulator needs {error.name}; install '{EXTRA}'", pytrace=False)
    return Simulator()


@pytest.fixture
def yottalabs_client(yottalabs_simulator: Simulator) -> Iterator[YottaLabs]:
    """A client on the simulator of the test: nothing leaves the process, and no wait takes time."""
    from yottalabs import YottaLabs

    simulator = yottalabs_simulator
    with YottaLabs(API_KEY, base_url=BASE_URL, transport=simulator.transport, clock=simulator.clock) as client:
        yield client


@pytest.fixture
def yottalabs_async_client(yottalabs_simulator: Simulator) -> AsyncYottaLabs:
    """The same for asynchronous tests. It holds no connection, so nothing has to be closed."""
    from yottalabs import AsyncYottaLabs

    simulator = yottalabs_simulator
    return AsyncYottaLabs(API_KEY, base_url=BASE_URL, transport=simulator.transport, clock=simulator.clock)
