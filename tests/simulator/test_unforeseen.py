"""What nobody foresaw: a bug of the simulator, and an operation that the contract has and the simulator has not."""

from __future__ import annotations

import logging
from typing import Any

import httpx2
import pytest
from yottalabs_mock import Simulator, _simulator
from yottalabs_mock._contract import Contract

from .asking import KEY, Caller
from support import contract
from support.raw import LIST, still_serves


def test_a_bug_is_answered_logged_and_survived(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sim = Simulator()

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    with sim.serve() as base_url, Caller(base_url) as caller:
        with monkeypatch.context() as patch:
            patch.setattr(sim._api, "answer", broken)
            response = caller.http.get(LIST)
        still_serves(base_url)
    assert response.status_code == 500
    assert response.json() == {"message": "the simulator failed; its log says why", "code": 10002, "data": None}
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.name == "yottalabs_mock"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
    assert KEY not in caplog.text


def test_an_operation_that_it_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    document = contract.document()
    document["paths"]["/openapi/v1/pods/{podId}/pause"] = {
        "post": {**document["paths"]["/openapi/v1/pods/{podId}"]["delete"], "operationId": "pausePod"}
    }
    monkeypatch.setattr(_simulator, "load_contract", lambda: Contract(document))
    response: httpx2.Response = Caller(Simulator()).http.post("/openapi/v1/pods/1/pause")
    assert response.status_code == 501
    assert response.json()["message"] == "the simulator does not know how pausePod is done"
