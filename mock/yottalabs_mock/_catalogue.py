"""What can go wrong: every fault by its name, and what is fixed about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ._messages import SYSTEM_ERROR, WRONG_STATE

ANY = "*"
CREATE, LIST, DELETE = "createPod", "listPods", "deletePod"


class Fault(StrEnum):
    """The names of the faults."""

    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    NO_ANSWER = "no_answer"
    SLOW_ANSWER = "slow_answer"
    CUT_SHORT = "cut_short"
    HTML_200 = "html_200"
    HTML_502 = "html_502"
    HTML_503 = "html_503"
    NOT_JSON = "not_json"
    BUSINESS_CODE = "business_code"
    STATUS_401 = "status_401"
    STATUS_403 = "status_403"
    STATUS_404 = "status_404"
    STATUS_409 = "status_409"
    STATUS_422 = "status_422"
    STATUS_429 = "status_429"
    STATUS_429_DATE = "status_429_date"
    STATUS_500_BEFORE = "status_500_before"
    STATUS_500_AFTER = "status_500_after"
    STATUS_503_BEFORE = "status_503_before"
    STATUS_503_AFTER = "status_503_after"
    STATUS_520 = "status_520"
    REDIRECT = "redirect"
    NULL_DATA = "null_data"
    UNKNOWN_STATUS = "unknown_status"
    POD_FAILS = "pod_fails"
    POD_STUCK = "pod_stuck"
    NO_CAPACITY = "no_capacity"
    LIST_LAGS = "list_lags"


@dataclass(frozen=True)
class Kind:
    """What is fixed about a fault.

    Attributes:
        about: What happens, for people.
        effect: Whether the request takes effect, where a rule does not say; None where a rule cannot.
        operations: The operations that it can happen to.
        options: The names of its options, and what they are when a rule does not say.
    """

    about: str
    effect: bool
    effect_is_fixed: bool = True
    operations: tuple[str, ...] = (CREATE, LIST, DELETE)
    options: Mapping[str, Any] | None = None


KINDS: Mapping[Fault, Kind] = {
    Fault.CONNECTION_REFUSED: Kind("nobody listens", effect=False, options={"seconds": 1.0}),
    Fault.CONNECT_TIMEOUT: Kind(
        "no connection comes about, and nobody says no", effect=False, options={"seconds": 1.0}
    ),
    Fault.RESET_BEFORE: Kind("the connection is reset once the request was sent, without effect", effect=False),
    Fault.RESET_AFTER: Kind("the connection is reset after the request took effect", effect=True),
    Fault.NO_ANSWER: Kind("no answer ever comes", effect=True, effect_is_fixed=False),
    Fault.SLOW_ANSWER: Kind("the answer takes `seconds`", effect=True, options={"seconds": 5.0}),
    Fault.CUT_SHORT: Kind("the connection ends in the middle of the body", effect=True, effect_is_fixed=False),
    Fault.HTML_200: Kind("HTTP 200 with a page of HTML", effect=True, effect_is_fixed=False),
    Fault.HTML_502: Kind("HTTP 502 with a page of HTML, as a gateway has", effect=False, effect_is_fixed=False),
    Fault.HTML_503: Kind("HTTP 503 with a page of HTML", effect=False, effect_is_fixed=False),
    Fault.NOT_JSON: Kind("HTTP 200 with JSON that breaks off", effect=True, effect_is_fixed=False),
    Fault.BUSINESS_CODE: Kind(
        "HTTP 200 with a `code` other than 10000",
        effect=False,
        effect_is_fixed=False,
        options={"code": SYSTEM_ERROR, "message": "system error"},
    ),
    Fault.STATUS_401: Kind("HTTP 401", effect=False),
    Fault.STATUS_403: Kind("HTTP 403, code 10004", effect=False),
    Fault.STATUS_404: Kind("HTTP 404", effect=False),
    Fault.STATUS_409: Kind("HTTP 409, code 12001", effect=False),
    Fault.STATUS_422: Kind("HTTP 422, code 10001", effect=False),
    Fault.STATUS_429: Kind("HTTP 429 with `Retry-After` in seconds", effect=False, options={"retry_after": 1}),
    Fault.STATUS_429_DATE: Kind(
        "HTTP 429 with `Retry-After` as a date, of this machine's real time", effect=False, options={"retry_after": 1}
    ),
    Fault.STATUS_500_BEFORE: Kind("HTTP 500, without effect", effect=False),
    Fault.STATUS_500_AFTER: Kind("HTTP 500 after the request took effect", effect=True),
    Fault.STATUS_503_BEFORE: Kind("HTTP 503, without effect", effect=False),
    Fault.STATUS_503_AFTER: Kind("HTTP 503 after the request took effect", effect=True),
    Fault.STATUS_520: Kind("HTTP 520 as text, as a content network has", effect=True, effect_is_fixed=False),
    Fault.REDIRECT: Kind("HTTP 307 to another host", effect=False),
    Fault.NULL_DATA: Kind("success with `data` null", effect=True, operations=(CREATE, LIST)),
    Fault.UNKNOWN_STATUS: Kind(
        "every pod has a status that nobody knows", effect=True, operations=(LIST,), options={"status": "RESIZING"}
    ),
    Fault.POD_FAILS: Kind("the pod goes to FAILED instead of RUNNING", effect=True, operations=(CREATE,)),
    Fault.POD_STUCK: Kind("the pod never leaves INITIALIZE", effect=True, operations=(CREATE,)),
    Fault.NO_CAPACITY: Kind(
        "HTTP 200 with `code` 12001, for lack of a code that is known to mean it",
        effect=False,
        operations=(CREATE,),
        options={"code": WRONG_STATE, "message": "no capacity"},
    ),
    Fault.LIST_LAGS: Kind(
        "the pod is not in the list at first", effect=True, operations=(CREATE,), options={"seconds": 5.0}
    ),
}
DOORS = frozenset({Fault.CONNECTION_REFUSED, Fault.CONNECT_TIMEOUT})
"""What happens before there is a connection."""
DEEDS = frozenset({Fault.NULL_DATA, Fault.UNKNOWN_STATUS, Fault.POD_FAILS, Fault.POD_STUCK, Fault.LIST_LAGS})
"""What happens to that which the API does, and so to no request that it refuses."""


def verb(operation: str) -> str:
    """`create` of `createPod`."""
    return "".join(operation[: next((i for i, c in enumerate(operation) if c.isupper()), len(operation))])


def described() -> str:
    """The faults as a table, for the documentation."""
    lines = ["| fault | what happens | takes effect | of | options |", "|---|---|---|---|---|"]
    for fault, kind in KINDS.items():
        effect = ("yes" if kind.effect else "no") + ("" if kind.effect_is_fixed else ", or as `effect=` says")
        operations = "any" if len(kind.operations) > 2 else ", ".join(map(verb, kind.operations))
        options = ", ".join(f"`{name}={value!r}`" for name, value in (kind.options or {}).items())
        lines.append(f"| `{fault}` | {kind.about} | {effect} | {operations} | {options} |")
    return "\n".join(lines)
