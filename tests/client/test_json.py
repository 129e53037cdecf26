"""The fast ways from and to JSON give what Python's own `json` gives, to the letter."""

from __future__ import annotations

import gc
import json
import math
import sys
from collections import UserDict, defaultdict
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import Pod, PodStatus, WaitTimeoutError, YottaLabs
from yottalabs_api.models import (
    KeyValuePairDTO,
    OpenapiPodCreateRequest,
    OpenapiPodDetailResponse,
)
from yottalabs_api.reading import decimal
from yottalabs_api.types import UNSET, encode_json, parse_json

from support.contract import documented_pod
from support.scripted import VirtualClock

texts = st.text(st.characters(codec=None, exclude_categories=()))  # halves of surrogate pairs, too
numbers = st.integers() | st.integers(-(2**70), 2**70) | st.floats()
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)
sendable = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
STRANGE = [
    b"-0",
    b"-0.0",
    b"1e400",
    b"-1E400",
    b"1e-400",
    b"NaN",
    b"[Infinity, -Infinity]",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"123456789012345678.5",
    b"0.1234567890123456789012345678901234567890",
    b"9007199254740993.0",
    b"2.2250738585072011e-308",
    b'{"a": 1, "a": 2}',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\xed\xa0\x80"',
    b"\xef\xbb\xbf1",
    "[1]".encode("utf-16"),
    "[1]".encode("utf-32-be"),
    b" \t\r\n1 ",
    b"[" * 300 + b"]" * 300,
]
BROKEN = [b"", b"01", b"1.", b".5", b"+1", b"[1,]", b'{"a":1,}', b"'a'", b'"a\nb"', b'"\\x"', b"nul", b"1 2", b"\x0b1"]


