"""`/_mock/…`: what a test does with a simulator that runs in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._contract import LARGEST_BODY, read_json
from ._messages import SUCCESS, Answer, Refusal, Request, envelope, json_answer, printable, refused

if TYPE_CHECKING:
    from ._simulator import Simulator

PREFIX = "/_mock/"


def concerns(request: Request) -> bool:
    """Whether a request is for here, and not for the API."""
    return request.target.startswith(PREFIX)


def answer(simulator: Simulator, request: Request) -> Answer:
    """Does what a request asks for. No key is needed."""
    try:
        data = _endpoint(request)(simulator, request)
    except Refusal as refusal:
        return refused(refusal.status, refusal.message, refusal.headers)
    return json_answer(200, envelope("success", SUCCESS, data))


def _endpoint(request: Request) -> _Endpoint:
    path = request.target.partition("?")[0].removeprefix(PREFIX)
    methods = _ENDPOINTS.get(path)
    if methods is None:
        known = ", ".join(f"{PREFIX}{name}" for name in _ENDPOINTS)
        raise Refusal(404, f"there is no {printable(PREFIX + path)}; there are {known}")
    if request.method not in methods:
        allowed = ", ".join(sorted(methods))
        message = f"{printable(request.method)} is not allowed on {PREFIX}{path}; allowed: {allowed}"
        raise Refusal(405, message, {"allow": allowed})
    return methods[request.method]


def _health(simulator: Simulator, _: Request) -> Any:
    return {"pods": len(simulator.pods), "time": simulator.time}


def _reset(simulator: Simulator, _: Request) -> Any:
    simulator.reset()


def _advance(simulator: Simulator, request: Request) -> Any:
    seconds = _object(request).get("seconds")
    try:
        simulator.advance(seconds)  # type: ignore[arg-type]  # what it is, is checked there
    except ValueError as error:
        raise Refusal(422, f"seconds: {error}") from None
    return {"time": simulator.time}


def _pending(simulator: Simulator, _: Request) -> Any:
    counts = {str(fault): count for fault, count in simulator.faults.counts.items()}
    return {"pending": simulator.faults.to_json(), "counts": counts}


def _add_fault(simulator: Simulator, request: Request) -> Any:
    fault = _object(request)
    missing = [name for name in ("operation", "fault") if not isinstance(fault.get(name), str)]
    if missing:
        raise Refusal(422, f"{missing[0]} must be text: {{'operation': 'create', 'fault': 'reset_after'}}")
    try:
        simulator.faults.add(**fault)
    except ValueError as error:
        raise Refusal(422, str(error)) from None
    return simulator.faults.to_json()


def _clear_faults(simulator: Simulator, _: Request) -> Any:
    simulator.faults.clear()


def _requests(simulator: Simulator, _: Request) -> Any:
    return [record.to_json() for record in simulator.requests]


def _state(simulator: Simulator, _: Request) -> Any:
    return simulator.to_json()


_Endpoint = Callable[["Simulator", Request], Any]
_ENDPOINTS: Mapping[str, Mapping[str, _Endpoint]] = {
    "health": {"GET": _health},
    "reset": {"POST": _reset},
    "advance": {"POST": _advance},
    "faults": {"GET": _pending, "POST": _add_fault, "DELETE": _clear_faults},
    "requests": {"GET": _requests},
    "state": {"GET": _state},
}


def _object(request: Request) -> dict[str, Any]:
    if request.body is None:
        raise Refusal(413, f"the body has more than the {LARGEST_BODY} bytes that are taken")
    try:
        value = read_json(request.body)
    except Refusal as refusal:
        raise Refusal(400, f"{refusal.message}; send an object") from None
    if not isinstance(value, dict):
        raise Refusal(422, "the body is not an object")
    return value
