"""From a fault and the answer that there would have been to what becomes of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ._catalogue import Fault
from ._faults import Rule
from ._messages import (
    NO_POD,
    TOO_MANY_REQUESTS,
    WRONG_STATE,
    Answer,
    Breakage,
    Outcome,
    code_of_status,
    envelope,
    json_answer,
)

_PAGES = {
    Fault.HTML_200: (200, "Welcome"),
    Fault.HTML_502: (502, "502 Bad Gateway"),
    Fault.HTML_503: (503, "503 Service Temporarily Unavailable"),
}
_STATUSES = {
    Fault.STATUS_401: (401, "unauthorized"),
    Fault.STATUS_403: (403, "no permission"),
    Fault.STATUS_404: (404, "pod does not exist"),
    Fault.STATUS_409: (409, "resource status invalid"),
    Fault.STATUS_422: (422, "invalid request"),
    Fault.STATUS_500_BEFORE: (500, "system error"),
    Fault.STATUS_500_AFTER: (500, "system error"),
    Fault.STATUS_503_BEFORE: (503, "service unavailable"),
    Fault.STATUS_503_AFTER: (503, "service unavailable"),
}
_CODES = {404: NO_POD, 409: WRONG_STATE}
_BREAKAGES = {
    Fault.CONNECTION_REFUSED: Breakage.REFUSED,
    Fault.CONNECT_TIMEOUT: Breakage.UNREACHABLE,
    Fault.RESET_BEFORE: Breakage.RESET,
    Fault.RESET_AFTER: Breakage.RESET,
    Fault.NO_ANSWER: Breakage.SILENCE,
    Fault.CUT_SHORT: Breakage.CUT,
}
ELSEWHERE = "https://elsewhere.invalid"
"""Where a redirect leads: a host of which it is certain that nobody has it."""


def outcome_of(rule: Rule, answer: Answer | None) -> Outcome:
    """What becomes of a request.

    Args:
        rule: The fault.
        answer: What the API answered; None if the request did not take effect.
    """
    breakage = _BREAKAGES.get(rule.fault)
    if breakage is not None and breakage != Breakage.CUT:
        return Outcome(breakage=breakage, seconds=rule.options.get("seconds", 0.0))
    make = _ANSWERS.get(rule.fault)
    # Where there is nothing to make, what happened has already changed the answer.
    told = make(rule, answer) if make else answer or _failure(500, "system error")
    delay = rule.options["seconds"] if rule.fault == Fault.SLOW_ANSWER else 0.0
    return Outcome(told, delay, breakage)


def _html(rule: Rule, _: Answer | None) -> Answer:
    status, title = _PAGES[rule.fault]
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status, {"content-type": "text/html; charset=utf-8"}, page.encode())


def _status(rule: Rule, _: Answer | None) -> Answer:
    return _failure(*_STATUSES[rule.fault])


def _failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer(status, envelope(message, _CODES.get(status, code_of_status(status))), headers)


def _business(rule: Rule, _: Answer | None) -> Answer:
    return json_answer(200, envelope(rule.options["message"], rule.options["code"]))


def _not_json(_: Rule, answer: Answer | None) -> Answer:
    body = answer.body if answer else b'{"message":"success","code":10000,"data":'
    return Answer(200, {"content-type": "application/json"}, body[: len(body) // 2])


def _too_many(rule: Rule, _: Answer | None) -> Answer:
    from email.utils import format_datetime  # loaded late, for it is slow to load and seldom needed

    seconds = rule.options["retry_after"]
    # A date is compared with the real time of whoever reads it.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    told = date if rule.fault == Fault.STATUS_429_DATE else str(seconds)
    return json_answer(429, envelope("too many requests", TOO_MANY_REQUESTS), {"retry-after": told})


def _as_text(_: Rule, __: Answer | None) -> Answer:
    return Answer(520, {"content-type": "text/plain; charset=UTF-8"}, b"error code: 520")


def _redirect(_: Rule, __: Answer | None) -> Answer:
    return Answer(307, {"location": f"{ELSEWHERE}/openapi/v1/pods"}, b"")


_ANSWERS: Mapping[Fault, Callable[[Rule, Answer | None], Answer]] = {
    **dict.fromkeys(_PAGES, _html),
    **dict.fromkeys(_STATUSES, _status),
    Fault.BUSINESS_CODE: _business,
    Fault.NO_CAPACITY: _business,
    Fault.NOT_JSON: _not_json,
    Fault.STATUS_429: _too_many,
    Fault.STATUS_429_DATE: _too_many,
    Fault.STATUS_520: _as_text,
    Fault.REDIRECT: _redirect,
}
