from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from enum import Enum
from typing import Any

import httpx2
import pytest
from yottalabs import (
    APIConnectionError,
    APITimeoutError,
    CreateOutcomeUnknownError,
    CreateParams,
    GpuType,
    InvalidArgumentError,
    Protocol,
    ResponseValidationError,
    ServerError,
    YottaLabsError,
)

from support.scripted import Scripted, envelope
from support.tokens import with_token

Client = Callable[..., Any]
REQUIRED = {"image": "x", "gpu_type": "NVIDIA_L4_24G"}


def sent(transport: Scripted) -> Any:
    """The body of the one request, without the create token, which is the last of its environment variables."""
    (request,) = transport.requests
    body = json.loads(request.content)
    *given, _ = body["environmentVars"]
    others = {name: value for name, value in body.items() if name != "environmentVars"}
    said = {**others, "environmentVars": given} if given else others
    assert body == with_token(said, body)
    return said


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (43264375788654, "43264375788654"),
        ("333697876700471297", "333697876700471297"),
        (333697876700471297, "333697876700471297"),
        (2**59 + 1, str(2**59 + 1)),
        ({"id": "331864222263676929", "status": "INITIALIZE"}, "331864222263676929"),
        ({"id": 331864222263676929}, "331864222263676929"),
    ],
)
def test_the_id_is_text_whatever_its_form(client: Client, data: Any, expected: str) -> None:
    assert client(Scripted(data)).pods.create(**REQUIRED) == expected


@pytest.mark.parametrize(
    "data",
    [
        *(None, "", " ", True, 4.3e13, [], ["1"], {}, {"id": None}, {"id": 1.5}),
        *(0, -1, "a/b", "..", "\ud800", "a\nb"),
    ],
)
def test_a_success_without_an_id_says_that_the_pod_may_exist(client: Client, data: Any) -> None:
    with pytest.raises(CreateOutcomeUnknownError, match="before you create it again") as caught:
        client(Scripted(data)).pods.create(**REQUIRED)
    cause = caught.value.__cause__
    assert isinstance(cause, ResponseValidationError)
    assert cause.status_code == 200
    assert b"success" in cause.body


