from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from yottalabs import (
    APIError,
    InvalidArgumentError,
    NotFoundError,
    Pod,
    PodStatus,
    ResponseValidationError,
    YottaLabsError,
)

from support import contract
from support.scripted import Scripted, envelope

Client = Callable[..., Any]


def pods(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**contract.documented_pod(), **change} for change in changes]


def test_the_list_is_pods(client: Client) -> None:
    listed = client(Scripted(pods({"id": "1"}, {"id": "2"}))).pods.list()
    assert [pod.id for pod in listed] == ["1", "2"]
    assert all(isinstance(pod, Pod) for pod in listed)
    assert listed[0].raw == pods({"id": "1"})[0]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["1", "2", "3"]),
        ({"status": "running"}, ["1", "2"]),
        ({"status": PodStatus.TERMINATED}, ["3"]),
        ({"region": "r1"}, ["1", "3"]),
        ({"name": "n"}, ["2"]),
        ({"status": "RUNNING", "region": "r1", "name": "m"}, ["1"]),
    ],
)
def test_the_list_can_be_filtered(client: Client, filters: dict[str, Any], expected: list[str]) -> None:
    listed = pods(
        {"id": "1", "status": "RUNNING", "region": "r1", "podName": "m"},
        {"id": "2", "status": "RUNNING", "region": "r2", "podName": "n"},
        {"id": "3", "status": "TERMINATED", "region": "r1", "podName": None},
    )
    assert [pod.id for pod in client(Scripted(listed)).pods.list(**filters)] == expected


def test_a_filter_by_an_unknown_status_warns(client: Client) -> None:
    with pytest.warns(UserWarning, match="'RUNING' is not among the documented"):
        assert client(Scripted(pods({"status": "RUNNING"}))).pods.list(status="RUNING") == []


def test_a_filter_that_is_none_is_refused_before_anything_is_sent(client: Client) -> None:
    transport = Scripted([])
    with pytest.raises(InvalidArgumentError, match="status is 5"):
        client(transport).pods.list(status=5)
    assert transport.requests == []


@pytest.mark.filterwarnings("ignore:.*is not among the documented")
def test_a_filter_by_an_undocumented_status_matches_in_any_case(client: Client) -> None:
    listed = pods({"id": "1", "status": "STOPPED"}, {"id": "2", "status": None}, {"id": "3", "status": 5})
    assert [pod.id for pod in client(Scripted(listed)).pods.list(status="stopped")] == ["1"]


@pytest.mark.parametrize("answer", [None, []])
def test_an_organisation_without_pods_has_an_empty_list(client: Client, answer: Any) -> None:
    assert client(Scripted(answer)).pods.list() == []


@pytest.mark.parametrize("data", [{}, "pods", 5, True])
def test_a_list_that_is_none_is_an_error(client: Client, data: Any) -> None:
    with pytest.raises(ResponseValidationError):
        client(Scripted(data)).pods.list()


def test_what_is_no_pod_does_not_keep_pods_from_being_listed(client: Client) -> None:
    assert [pod.id for pod in client(Scripted([None, *pods({"id": "1"}), 5, "x"])).pods.list()] == ["1"]


def test_get_takes_the_pod_from_the_list(client: Client) -> None:
    yotta = client(Scripted(pods({"id": "1"}, {"id": "2"})))
    assert yotta.pods.get("2").id == "2"
    assert yotta.pods.get(Pod({"id": "1"})).id == "1"


def test_get_names_the_pod_that_is_not_there(client: Client) -> None:
    with pytest.raises(NotFoundError, match="pod 9") as caught:
        client(Scripted(pods({"id": "1"}))).pods.get("9")
    assert caught.value.pod_id == "9"


@pytest.mark.parametrize("data", [None, [{"id": 1.5}], ["x"], [{}]])
def test_get_does_not_take_what_cannot_be_read_for_no_pod(client: Client, data: Any) -> None:
    with pytest.raises(ResponseValidationError, match="it may exist") as caught:
        client(Scripted(data)).pods.get("9")
    assert caught.value.pod_id == "9"


def test_a_broken_character_or_an_endless_number_does_not_cost_the_rest(client: Client) -> None:
    digits = b"9" * 5000
    pod = b'{"id": "1", "podName": "caf\xe9", "region": "r", "unknown": ' + digits + b"}"
    answer = httpx2.Response(200, content=b'{"code": 10000, "data": [' + pod + b"]}")
    (found,) = client(Scripted(answer)).pods.list()
    assert (found.id, found.name, found.region) == ("1", "caf\ufffd", "r")
    assert found.raw["unknown"] == digits.decode()


