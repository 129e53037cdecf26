"""From the arguments of a create to the bytes that are sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from yottalabs._creation import Request
from yottalabs._own_variables import OWN_VARIABLES
from yottalabs_api.models import (
    GpuType,
    KeyValuePairDTO,
    OpenapiPodCreateRequest,
    OpenapiPodExposePortRequest,
    Protocol,
)
from yottalabs_api.types import encode_body

from .measuring import Contender, Experiment, Goal, Row, timed
from .peers import models, structs
from .scale import Scale

Fields = Mapping[str, Any]
Encode = Callable[[Fields], bytes]

REFERENCE = "dict + json.dumps"


def requests(count: int) -> Sequence[Fields]:
    """The arguments of so many creates, each with values of its own."""
    return [
        {
            "image": f"yottalabsai/pytorch:2.8.{index}",
            "gpu_type": "NVIDIA_L4_24G",
            "gpu_count": 1 + index % 8,
            "name": f"pod {index}",
            "environment_vars": {"JUPYTER_PASSWORD": f"9f2375dc-277b-4550-add9-{index:012}"},
            "expose": [22, (8000 + index % 1000, "HTTP")],
        }
        for index in range(count)
    ]


def experiments(scale: Scale) -> Iterator[Experiment]:
    """The client's own way, and that of the generated model."""
    asked = requests(scale.pods)
    struct = msgspec.json.Encoder()
    ways: Mapping[str, Encode] = {
        "ours": lambda fields: Request.read(fields, None).body,
        "ours, create_token=None": lambda fields: Request.read(fields, None, None).body,
        "generated model": _generated,
        REFERENCE: _by_hand,
        "msgspec Struct": lambda fields: struct.encode(_modelled(structs(), fields)),
        "pydantic model": lambda fields: _modelled(models(), fields).model_dump_json().encode(),
    }
    yield Experiment(
        [
            Contender(name, timed(partial(_all, encode, asked)), partial(_sent, encode, asked))
            for name, encode in ways.items()
        ],
        [
            Row(f"{scale.pods:,} create bodies, as the client makes them", REFERENCE, Goal("at most", 1.5)),
            Row(
                f"{scale.pods:,} create bodies, of the generated model",
                REFERENCE,
                Goal("at most", 1.5),
                ours="generated model",
            ),
        ],
        scale.rounds,
    )


def _by_hand(fields: Fields) -> bytes:
    """What somebody writes who has no client."""
    body = {
        "image": fields["image"],
        "gpuType": fields["gpu_type"],
        "gpuCount": fields["gpu_count"],
        "podName": fields["name"],
        "environmentVars": [{"key": key, "value": value} for key, value in fields["environment_vars"].items()],
        "expose": [{"port": 22, "protocol": "SSH"}, {"port": fields["expose"][1][0], "protocol": "HTTP"}],
    }
    return json.dumps(body).encode()


def _generated(fields: Fields) -> bytes:
    return encode_body(
        OpenapiPodCreateRequest(
            image=fields["image"],
            gpu_type=GpuType.NVIDIA_L4_24G,
            gpu_count=fields["gpu_count"],
            pod_name=fields["name"],
            environment_vars=[
                KeyValuePairDTO(key=key, value=value) for key, value in fields["environment_vars"].items()
            ],
            expose=[
                OpenapiPodExposePortRequest(port=22, protocol=Protocol.SSH),
                OpenapiPodExposePortRequest(port=fields["expose"][1][0], protocol=Protocol.HTTP),
            ],
        )
    )


def _modelled(classes: Any, fields: Fields) -> Any:
    """The request as a model of msgspec or pydantic."""
    variables = [classes.variable(key=key, value=value) for key, value in fields["environment_vars"].items()]
    return classes.request(
        image=fields["image"],
        gpuType=fields["gpu_type"],
        gpuCount=fields["gpu_count"],
        podName=fields["name"],
        environmentVars=variables,
        expose=[
            classes.requested_port(port=22, protocol="SSH"),
            classes.requested_port(port=fields["expose"][1][0], protocol="HTTP"),
        ],
    )


def _all(encode: Encode, asked: Sequence[Fields]) -> object:
    return [encode(fields) for fields in asked]


def _sent(encode: Encode, asked: Sequence[Fields]) -> object:
    """What is sent, without what differs on purpose: the create token."""
    bodies = []
    for body in map(json.loads, (encode(fields) for fields in asked)):
        body["environmentVars"] = [pair for pair in body["environmentVars"] if pair["key"] not in OWN_VARIABLES]
        bodies.append(body)
    return bodies