def the_same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and value, also where `==` is content with less: -0.0, NaN, True."""
    return repr(one) == repr(other)


# --- From JSON --------------------------------------------------------------------------------------------------------


@given(values, st.booleans())
def test_what_is_parsed_is_what_json_parses(value: Any, in_ascii: bool) -> None:
    content = json.dumps(value, ensure_ascii=in_ascii).encode(errors="surrogatepass")
    assert the_same(parse_json(content), json.loads(content))


@pytest.mark.parametrize("content", STRANGE)
def test_what_other_parsers_stumble_over_is_parsed_as_json_does_it(content: bytes) -> None:
    assert the_same(parse_json(content), json.loads(content))


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_json_is_refused_in_the_words_of_json(content: bytes) -> None:
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(content)
    with pytest.raises(json.JSONDecodeError) as caught:
        parse_json(content)
    assert str(caught.value) == str(expected.value)


@given(st.binary())
def test_no_bytes_are_parsed_otherwise(content: bytes) -> None:
    try:
        expected = json.loads(content)
    except ValueError:
        return  # there are more ways to read what is broken; test_tolerance has them
    assert the_same(parse_json(content), expected)


def test_the_objects_of_a_list_share_their_names() -> None:
    one, other = parse_json(b'[{"a name that is long enough": 1}, {"a name that is long enough": 2}]')
    assert next(iter(one)) is next(iter(other))


# --- To JSON ----------------------------------------------------------------------------------------------------------


@given(sendable)
def test_what_is_written_is_what_json_writes(value: Any) -> None:
    assert encode_json(value) == json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "value", [math.nan, [math.inf], {"a": {1, 2}}, Decimal(1), b"bytes", {("a", "b"): 1}, object()]
)
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode_json(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ValueError, match="nested too deeply"):
        encode_json(value)


# --- Models -----------------------------------------------------------------------------------------------------------

FIELDS = list(documented_pod())
kept = st.dictionaries(st.sampled_from([*FIELDS, "internalIp", "shmInGb", "another"]), values)


@given(kept)
def test_a_model_of_any_object_has_every_field_once_and_gives_it_back(json_object: dict[str, Any]) -> None:
    model = OpenapiPodDetailResponse.from_dict(json_object)
    assert the_same(sorted(model.to_dict().items()), sorted(json_object.items()))
    assert set(model.additional_properties) == set(json_object) - set(FIELDS)
    assert (model.status is UNSET) is ("status" not in json_object)


@pytest.mark.parametrize("kind", [dict, UserDict, MappingProxyType, lambda given: defaultdict(list, given)])
def test_a_model_is_made_of_any_mapping_which_stays_as_it_is(kind: Any) -> None:
    given_object = kind({"key": "A", "other": 1})
    model = KeyValuePairDTO.from_dict(given_object)
    assert (model.key, model.additional_properties) == ("A", {"other": 1})
    assert repr(model.value) == "UNSET"
    assert dict(given_object) == {"key": "A", "other": 1}


def test_two_models_do_not_share_what_the_contract_does_not_name() -> None:
    one, other = KeyValuePairDTO.from_dict({}), KeyValuePairDTO.from_dict({})
    one["a"] = 1
    assert other.additional_properties == {}


def test_a_subclass_of_a_model_is_made_as_its_class_wants_it() -> None:
    class Named(KeyValuePairDTO):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.seen = True

    assert Named.from_dict({"key": "A", "value": "b"}).seen


def test_an_enumeration_reads_members_unknown_values_and_what_is_no_text() -> None:
    for value in ("RUNNING", "RESIZING", "", 7, None, ["RUNNING"], {"a": 1}):
        status = OpenapiPodDetailResponse.from_dict({"status": value}).status
        assert status == value
        assert isinstance(status, PodStatus) is isinstance(value, str)


def test_a_list_in_a_model_may_hold_anything() -> None:
    strange = {"environmentVars": [{"key": "A"}, 7, None, ["x"]], "expose": ({"port": 22},), "image": "x"}
    model = OpenapiPodCreateRequest.from_dict(strange)
    assert isinstance(model.environment_vars[0], KeyValuePairDTO)  # type: ignore[index]  # it is not UNSET here
    assert model.to_dict()["environmentVars"] == strange["environmentVars"]
    assert list(model.to_dict()["expose"]) == [{"port": 22}]


# --- Views ------------------------------------------------------------------------------------------------------------


@given(st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308]))
def test_a_float_is_read_by_its_shortest_form_however_often(value: float) -> None:
    expected = Decimal(repr(value)) if math.isfinite(value) else None
    assert the_same(decimal(value), expected)
    assert the_same(decimal(value), expected)
    assert the_same(decimal(-value), None if expected is None else Decimal(repr(-value)))


@given(values)
def test_every_field_of_a_pod_reads_anything_without_raising(value: Any) -> None:
    pod = Pod(dict.fromkeys(FIELDS, value))
    for name in Pod.json_names:
        getattr(pod, name)
    status = pod.status
    assert status is None if not isinstance(value, str) or not value else isinstance(status, PodStatus)


# --- What is kept -----------------------------------------------------------------------------------------------------


def alive() -> int:
    """How many JSON objects of pods there are that the answers below told."""
    gc.collect()
    return sum(1 for each in gc.get_objects() if type(each) is dict and "onlyInThisTest" in each)


class Telling(httpx2.BaseTransport):
    """Lists pods, and keeps the bytes of each answer, so that one can see who has them besides."""

    def __init__(self, *ids: str) -> None:
        pods = [{**documented_pod(), "id": pod_id, "status": "RUNNING", "onlyInThisTest": [1]} for pod_id in ids]
        self._text = json.dumps({"message": "ok", "code": 10000, "data": pods})
        self.told: list[bytes] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:  # noqa: ARG002  # each gets the same
        self.told.append(self._text.encode())
        return httpx2.Response(200, stream=httpx2.ByteStream(self.told[-1]))

    def others(self) -> int:
        """How many have the bytes of an answer besides."""
        return sum(sys.getrefcount(self.told[index]) - 2 for index in range(len(self.told)))


def test_a_client_keeps_nothing_of_a_past_answer() -> None:
    transport = Telling("1", "2", "3")
    with YottaLabs("any-key", base_url="http://127.0.0.1", transport=transport) as yotta:
        one, *others = yotta.pods.list()
        assert (len(others), alive(), transport.others()) == (2, 3, 0)
        del others
        assert (one.id, alive()) == ("1", 1)  # nor does a pod keep those that were listed with it
        del one
        yotta.pods.get("2")
        assert (alive(), transport.others()) == (0, 0)


def test_a_wait_keeps_nothing_but_the_pod_that_it_is_for_while_it_pauses() -> None:
    transport = Telling("1", "2", "3")
    seen: list[tuple[int, int]] = []

    class Pausing(VirtualClock):
        def sleep(self, seconds: float) -> None:
            seen.append((alive(), transport.others()))
            super().sleep(seconds)

    with (
        YottaLabs("any-key", base_url="http://127.0.0.1", transport=transport, clock=Pausing()) as yotta,
        pytest.raises(WaitTimeoutError),
    ):
        yotta.pods.wait("2", until="terminated", timeout=30)
    assert len(seen) > 2
    assert set(seen) == {(1, 0)}
