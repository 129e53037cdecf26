"""A simulator's state as JSON, and back: a scenario can be kept in a repository."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ._api import Api
from ._contract import MOST_LEVELS, Contract, levels_of_json
from ._dialect import DIALECTS, DialectName
from ._lifecycle import Timer, Times, moment
from ._minting import Mint
from ._pods import SimulatedPod

FORMAT = 1
TOO_DEEP = f"it is nested too deeply: the limit of recursion is {MOST_LEVELS} levels"
NOTICE = "The values of environment variables are in here in clear text. Keys and registry tokens are not."


@dataclass(frozen=True)
class Saved:
    """A state that was read."""

    date: datetime
    now: float
    times: Times
    dialect: DialectName
    seed: int
    mint: Mint
    organisations: Mapping[str, str]
    pods: list[Mapping[str, Any]]
    faults: list[dict[str, Any]]


def to_json(api: Api) -> dict[str, Any]:
    """The state of an API as JSON values. For whoever holds the world's lock."""
    now = api.world.now()
    return {
        "notice": NOTICE,
        "format": FORMAT,
        "date": api.world.date(now).isoformat(),
        "now": now,
        "times": api.times.to_json(),
        "minted": api.mint.minted,
        "ports": api.mint.ports,
        "organisations": dict(api.organisations.ids),
        "pods": [pod.to_json() for pod in api.pods.values()],
    }


@contextmanager
def reading(state: str | Path | Mapping[str, Any]) -> Iterator[None]:
    """Whatever is wrong with a state becomes a ValueError that names it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        where = "the state" if isinstance(state, Mapping) else str(state)
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{where} is no state of a simulator that this version can read: {reason}") from error


def read(state: str | Path | Mapping[str, Any]) -> Saved:
    """A state from a file, or from JSON values; also as `/_mock/state` answers it."""
    value = state if isinstance(state, Mapping) else _parsed(Path(state))
    if _is_too_deep(value):
        raise ValueError(TOO_DEEP)
    if isinstance(value.get("data"), Mapping):
        value = value["data"]
    if value["format"] != FORMAT:
        raise ValueError(f"its format is {value['format']!r}, not {FORMAT}")
    return _read(value)


def _parsed(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
        is_too_deep = levels_of_json(text) > MOST_LEVELS
        value = None if is_too_deep else json.loads(text)
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if is_too_deep:
        raise ValueError(TOO_DEEP)
    if not isinstance(value, dict):
        raise TypeError("it is no JSON object")
    return value


def _is_too_deep(value: Any) -> bool:
    """Whether more than MOST_LEVELS arrays and objects are in each other; those that are in themselves are."""
    level: list[Any] = [[value]]
    for _ in range(MOST_LEVELS + 1):
        parts = (part for whole in level for part in (whole.values() if isinstance(whole, Mapping) else whole))
        level = list({id(part): part for part in parts if isinstance(part, Mapping | list | tuple)}.values())
    return bool(level)


def _read(state: Mapping[str, Any]) -> Saved:
    dialect = state["dialect"]
    if dialect not in DIALECTS:
        raise ValueError(f"dialect is {dialect!r}")
    date = datetime.fromisoformat(state["date"])
    return Saved(
        date=date if date.tzinfo else date.replace(tzinfo=UTC),
        now=moment(state["now"], "now"),
        times=Times.from_json(state["times"]),
        dialect=dialect,
        seed=_whole(state, "seed"),
        mint=Mint(_whole(state, "minted", 0), _whole(state, "ports", 0)),
        organisations=dict(state["organisations"]),
        pods=deepcopy(_listed(state, "pods")),
        faults=[dict(fault) for fault in _listed(state, "faults")],
    )


def _listed(state: Mapping[str, Any], name: str) -> list[Any]:
    value = state[name]
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")  # noqa: TRY004  # as for the rest
    return value


def _list(state: Mapping[str, Any], name: str) -> list[Any]:
    value = state[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _whole(state: Mapping[str, Any], name: str, least: float = -math.inf) -> int:
    value = state[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r}")
    return value


def restore(api: Api, saved: Saved, contract: Contract) -> None:
    """Gives an API the pods of a state.

    Raises:
        ValueError: A pod cannot be as it is said to be. So may be other errors, for parts that are missing.
    """
    api.mint = saved.mint
    api.organisations.restore(saved.organisations)
    for saved_pod in saved.pods:
        document = saved_pod["document"]
        if not isinstance(document["id"], str):
            raise ValueError(f"the id of a pod is {document['id']!r}; it must be text")  # noqa: TRY004  # as for the rest
        life = api.new_life(document["id"], saved.now)
        life.restore(saved_pod["life"])
        pod = SimulatedPod(api.world, document["orgId"], document, life)
        pod.hidden = Timer.from_json(saved_pod["hidden"])
        problems = contract.findings_of_pod(pod.document)
        if pod.id in api.pods or not api.mint.allows(pod.id):
            problems = ["its id is another pod's, or will be"]
        elif pod.owner not in api.organisations.ids.values():
            problems = ["its orgId is no organisation's"]
        if problems:
            raise ValueError(f"pod {pod.id}: {'; '.join(problems)}")
        api.pods.add(pod)