@pytest.mark.parametrize("data", [None, {}, True, {"anything": 1}])
def test_delete_takes_every_documented_success(client: Client, data: Any) -> None:
    transport = Scripted(data)
    assert client(transport).pods.delete("331864222263676928") is None
    assert transport.requests[0].method == "DELETE"
    assert transport.requests[0].url.path == "/openapi/v1/pods/331864222263676928"


def test_delete_takes_an_answer_without_data(client: Client) -> None:
    assert client(Scripted(httpx2.Response(200, json={"code": 10000}))).pods.delete("1") is None


def test_delete_does_not_take_false_for_a_success(client: Client) -> None:
    with pytest.raises(ResponseValidationError, match="false") as caught:
        client(Scripted(False)).pods.delete("1")
    assert caught.value.pod_id == "1"


@pytest.mark.parametrize("pod_id", ["", ".", "..", "a/b", "../list", "\ud800", None, 5, b"1", Pod({})])
def test_what_is_no_id_is_refused_before_it_is_sent(client: Client, pod_id: Any) -> None:
    transport = Scripted(None)
    with pytest.raises(InvalidArgumentError, match="pod is") as caught:
        client(transport).pods.delete(pod_id)
    assert caught.value.argument == "pod"
    assert transport.requests == []


def test_an_id_that_no_url_can_hold_is_refused(client: Client) -> None:
    transport = Scripted(None)
    with pytest.raises(InvalidArgumentError) as caught:
        client(transport).pods.delete("1" * 100_000)
    assert transport.requests == []
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("method", ["get", "delete", "wait"])
@pytest.mark.parametrize("step", [envelope(None, 10004), envelope(None, 10001, 401)])
def test_every_error_about_a_pod_names_it(client: Client, method: str, step: Any) -> None:
    with pytest.raises(YottaLabsError) as caught:
        getattr(client(Scripted(step)).pods, method)("4711")
    assert caught.value.pod_id == "4711"
    assert "4711" in str(caught.value)


def test_request_gives_the_data_of_what_the_contract_does_not_know(client: Client) -> None:
    transport = Scripted({"anything": [1]})
    yotta = client(transport)
    assert yotta.request("get", "/openapi/v2/gpus", params={"region": "us west", "n": 1}) == {"anything": [1]}
    assert yotta.request("POST", "/openapi/v2/things", json={"a": "ä"}) == {"anything": [1]}
    first, second = transport.requests
    assert (first.method, str(first.url)) == ("GET", "https://api.yottalabs.ai/openapi/v2/gpus?region=us+west&n=1")
    assert first.headers["x-api-key"] == "a-key"
    assert "content-type" not in first.headers
    assert second.content == '{"a":"ä"}'.encode()
    assert second.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("params", "argument"),
    [
        (5, "params"),
        ("a=b", "params"),
        ({5: "a"}, "params"),
        ({"a": None}, "params['a']"),
        ({"a": [1]}, "params['a']"),
        ({"a": float("inf")}, "params['a']"),
        ({"a": "\ud800"}, "params['a']"),
        ({"\ud800": "a"}, "params"),
    ],
)
def test_a_query_that_no_url_can_hold_is_refused(client: Client, params: Any, argument: str) -> None:
    transport = Scripted(None)
    with pytest.raises(InvalidArgumentError) as caught:
        client(transport).request("GET", "/x", params=params)
    assert caught.value.argument == argument
    assert transport.requests == []


def test_request_raises_as_everything_else_does(client: Client) -> None:
    with pytest.raises(APIError, match="code 31337"):
        client(Scripted(envelope(None, 31337, message="odd"))).request("GET", "/openapi/v2/gpus")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "https://elsewhere.example/"),
        ("GET", "//elsewhere.example/"),
        ("GET", "relative"),
        ("GET", "/a/../b"),
        ("GET", "/a/%2e%2e/b"),
        ("GET", "/a?b=c"),
        ("GET", "/a#b"),
        ("GET", "/a b"),
        ("GET", "/\\elsewhere.example"),
        ("GET", "/\ud800"),
        ("GET", 5),
        ("GET\r\nX: y", "/a"),
        ("", "/a"),
        (None, "/a"),
    ],
)
def test_request_goes_nowhere_else(client: Client, method: Any, path: Any) -> None:
    transport = Scripted(None)
    with pytest.raises(InvalidArgumentError):
        client(transport).request(method, path)
    assert transport.requests == []
