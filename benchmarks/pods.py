"""The pods that are decoded: the documented one, many times, each with an id, a name and a status of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "openapi.yaml"
STATUSES = ("RUNNING", "INITIALIZE", "TERMINATED")
LIVE_STATUSES = ("RUNNING", "INITIALIZE")


@cache
def documented_pod() -> dict[str, Any]:
    """The pod of the documentation, with all of its 36 fields."""
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    answer = contract["paths"]["/openapi/v1/pods/list"]["get"]["responses"]["200"]
    (pod,) = answer["content"]["application/json"]["examples"]["pods"]["value"]["data"]
    assert len(pod) == 36
    return dict(pod)


def pod_ids(count: int) -> list[str]:
    """The ids of so many pods."""
    first = int(documented_pod()["id"])
    return [str(first + index) for index in range(count)]


def list_body(count: int, statuses: Sequence[str] = STATUSES, *, own_figures: bool = False) -> bytes:
    """The body of an answer that lists so many pods.

    Args:
        count: How many.
        statuses: Their statuses, in turn.
        own_figures: Whether each has prices and speeds of its own, where otherwise all have those of the example.
    """
    figures = [name for name, value in documented_pod().items() if isinstance(value, float)]
    pods = [
        {**documented_pod(), "id": pod_id, "podName": f"pod-{index}", "status": statuses[index % len(statuses)]}
        for index, pod_id in enumerate(pod_ids(count))
    ]
    if own_figures:
        for index, pod in enumerate(pods):
            pod.update({name: round(pod[name] * (1 + index / count), 9) for name in figures})
    envelope = {"message": "success", "code": 10000, "data": pods}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
