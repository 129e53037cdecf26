"""A simulator's state as JSON, and back: a scenario can be kept in a repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ._api import Api
from ._dialect import DIALECTS, DialectName
from ._lifecycle import Timer, Times
from ._minting import Mint
from ._pods import SimulatedPod

FORMAT = 1
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


def read(state: str | Path | Mapping[str, Any]) -> Saved:
    """A state from a file, or from JSON values.

    Raises:
        ValueError: It is none.
    """
    where = "the state"
    if not isinstance(state, Mapping):
        where = str(state)
        try:
            state = json.loads(Path(state).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{where} is no state of a simulator: it is not JSON: {error}") from None
    if not isinstance(state, Mapping) or state.get("format") != FORMAT:
        raise ValueError(f"{where} is no state of a simulator that this version can read (format {FORMAT})")
    try:
        return _read(state)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{where} is no state of a simulator: {reason}") from error


def _read(state: Mapping[str, Any]) -> Saved:
    dialect = state["dialect"]
    if dialect not in DIALECTS:
        raise ValueError(f"dialect is {dialect!r}")
    return Saved(
        date=datetime.fromisoformat(state["date"]),
        now=float(state["now"]),
        times=Times.from_json(state["times"]),
        dialect=dialect,
        seed=int(state["seed"]),
        mint=Mint(int(state["minted"]), int(state["ports"])),
        organisations=dict(state["organisations"]),
        pods=list(state["pods"]),
        faults=[dict(fault) for fault in state["faults"]],
    )


def restore(api: Api, saved: Saved) -> None:
    """Gives an API the pods of a state."""
    api.mint = saved.mint
    api.organisations.ids.update(saved.organisations)
    for saved_pod in saved.pods:
        document = saved_pod["document"]
        life = api.new_life(document["id"], saved.now)
        life.restore(saved_pod["life"])
        pod = SimulatedPod(api.world, document["orgId"], document, life)
        pod.hidden = Timer.from_json(saved_pod["hidden"])
        api.pods.add(pod)