def test_only_what_is_given_is_sent_and_a_token(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(**REQUIRED)
    (request,) = transport.requests
    body = json.loads(request.content)
    assert list(body) == ["image", "gpuType", "environmentVars"]
    assert len(body["environmentVars"]) == 1
    assert sent(transport) == {"image": "x", "gpuType": "NVIDIA_L4_24G"}


@pytest.mark.parametrize("variables", [None, {}, {"A": "1"}])
def test_without_a_token_only_what_is_given_is_sent(client: Client, variables: dict[str, str] | None) -> None:
    given = {} if variables is None else {"environment_vars": variables}
    transport = Scripted("1")
    client(transport).pods.create(**REQUIRED, **given, create_token=None)
    (request,) = transport.requests
    pairs = [{"key": name, "value": value} for name, value in (variables or {}).items()]
    expected = {} if variables is None else {"environmentVars": pairs}
    assert json.loads(request.content) == {"image": "x", "gpuType": "NVIDIA_L4_24G", **expected}


def test_friendly_forms_become_the_documented_ones(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(
        **REQUIRED,
        name="my pod",
        gpu_count=1,
        environment_vars={"A": "1", "B": ""},
        expose=[22, 8000, (8001, "http"), (22, None), (9000, Protocol.TCP), {"port": 7}],
    )
    assert sent(transport) == {
        "image": "x",
        "gpuType": "NVIDIA_L4_24G",
        "podName": "my pod",
        "gpuCount": 1,
        "environmentVars": [{"key": "A", "value": "1"}, {"key": "B", "value": ""}],
        "expose": [
            {"port": 22, "protocol": "SSH"},
            {"port": 8000},
            {"port": 8001, "protocol": "HTTP"},
            {"port": 22},
            {"port": 9000, "protocol": "TCP"},
            {"port": 7},
        ],
    }


def test_environment_variables_may_be_pairs_and_repeat(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(**REQUIRED, environment_vars=(pair for pair in [("A", "1"), ["A", "2"]]))
    assert sent(transport)["environmentVars"] == [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]


def test_enumerations_match_in_any_case(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(image="x", gpu_type=GpuType.NVIDIA_L4_24G, cloud_type="community")
    assert sent(transport) == {"image": "x", "gpuType": "NVIDIA_L4_24G", "cloudType": "COMMUNITY"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"gpu_type": "NVIDIA_H200_141G"}, "gpu_type"), ({"expose": [(80, "HTTPS")]}, r"expose\[0\]")],
)
def test_an_undocumented_value_is_sent_with_one_warning_at_the_caller(
    client: Client, arguments: Any, named: str
) -> None:
    transport = Scripted("1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client(transport).pods.create(**{**REQUIRED, **arguments})
    assert len(caught) == 1
    assert named.replace("\\", "") in str(caught[0].message)
    assert "H200" in transport.requests[0].content.decode() or "HTTPS" in transport.requests[0].content.decode()


def test_the_warning_points_at_the_callers_line() -> None:
    from yottalabs import YottaLabs

    with pytest.warns(UserWarning, match="NVIDIA_H200") as caught:
        YottaLabs("k", transport=Scripted("1")).pods.create(image="x", gpu_type="NVIDIA_H200")
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="UDP") as caught:
        YottaLabs("k", transport=Scripted("1")).pods.create(image="x", gpu_type="NVIDIA_L4_24G", expose=[(53, "UDP")])
    assert caught[0].filename == __file__


class Mine(str, Enum):  # noqa: UP042  # a StrEnum has not the trap
    """A member's `str` is its name, not its value."""

    GPU = "NVIDIA_H200_141G"
    STATUS = "STOPPED"
    KNOWN = "nvidia_l4_24g"
    PROTOCOL = "HTTPS"


@pytest.mark.filterwarnings("ignore:.*is not among the documented")
def test_an_enumeration_of_the_callers_is_sent_by_its_value(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(image="x", gpu_type=Mine.GPU, expose=[(80, Mine.PROTOCOL)])
    assert sent(transport)["gpuType"] == "NVIDIA_H200_141G"
    assert sent(transport)["expose"] == [{"port": 80, "protocol": "HTTPS"}]
    transport = Scripted("1")
    client(transport).pods.create(image="x", gpu_type=Mine.KNOWN)
    assert sent(transport)["gpuType"] == "NVIDIA_L4_24G"
    assert len(client(Scripted([{"id": "1", "status": "STOPPED"}])).pods.list(status=Mine.STATUS)) == 1


def test_undocumented_fields_go_into_extra_fields(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(**REQUIRED, extra_fields={"shmInGb": 8, "nested": {"a": [1]}})
    assert sent(transport)["shmInGb"] == 8
    assert sent(transport)["nested"] == {"a": [1]}


SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    ("arguments", "argument", "message"),
    [
        ({"image": None}, "image", "image is None; it must be a str"),
        ({"image": b"x"}, "image", "it must be a str"),
        ({"image": ""}, "image", "must not be empty"),
        ({"gpu_type": 7}, "gpu_type", "gpu_type is 7"),
        ({"gpu_type": ""}, "gpu_type", "must not be empty"),
        ({"gpu_count": "1"}, "gpu_count", "gpu_count is '1'; it must be an int"),
        ({"gpu_count": True}, "gpu_count", "gpu_count is True"),
        ({"gpu_count": 1.5}, "gpu_count", "gpu_count is 1.5; it must be an int"),
        ({"expose": [(22.5, "SSH")]}, "expose[0].port", "22.5; it must be an int"),
        ({"persistent_volume_in_gb": None}, "persistent_volume_in_gb", "None; it must be an int"),
        ({"gpu_count": 0}, "gpu_count", "gpu_count is 0; it must be at least 1"),
        ({"gpu_count": 2**31}, "gpu_count", "at most 2147483647"),
        ({"name": 5}, "name", "name is 5"),
        ({"expose": [70000]}, "expose[0].port", "70000; it must be at most 65535"),
        ({"expose": [22, (0, "TCP")]}, "expose[1].port", "0; it must be at least 1"),
        ({"expose": ["22"]}, "expose[0]", "'22'; it must be a port"),
        ({"expose": [True]}, "expose[0]", "True; it must be a port"),
        ({"expose": [(22, "SSH", 1)]}, "expose[0]", "it must be a port"),
        ({"expose": [(22, 5)]}, "expose[0].protocol", "5; it must be a str"),
        ({"expose": [{"protocol": "SSH"}]}, "expose[0].port", "missing"),
        ({"expose": 22}, "expose", "22; it must be a list"),
        ({"expose": "22"}, "expose", "it must be a list"),
        ({"image_public_type": "PRIVATE"}, "image_registry_username", "image_registry_token are missing"),
        (
            {"image_public_type": "private", "image_registry_username": "u"},
            "image_registry_token",
            "image_registry_token is missing, which the other arguments ask for",
        ),
        ({"persistent_volume_in_gb": 1}, "persistent_mount_path", "missing"),
        ({"name": SECRET + "\ud800"}, "name", "not valid Unicode"),
        ({"environment_vars": {"A": 8888}}, "environment_vars[0].value", "type int (not shown)"),
        ({"environment_vars": {"A": SECRET.encode()}}, "environment_vars[0].value", "type bytes (not shown)"),
        ({"environment_vars": {1: "A"}}, "environment_vars[0].key", "type int"),
        ({"environment_vars": "A=" + SECRET}, "environment_vars", "must be a mapping"),
        ({"environment_vars": ["A=" + SECRET]}, "environment_vars[0]", "not a pair"),
        ({"environment_vars": [("A", SECRET, 1)]}, "environment_vars[0]", "not a pair"),
        ({"environment_vars": 5}, "environment_vars", "must be a mapping"),
        ({"environment_vars": {"A": SECRET + "\ud800"}}, "environment_vars", "not valid Unicode"),
        ({"image_registry_token": SECRET.encode()}, "image_registry_token", "not shown"),
        ({"gpu_cuont": 1}, "gpu_cuont", "did you mean 'gpu_count'?"),
        ({"podName": "x"}, "podName", "did you mean 'name'?"),
        ({"zzz": 1}, "zzz", "extra_fields"),
        ({"extra_fields": {"podName": "x"}}, "extra_fields", "pass name="),
        ({"extra_fields": {"x": object()}}, "extra_fields", "no form in JSON"),
        ({"extra_fields": {"x": float("nan")}}, "extra_fields", "no form in JSON"),
        ({"extra_fields": [("x", 1)]}, "extra_fields", "must be a mapping"),
        ({"extra_fields": {1: 1}}, "extra_fields", "must be a mapping"),
    ],
)
def test_what_the_contract_certainly_forbids_is_refused_before_it_is_sent(
    client: Client, arguments: Any, argument: str | None, message: str
) -> None:
    transport = Scripted("1")
    with pytest.raises(InvalidArgumentError) as caught:
        client(transport).pods.create(**{**REQUIRED, **arguments})
    assert transport.requests == []
    assert message in str(caught.value)
    assert caught.value.argument == argument
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, YottaLabsError)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "image and gpu_type are missing"), ({"image": "x"}, "gpu_type is missing"), ({"gpu_type": "x"}, "image is")],
)
def test_a_missing_argument_is_named(client: Client, arguments: Any, message: str) -> None:
    with warnings.catch_warnings(), pytest.raises(InvalidArgumentError, match=message):
        warnings.simplefilter("ignore")
        client(Scripted("1")).pods.create(**arguments)


