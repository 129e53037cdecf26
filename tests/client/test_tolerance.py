"""Strange answers: no pod is lost to a field that is not what the contract says, and only our errors escape."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yottalabs import (
    APIError,
    AsyncYottaLabs,
    CreateOutcomeUnknownError,
    ExposedPort,
    Pod,
    ResponseValidationError,
    YottaLabs,
    YottaLabsError,
)
from yottalabs_api import AuthenticatedClient
from yottalabs_api.api.pods import create_pod, delete_pod, list_pods
from yottalabs_api.models import OpenapiPodCreateRequest

from support import contract
from support.clients import Waited
from support.scripted import Scripted, VirtualClock
from support.wire import differences

FIELDS = contract.schema("OpenapiPodDetailResponse")["properties"]
NAMES = {json_name: name for name, json_name in Pod.json_names.items()}
DERIVED = ("ssh_command", "hourly_price", "created", "updated", "is_active", "is_running", "is_ready", "ssh_port")
TYPES = {
    **dict.fromkeys(NAMES.values(), object),
    "id": str,
    "gpu_count": int,
    "single_card_price": Decimal,
    "name": str,
}
LATER_FORMS: dict[str, list[Any]] = {
    "createdAt": [1751624996000, "1751624996000", "2025-07-04T10:29:56Z", "2025-07-04T10:29:56.123+00:00", 1.5e12],
    "updatedAt": [1751624996000, "2025-07-04T10:29:56Z"],
    "status": ["INITIALIZING", "STOPPED", "STOPPING", "running", "RESIZING", ""],
    "gpuType": ["NVIDIA_RTX_4090_24G", "RTX_4090_24G"],
    "cloudType": ["Secure", "Community"],
    "imagePublicType": ["public", "private"],
    "singleCardPrice": ["0.65", 0.65, 1, "1e-3", "free"],
    "id": [331864222263676929, 2**59 + 1, 5],
    "expose": [
        [{"port": 22, "protocol": "https"}],
        [{"port": "22", "protocol": "ssh", "healthy": "true"}],
        [None],
        [[]],
    ],
    "environmentVars": [[{"key": "A"}], [{"value": "B"}], [{"key": 1, "value": 2}], {"A": "B"}, [None, "A=B"]],
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MISSING = object()


@st.composite
def listed_pods(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[set[str]]]:
    """Documented pods, what became of them, and which fields of each were touched."""
    examples = [contract.response_examples("listPods")[name]["data"][0] for name in ("pods", "podsWithTextNumbers")]
    originals = draw(st.lists(st.sampled_from(examples), min_size=1, max_size=3))
    changed, touched = [], []
    for original in originals:
        pod = copy.deepcopy(original)
        fields = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=8))
        for field in fields:
            pod[field] = draw(_strange(field, original[field]))
            if pod[field] is MISSING:
                del pod[field]
        extra = draw(
            st.dictionaries(st.text(max_size=10).filter(lambda name: name not in FIELDS), json_values, max_size=3)
        )
        changed.append({**pod, **extra})
        touched.append(fields)
    return originals, changed, touched


def _strange(field: str, value: Any) -> st.SearchStrategy[Any]:
    other_forms = [None, MISSING, str(value), f"{value} ", [value], {"value": value}, True, 0, -1, 10**30, "", [], {}]
    if isinstance(value, str):
        other_forms += [value.lower(), value.upper(), int(value) if value.isdigit() else 7]
    if isinstance(value, list) and value:
        other_forms += [[*value, None], value + value, [{**value[0], "extra": 1}], [dict.fromkeys(value[0])]]
    return st.sampled_from([*other_forms, *LATER_FORMS.get(field, [])]) | json_values


@contextmanager
def every_client(transport: Scripted) -> Iterator[list[Any]]:
    with asyncio.Runner() as runner:
        makes = (YottaLabs, lambda *given, **options: Waited(AsyncYottaLabs(*given, **options), runner))
        yield [make("k", transport=transport, clock=VirtualClock()) for make in makes]


def answered(error: BaseException | None) -> BaseException | None:
    """The error that an answer led to: the cause of one that tells what is not known of a create."""
    return error.__cause__ if isinstance(error, CreateOutcomeUnknownError) else error


def generated(transport: Scripted) -> AuthenticatedClient:
    client = AuthenticatedClient(token="k")
    client.set_httpx_client(httpx2.Client(base_url="https://api.yottalabs.ai", transport=transport))
    client.set_async_httpx_client(httpx2.AsyncClient(base_url="https://api.yottalabs.ai", transport=transport))
    return client


@settings(max_examples=400)
@given(listed_pods())
def test_all_pods_come_back_with_their_unharmed_fields(
    drawn: tuple[list[dict[str, Any]], list[dict[str, Any]], list[set[str]]],
) -> None:
    originals, changed, touched = drawn
    # What went over the wire: JSON has no NaN, and a float of the test may be written in other digits.
    changed = json.loads(json.dumps(changed))
    with every_client(Scripted(changed)) as clients:
        for client in clients:
            pods = client.pods.list()
            assert len(pods) == len(changed)
            for pod, original, raw, harmed in zip(pods, originals, changed, touched, strict=True):
                assert differences(raw, pod.raw, "pod") == []
                for json_name, name in NAMES.items():
                    value = getattr(pod, name)
                    assert value is None or isinstance(value, TYPES[name])
                    if json_name not in harmed:
                        assert value == getattr(Pod(original), name), name
                read_everything(pod)


def read_everything(pod: Pod) -> None:
    """Reads what is derived from the fields too; reading never raises."""
    for name in DERIVED:
        getattr(pod, name)
    assert pod.hourly_price is None or isinstance(pod.hourly_price, Decimal)
    assert pod.created is None or (isinstance(pod.created, datetime) and pod.created.tzinfo is not None)
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in pod.environment_vars.items())
    for entry in pod.expose:
        assert isinstance(entry, ExposedPort)
        for name in ExposedPort.json_names:
            getattr(entry, name)
    for port in (22, 8000):
        pod.url(port)
    assert repr(pod).startswith("Pod(")
    assert isinstance(hash(pod), int)
    assert isinstance(pod.has("expose"), bool)


@settings(max_examples=400)
@given(listed_pods())
def test_the_generated_models_take_everything_and_give_it_back(
    drawn: tuple[list[dict[str, Any]], list[dict[str, Any]], list[set[str]]],
) -> None:
    envelope = json.loads(json.dumps({"message": "success", "code": 10000, "data": drawn[1], "traceId": "t"}))
    client = generated(Scripted(httpx2.Response(200, json=envelope)))
    parsed = list_pods.sync(client=client)
    assert parsed is not None
    assert differences(envelope, parsed.to_dict(), "answer") == []
    repr(parsed)


OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "createPod": lambda client: client.pods.create(image="x", gpu_type="NVIDIA_L4_24G"),
    "listPods": lambda client: client.pods.list(),
    "deletePod": lambda client: client.pods.delete("331864222263676928"),
}
GENERATED: dict[str, Callable[[AuthenticatedClient], Any]] = {
    "createPod": lambda client: create_pod.sync_detailed(
        client=client, body=OpenapiPodCreateRequest.from_dict({"image": "x", "gpuType": "NVIDIA_L4_24G"})
    ),
    "listPods": lambda client: list_pods.sync_detailed(client=client),
    "deletePod": lambda client: delete_pod.sync_detailed("1", client=client),
}
documents = st.sampled_from(
    [example for name in OPERATIONS for example in contract.response_examples(name).values()]
    + [
        {"message": None, "code": 10000, "data": value}
        for value in (True, False, 43264375788655, {"id": "7"}, {"id": 7})
    ]
)
bodies = (
    st.binary(max_size=200)
    | json_values.map(lambda value: json.dumps(value).encode())
    | documents.map(lambda value: json.dumps(value).encode())
    | documents.map(lambda value: json.dumps(value).encode()[:-5])
    | documents.map(lambda value: json.dumps(value).encode("utf-16"))
    | documents.flatmap(
        lambda value: st.tuples(st.sampled_from(["message", "code", "data"]), json_values).map(
            lambda change: json.dumps({**value, change[0]: change[1]}).encode()
        )
    )
    | st.just(b"<html><body>502 Bad Gateway</body></html>")
    | st.sampled_from(
        [b"", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b"\xef\xbb\xbf{}", b"NaN", b'{"code":1e999}']
    )
)
headers = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "location", "x-request-id", "server"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=3,
)


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(max_examples=300)
@given(status=st.integers(100, 999), body=bodies, header=headers)
@example(status=200, body=b"<html>", header={})
@example(status=520, body=b"", header={})
@example(status=999, body=b"{}", header={})
@example(status=100, body=b"", header={})
@example(status=429, body=b"{}", header={"retry-after": "Thu, 99 Foo 99999 99:99:99 GMT"})
def test_whatever_comes_only_our_errors_escape_and_they_keep_it(
    operation: str, status: int, body: bytes, header: dict[str, str]
) -> None:
    transport = Scripted(httpx2.Response(status, headers=header, content=body))
    with every_client(transport) as clients:
        for client in clients:
            try:
                OPERATIONS[operation](client)
            except YottaLabsError as raised:
                assert str(raised)
                assert operation == "createPod" or not isinstance(raised, CreateOutcomeUnknownError)
                error = answered(raised)
                assert isinstance(error, APIError | ResponseValidationError)
                assert error.status_code == status
                assert error.body == body
                assert str(error)
                assert not isinstance(error, APIError) or not 200 <= status < 300 or error.code not in {None, 10000}
                getattr(error, "retry_after", None)
            else:
                assert 200 <= status < 300
                assert int(json.loads(body)["code"]) == 10000


@pytest.mark.parametrize("operation", GENERATED)
@settings(max_examples=300)
@given(status=st.integers(100, 999), body=bodies, header=headers)
def test_whatever_comes_the_generated_client_gives_it_back(
    operation: str, status: int, body: bytes, header: dict[str, str]
) -> None:
    response = GENERATED[operation](generated(Scripted(httpx2.Response(status, headers=header, content=body))))
    assert response.status_code == status
    assert response.content == body
    if response.parsed is not None:
        assert differences(json.loads(body), response.parsed.to_dict(), "answer") == []


@given(data=st.none() | st.booleans() | json_values)
def test_a_created_pod_is_named_or_the_error_keeps_the_answer(data: Any) -> None:
    with every_client(Scripted(data)) as clients:
        for client in clients:
            try:
                pod_id = OPERATIONS["createPod"](client)
            except CreateOutcomeUnknownError as error:
                assert isinstance(error.__cause__, ResponseValidationError)
                assert json.loads(error.__cause__.body)["data"] == data
            else:
                named = data["id"] if isinstance(data, dict) else data
                assert pod_id == str(named).strip()
                assert not isinstance(named, float | bool)
