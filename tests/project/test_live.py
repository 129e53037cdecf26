"""`make live` looks at the API that it is told, changes nothing, and tells what is different there, but no values."""

from __future__ import annotations

from yottalabs import YottaLabs
from yottalabs_mock import Simulator

from .checkout import run
from support.contract import ROOT

KEY = "the-key-of-an-organisation"


def test_it_tells_where_an_api_differs_and_changes_nothing() -> None:
    simulator = Simulator(api_keys=[KEY], clock="real", dialect="later")
    with simulator.serve() as base_url:
        with YottaLabs(KEY, base_url=base_url) as client:
            client.pods.create(
                image="x", gpu_type="NVIDIA_L4_24G", environment_vars={"A": "a-secret-value"}, expose=[22]
            )
        environment = {"YOTTA_API_KEY": KEY, "YOTTA_BASE_URL": base_url}
        printed = run(["make", "live"], cwd=ROOT, environment=environment).stdout
    assert "the real API and the simulator agree on" in printed
    assert "how speeds and prices are said: text" in printed
    assert "INITIALIZING" in printed
    assert "internalIp" in printed
    assert "a-secret-value" not in printed
    assert KEY not in printed
    (created, *looked) = simulator.requests
    assert created.operation == "createPod"
    assert {request.method for request in looked} == {"GET"}
    assert len(looked) > len(simulator.pods) == 1


def test_without_a_key_it_says_what_it_needs() -> None:
    done = run(["make", "live"], cwd=ROOT, environment={"YOTTA_API_KEY": ""}, check=False)
    assert done.returncode != 0
    assert "set YOTTA_API_KEY" in done.stderr


def test_an_api_that_the_client_cannot_read_fails() -> None:
    simulator = Simulator(api_keys=[KEY], clock="real")
    with simulator.serve() as base_url:
        environment = {"YOTTA_API_KEY": KEY, "YOTTA_BASE_URL": base_url}
        simulator.faults.add("list", "html_200", probability=1)
        done = run(["make", "live"], cwd=ROOT, environment=environment, check=False)
    assert done.returncode != 0
    assert "ResponseValidationError" in done.stdout
