"""Requests: what the contract allows is taken, what it forbids is refused with every field named and no value told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs_mock import Simulator

from .asking import BODY, KEY, SUCCESS, Caller
from support import contract
from support.raw import CREATE, JSON, LIST

REQUEST = "OpenapiPodCreateRequest"
CANARY = "canary-7f3a91"
NUMBER = 31337123457
SCHEMA = contract.schema(REQUEST)
INVALID_REQUEST = 10001

# --- What is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", contract.request_examples())
def test_every_documented_request_is_taken_and_told(name: str, sim: Simulator) -> None:
    asked = contract.request_examples()[name]
    caller = Caller(sim)
    told = caller.pod(caller.create(**asked))
    asked.pop("imageRegistryToken", None)
    told["expose"] = [{part: port[part] for part in ("port", "protocol")} for port in told["expose"]]
    assert {field: told[field] for field in asked} == asked


def a_valid_value(name: str) -> Any:
    part = SCHEMA["properties"][name]
    special = {
        "environmentVars": [{"key": "A", "value": ""}],
        "expose": [{"port": 65535}],
        "gpuCount": 2147483647,
        "imagePublicType": "PUBLIC",  # the other needs more
    }
    return special.get(name, part["enum"][-1] if "enum" in part else {"string": "text", "integer": 0}.get(part["type"]))


@pytest.mark.parametrize("name", SCHEMA["properties"])
def test_every_documented_field_is_taken_by_itself(name: str, caller: Caller) -> None:
    assert caller.post({**BODY, name: a_valid_value(name)}).json()["code"] == SUCCESS


def test_whole_numbers_may_be_written_with_a_fraction_of_zero(caller: Caller) -> None:
    body = b'{"image":"x","gpuType":"NVIDIA_L4_24G","gpuCount":2.0,"containerVolumeInGb":1e2,"expose":[{"port":22.0}]}'
    caller.http.post(CREATE, content=body, headers={"content-type": "application/json"})
    (pod,) = caller.pods()
    shown = (pod["gpuCount"], pod["containerVolumeInGb"], pod["expose"][0]["port"])
    assert shown == (2, 100, 22)
    assert [type(number) for number in shown] == [int, int, int]


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/json;"])
def test_the_content_type_may_have_parameters(content_type: str, caller: Caller) -> None:
    response = caller.http.post(CREATE, content=json.dumps(BODY), headers={"content-type": content_type})
    assert response.json()["code"] == SUCCESS


def test_other_headers_do_not_matter(caller: Caller) -> None:
    headers = {"accept": "text/html, */*;q=0.1", "prefer": "code=500", "x-forwarded-for": "::1", "cookie": "a=b"}
    assert caller.http.get(f"{LIST}?__code=500&x", headers=headers).json() == {
        "message": "success",
        "code": SUCCESS,
        "data": [],
    }


# --- What is refused --------------------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    CANARY,
    "",
    NUMBER,
    -NUMBER,
    0,
    -1,
    NUMBER + 0.25,
    None,
    True,
    [],
    [CANARY],
    {},
    {"key": CANARY},
    [[CANARY]],
    [{"key": CANARY}],
    [{"value": CANARY}],
    [{"key": "A", "value": NUMBER}],
    [{"key": "A", "value": None}, {"key": CANARY, "value": [CANARY]}],
    [{"key": "A", "value": {"secret": CANARY}}],
    [{"port": CANARY}],
    [{"port": 0}],
    [{"port": 65536}, {"port": NUMBER}],
    [{"port": 22, "protocol": CANARY}],
    [{"port": 22, "protocol": None}],
    [{"protocol": "SSH"}],
    [{"port": 22, "unknown": CANARY}],
)


def offences() -> Iterator[tuple[str, Any]]:
    """Each field with each value that the contract forbids there."""
    validator = contract.validator(REQUEST)
    for name in [*SCHEMA["properties"], "podNmae", "imageRegistryTokn"]:
        for value in WRONG:
            if not validator.is_valid({**BODY, name: value}):
                yield name, value


OFFENCES = list(offences())


def refusal(response: httpx2.Response) -> str:
    """The message of a 422 in the envelope."""
    answer = response.json()
    assert response.status_code == 422, answer
    assert response.headers["content-type"] == "application/json"
    assert answer == {"message": answer["message"], "code": INVALID_REQUEST, "data": None}
    assert contract.validator("ResultVoid").is_valid(answer)
    message: str = answer["message"]
    assert message.isprintable()
    return message


def assert_tells_no_value(message: str) -> None:
    assert "canary" not in message
    assert str(NUMBER) not in message


def test_a_forbidden_value_is_refused_and_its_field_is_named_and_it_is_not(sim: Simulator) -> None:
    caller = Caller(sim)
    assert len(OFFENCES) > 200
    assert {name for name, _ in OFFENCES} >= set(SCHEMA["properties"])
    for name, value in OFFENCES:
        message = refusal(caller.post({**BODY, name: value}))
        assert name in message, (name, value, message)
        assert_tells_no_value(message)
    assert dict(sim.pods) == {}


def test_many_offences_are_each_named_where_they_are(caller: Caller) -> None:
    message = refusal(
        caller.post(
            {
                "gpuType": CANARY,
                "gpuCount": -NUMBER,
                "podNmae": CANARY,
                "imagePublicType": "PRIVATE",
                "persistentVolumeInGb": 5,
                "environmentVars": [{"key": "A", "value": "fine"}, {"key": "B"}, {"key": NUMBER, "value": CANARY}],
                "expose": [{"port": 70000, "protocol": CANARY}, {"port": 22}, {"protocol": "SSH", "prot": 1}],
                "region": None,
            }
        )
    )
    findings = message.split("; ")
    for wanted in (
        'the body: "image" is a required property',
        'the body: "imageRegistryUsername" is a required property',
        'the body: "imageRegistryToken" is a required property',
        'the body: "persistentMountPath" is a required property',
        "the body: there is no field 'podNmae'",
        'environmentVars[1]: "value" is a required property',
        'expose[2]: "port" is a required property',
        "expose[2]: there is no field 'prot'",
    ):
        assert wanted in findings
    for place in ("gpuType", "gpuCount", "environmentVars[2].key", "expose[0].port", "expose[0].protocol", "region"):
        assert sum(finding.startswith(f"{place}: ") for finding in findings) >= 1, place
    assert not any(finding.startswith(("expose[1]", "environmentVars[0]")) for finding in findings)
    assert_tells_no_value(message)


def test_each_of_many_unknown_fields_is_named_on_one_line_and_shortened(caller: Caller) -> None:
    names = [f"unknown-field-of-some-length-{number}" for number in range(40)]
    message = refusal(
        caller.post({**BODY, **dict.fromkeys(names, CANARY), "\n12:00:00 GET \x1b[31m": 1, "k" * 9999: 1})
    )
    assert all(f"'{name}'" in message for name in names)
    assert "'\\u000a12:00:00 GET \\u001b[31m'" in message
    assert "k" * 121 not in message
    assert_tells_no_value(message)


def test_more_findings_than_anybody_reads_are_counted(caller: Caller) -> None:
    message = refusal(caller.post({**BODY, "environmentVars": [{}] * 4000}))
    assert message.endswith("; … and 7950 more")
    assert message.count(";") == 50


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"image": "x", "gpuType": "NVIDIA_L4_24G", "podName": "\\ud800"}', "podName"),
        (
            '{"image": "x", "gpuType": "NVIDIA_L4_24G", "environmentVars": [{"key": "A", "value": "\\udfff canary"}]}',
            "[",
        ),
        ('{"image": "x", "gpuType": "NVIDIA_L4_24G", "\\ud800": 1}', "\\ud800"),
        (f'{{"image": {"[" * 300}"canary"{"]" * 300}, "gpuType": "NVIDIA_L4_24G"}}', "image"),
    ],
    ids=["a name", "a variable", "a field", "a deep value"],
)
def test_what_json_allows_and_nobody_can_read_is_refused(body: str, place: str, caller: Caller) -> None:
    message = refusal(caller.http.post(CREATE, content=body, headers={"content-type": "application/json"}))
    assert place in message or "nested too deeply" in message
    assert_tells_no_value(message)
    assert caller.pods() == []


@pytest.mark.parametrize(
    "body",
    [
        f'{{"imageRegistryToken": {CANARY}}}',
        f'{{"image": "x", "imageRegistryToken": "{CANARY}" "gpuType": 1}}',
        f'{{"imageRegistryToken": "{CANARY}',
        f"'{CANARY}'",
        '{"image": NaN}',
        '{"gpuCount": -Infinity}',
        f'{{"gpuCount": {"1" * 5000}}}',
        "\ufeff{}",
        f"{{}}{CANARY}",
    ],
)
def test_what_is_no_json_is_refused_without_an_excerpt(body: str, caller: Caller) -> None:
    response = caller.http.post(CREATE, content=body.encode(), headers={"content-type": "application/json"})
    answer = response.json()
    assert (response.status_code, answer["code"], answer["data"]) == (400, INVALID_REQUEST, None)
    assert "not JSON" in answer["message"]
    assert_tells_no_value(response.text)


# --- Whether it is taken is the contract's to say ---------------------------------------------------------------------

anything = st.recursive(
    st.sampled_from(
        [None, True, 0, 1, -1, 2**31, 1.5, 1e400, "", "x", "SSH", "GPU", "CPU", "PRIVATE", "NVIDIA_L4_24G"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["key", "value", "port"]), inner),
    max_leaves=4,
)


def good(name: str) -> st.SearchStrategy[Any]:
    part = SCHEMA["properties"][name]
    if "enum" in part:
        return st.sampled_from(part["enum"])
    if name == "environmentVars":
        return st.lists(st.fixed_dictionaries({"key": st.text(max_size=3), "value": st.text(max_size=3)}), max_size=3)
    if name == "expose":
        protocols = {"protocol": st.sampled_from(["SSH", "HTTP", "TCP"])}
        return st.lists(st.fixed_dictionaries({"port": st.integers(1, 65535)}, optional=protocols), max_size=3)
    return st.integers(0, 9) if part["type"] == "integer" else st.text(min_size=1, max_size=5)


bodies = st.fixed_dictionaries(
    {name: good(name) for name in ("image", "gpuType")},
    optional={name: good(name) for name in SCHEMA["properties"] if name not in {"image", "gpuType"}},
)
spoiled = st.dictionaries(st.sampled_from([*SCHEMA["properties"], "unknown"]), anything, max_size=2)
SIMULATOR = Simulator()
SESSION = Caller(SIMULATOR)


@given(bodies, st.just({}) | spoiled)
def test_it_takes_what_the_contract_allows_and_nothing_else(body: dict[str, Any], spoils: dict[str, Any]) -> None:
    asked = {**body, **spoils}
    SIMULATOR.reset()
    response = SESSION.http.post(CREATE, content=json.dumps(asked), headers={"content-type": "application/json"})
    is_valid = contract.validator(REQUEST).is_valid(asked)
    assert response.status_code == (200 if is_valid else 422), response.text
    assert len(SIMULATOR.pods) == is_valid
    if is_valid:
        for pod in SESSION.pods():
            assert contract.validator("OpenapiPodDetailResponse").is_valid(pod)


# --- As Prism's front has it ------------------------------------------------------------------------------------------


def test_prism_refuses_the_same_bodies_with_the_same_status_and_code(sim: Simulator, prism: str) -> None:
    disagreements = []
    caller = Caller(sim)
    with httpx2.Client(base_url=prism, headers=JSON) as http:
        for name, value in [*OFFENCES, *((name, a_valid_value(name)) for name in SCHEMA["properties"])]:
            body = json.dumps({**BODY, "gpuCount": 1, name: value})
            theirs = http.post(CREATE, content=body)
            ours = caller.http.post(CREATE, content=body, headers=JSON)
            same = (theirs.status_code, theirs.json()["code"]) == (ours.status_code, ours.json()["code"])
            if not same or (ours.status_code != 200 and name not in theirs.json()["message"]):
                disagreements.append((name, value, theirs.json(), ours.json()))
    assert disagreements == []


BAD_BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "valid": (json.dumps(BODY).encode(), {}),
    "empty": (b"", {}),
    "broken": (b"{", {}),
    "text": (json.dumps(BODY).encode(), {"content-type": "text/plain"}),
    "packed": (json.dumps(BODY).encode(), {"content-encoding": "gzip"}),
    "null": (b"null", {}),
    "offensive": (json.dumps({"image": [CANARY], "x": 1}).encode(), {}),
    "large": (b" " * 5_000_000, {}),
    "deep": (b"[" * 9000, {}),
    "many": (b"[" * 11_000, {}),
    "a long header": (json.dumps(BODY).encode(), {"x": "y" * 20_000}),
    "no key": (b"{", {"x-api-key": ""}),
    "an odd key": (json.dumps(BODY).encode(), {"x-api-key": "two words"}),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_socket_makes_no_difference_to_a_refusal(name: str) -> None:
    content, headers = BAD_BODIES[name]
    headers = {"content-type": "application/json", "x-api-key": KEY, **headers}

    def ask(caller: Caller) -> tuple[int, Any, dict[str, str]]:
        with caller.http as http:
            response = http.post(CREATE, content=content, headers=headers)
        # The name of the host is one of the headers that are counted.
        answer = json.loads(re.sub(r"headers have \d+", "headers have many", response.text))
        return response.status_code, answer, dict(response.headers)

    there, here = Simulator(), Simulator()
    with there.serve() as base_url:
        over_a_socket = ask(Caller(base_url))
    assert ask(Caller(here)) == over_a_socket
    assert here.requests[0].status == over_a_socket[0]
