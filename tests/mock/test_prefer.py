"""A request chooses its answer with `Prefer`, as Prism documents, and no wish of it is overlooked."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from support import contract
from support.raw import CREATE, JSON, KEY, LIST, VALID, assert_refused, connect, post, raw, request


def test_prefer_selects_answers_as_prism_documents(prism: str) -> None:
    def ask(prefer: str, path: str = LIST) -> tuple[int, Any]:
        response = httpx2.get(prism + path, headers={**KEY, "prefer": prefer})
        return response.status_code, response.json()

    assert ask("code=500") == (500, {"message": "system error", "code": 10002, "data": None})
    assert ask("example=refused") == (200, {"message": "no permission", "code": 10004, "data": None})
    assert ask("example=noPods")[1]["data"] == []
    assert ask("code=429, example=tooManyRequests") == (
        429,
        {"message": "too many requests", "code": 429, "data": None},
    )
    status, envelope = ask("dynamic=true")
    assert (status, envelope["code"]) == (200, 10000)
    assert contract.validator("ResultListOpenapiPodDetailResponse").is_valid(envelope)
    assert httpx2.get(prism + LIST, headers=KEY, params={"__example": "noPods"}).json()["data"] == []


@pytest.mark.parametrize(
    ("wishes", "status", "code"),
    [
        ("example=refused, dynamic=true", 200, 10004),
        ("dynamic=true; code=500; example=serverFailure", 500, 10002),
        ("Code=500", 500, 10002),
        ('code="429", example="tooManyRequests"', 429, 429),
        ("respond-async, code=500", 500, 10002),
        ("respond-async", 200, 10000),
    ],
)
def test_no_wish_is_overlooked(prism: str, wishes: str, status: int, code: int) -> None:
    found, _, envelope = raw(prism, request("GET", LIST, prefer=wishes))
    assert (found, envelope["code"]) == (status, code)


def test_a_dynamic_failure_stays_one(prism: str) -> None:
    for wishes in ("dynamic=true, code=500", "code=500; dynamic=true"):
        status, _, envelope = raw(prism, request("GET", LIST, prefer=wishes))
        assert status == 500
        assert envelope["code"] != 10000
        assert envelope["message"] != "system error"  # which is the example's


@pytest.mark.parametrize(
    ("wishes", "status", "words"),
    [
        ("code=abc", 422, "'Prefer: code=abc' cannot be read; there are code=…"),
        ("code=100", 422, "'Prefer: code=100'"),
        ("dynamic=maybe", 422, "'Prefer: dynamic=maybe'"),
        ("dynamic", 422, "'Prefer: dynamic'"),
        ("code=500, code=429", 422, "'Prefer: code=429' comes after another code"),
        (
            "example=nope",
            404,
            "the answer 200 has no example 'nope'; it has pods, podsWithTextNumbers, noPods, refused",
        ),
        ("code=500, example=nope", 404, "the answer 500 has no example 'nope'; it has serverFailure"),
        ("code=404, example=pods", 404, "the answer 404 has no example 'pods'"),
        ("example=" + "x" * 10_000, 404, "xxx…'"),
    ],
)
def test_a_wish_that_cannot_come_true_is_named(prism: str, wishes: str, status: int, words: str) -> None:
    assert_refused(raw(prism, request("GET", LIST, prefer=wishes)), status, words)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("__code=abc", "'__code=abc' cannot be read"),
        ("__code=500&__code=429", "'__code=429' comes after another code"),
        ("__example=", "'__example=' cannot be read"),
        ("__example=nope", "no example 'nope'"),
    ],
)
def test_a_wish_in_the_query_is_named_as_it_stands_there(prism: str, query: str, words: str) -> None:
    assert_refused(raw(prism, request("GET", f"{LIST}?{query}")), 404 if "nope" in query else 422, words)


def test_what_is_wrong_with_the_request_comes_before_its_wishes(prism: str) -> None:
    for wishes in ("code=abc", "example=nope", "code=422, example=nope"):
        assert_refused(raw(prism, request("GET", LIST, x_api_key="", prefer=wishes)), 401, "x-api-key")
        assert_refused(raw(prism, post(b"{}", prefer=wishes)), 422, "'image'")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_without_content_has_none(prism: str, status: int) -> None:
    with connect(prism) as connection, connection.makefile("rb") as stream:
        connection.sendall(request("GET", LIST, prefer=f"code={status}"))
        head, _, content = stream.read().decode().partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "content-type" not in head.lower()
    assert content == ""


def test_a_seed_gives_the_same_answer_again(prism: str) -> None:
    first, second = (raw(prism, request("GET", LIST, prefer="dynamic=true, seed=7"))[2] for _ in range(2))
    assert first == second


def test_dynamic_answers_are_successes_and_obey_the_contract(prism: str) -> None:
    headers = {**JSON, "prefer": "dynamic=true"}
    with httpx2.Client(base_url=prism, headers=headers) as http:
        for _ in range(30):
            for schema, response in (
                ("ResultString", http.post(CREATE, content=VALID)),
                ("ResultListOpenapiPodDetailResponse", http.get(LIST)),
                ("ResultVoid", http.delete("/openapi/v1/pods/1")),
            ):
                assert response.json()["code"] == 10000
                assert schema == "ResultVoid" or response.json()["data"] is not None  # the null of a failure
                assert [error.message for error in contract.validator(schema).iter_errors(response.json())] == []
