"""The pods that the screens show, in a simulator that always begins the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from yottalabs import CreateParams, YottaLabs, __version__
from yottalabs_mock import Simulator, Times

from .yottalabs import KEY

LEASE = '{"expires":"%s-01-01T00:00:00+00:00","host":null,"process":null,"started":null}'
HALF_AN_HOUR = 0.5 / 24  # so that an age stays what it is while the tests run
REQUESTS: Mapping[str, CreateParams] = {
    "train-7b": {
        "image": "pytorch/pytorch:2.9",
        "gpu_type": "NVIDIA_GeForce_RTX_4090_24G",
        "gpu_count": 2,
        "expose": [(22, "SSH"), (8888, "HTTP")],
        "environment_vars": {"MODEL": "a-model", "HF_TOKEN": "a-token-that-nobody-may-see"},
        "initialization_command": "pip install -r requirements.txt && jupyter lab --ip 0.0.0.0 --port 8888 --no-token",
    },
    "notebook": {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G", "expose": [22]},
    "evaluation-of-the-model-that-was-trained-last-week": {
        "image": "ubuntu",
        "gpu_type": "NVIDIA_H100_80GB_HBM3_80G",
        "gpu_count": 8,
    },
    "build": {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G"},
    "over": {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G"},
    "訓練-📦": {"image": "ubuntu", "gpu_type": "NVIDIA_GeForce_RTX_5090_32G"},
    "left-behind": {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G"},
    "leased": {"image": "ubuntu", "gpu_type": "NVIDIA_L4_24G"},
}
DAYS = dict(zip(REQUESTS, (2 + 3 / 24, 1 + 2 / 24, 1.5, 3, 4, 12 + 7 / 24, 30, 1 + 1 / 24), strict=True))
FATES = {"evaluation-of-the-model-that-was-trained-last-week": "pod_stuck", "build": "pod_fails"}
LEASES = {"left-behind": LEASE % 2020, "leased": LEASE % 2100}


@cache
def _state() -> dict[str, Any]:
    """Pods of each kind, as they are before any age is given to them."""
    simulator = Simulator(times=Times(boot=0.1, healthy=0.1, pause=0.1, terminate=0.1, forget=1e7))
    with YottaLabs(KEY, transport=simulator.transport, clock=simulator.clock) as client:
        ids = {}
        for name, request in REQUESTS.items():
            if name in FATES:
                simulator.faults.add("create", FATES[name])
            named: CreateParams = {**request, "name": name}
            ids[name] = client.pods.create(**named)
    simulator.advance(1)
    pods = simulator.pods
    pods[ids["notebook"]].pause()
    pods[ids["over"]].delete()
    simulator.advance(1)
    return simulator.to_json()


def scene(names: Sequence[str] = ()) -> Simulator:
    """A simulator with these pods, whose ages are the same whenever it is made; new ones are ready at once.

    Args:
        names: Other names for the first of them.
    """
    state = _state()
    now = datetime.now(UTC)
    others = dict(zip(REQUESTS, names, strict=False))
    pods = []
    for pod in state["pods"]:
        document = dict(pod["document"])
        name = document["podName"]
        created = now - timedelta(days=DAYS[name] + HALF_AN_HOUR)
        variables = [each for each in document["environmentVars"] if not each["key"].startswith("YOTTALABS_")]
        if name in LEASES:
            variables.append({"key": "YOTTALABS_LEASE", "value": LEASES[name]})
        document["podName"] = others.get(name, name)
        document |= {"createdAt": f"{created:%Y-%m-%d %H:%M:%S}", "environmentVars": variables}
        pods.append({**pod, "document": document})
    yesterday = now - timedelta(days=1 + HALF_AN_HOUR)  # when new pods are made, so that they have a steady age
    return Simulator.load({**state, "pods": pods, "date": yesterday.isoformat()}, clock="real")


PLACEHOLDERS = (
    (r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d", r"YYYY-MM-DD\1hh:mm:ss"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:#####"),
    (r"in \d+ ms", "in # ms"),
    (r"after \d+s", "after #s"),
    (r"lived \d+s", "lived #s"),
    (r"Python \d+\.\d+\.\d+[\w+]*", "Python #.##.#"),
    (re.escape(__version__), "#.#.#"),
)
"""What depends on the moment and the machine."""


def steady(text: str) -> str:
    """What is shown, without what depends on the moment and the machine."""
    for pattern, placeholder in PLACEHOLDERS:
        text = re.sub(pattern, placeholder, text)
    return text