def test_a_cpu_pod_may_have_no_gpus(client: Client) -> None:
    transport = Scripted("1")
    client(transport).pods.create(**REQUIRED, resource_type="CPU", gpu_count=0)
    assert sent(transport)["gpuCount"] == 0


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (httpx2.ReadTimeout("slow"), APITimeoutError),
        (httpx2.RemoteProtocolError("gone"), APIConnectionError),
        (envelope(None, 10002, 500), ServerError),
        (httpx2.Response(200, content=b"<html>"), ResponseValidationError),
    ],
)
def test_a_create_that_may_have_happened_says_so(client: Client, step: Any, kind: type[YottaLabsError]) -> None:
    transport = Scripted(step, [])
    with pytest.raises(CreateOutcomeUnknownError, match="may have been created all the same") as caught:
        client(transport).pods.create(**REQUIRED)
    assert type(caught.value.__cause__) is kind
    create, *looks = transport.requests
    assert create.method == "POST"
    assert {(look.method, look.url.path) for look in looks} == {("GET", "/openapi/v1/pods/list")}


@pytest.mark.parametrize(
    "step", [httpx2.ReadTimeout("slow"), envelope(None, 10002, 500), httpx2.Response(200, content=b"<html>")]
)
def test_a_create_without_a_token_that_may_have_happened_says_so_at_once(client: Client, step: Any) -> None:
    transport = Scripted(step)
    with pytest.raises(CreateOutcomeUnknownError, match=r"look for it with pods.list\(\)") as caught:
        client(transport).pods.create(**REQUIRED, create_token=None)
    assert caught.value.create_token is None
    assert len(transport.requests) == 1


@pytest.mark.parametrize("step", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow"), envelope(None, 10001)])
def test_a_create_that_certainly_did_not_happen_does_not_say_so(client: Client, step: Any) -> None:
    transport = Scripted(step)
    with pytest.raises(YottaLabsError) as caught:
        client(transport).pods.create(**REQUIRED)
    assert not isinstance(caught.value, CreateOutcomeUnknownError)
    assert "may have been created" not in str(caught.value)
    assert {request.method for request in transport.requests} == {"POST"}  # nothing is looked for


def test_the_arguments_are_those_of_the_contract() -> None:
    from support import contract

    fields = contract.schema("OpenapiPodCreateRequest")["properties"]
    assert len(CreateParams.__annotations__) == len(fields)
    assert CreateParams.__required_keys__ == {"image", "gpu_type"}
