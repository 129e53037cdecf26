"""A pod and a create request as other libraries model them: msgspec and pydantic, with the types of the contract.

The fields have their names in JSON, so that neither library has any to translate.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
import pydantic


class ImageSource(StrEnum):
    """Where an image comes from."""

    OFFICIAL = "OFFICIAL"
    CUSTOM = "CUSTOM"


class ResourceType(StrEnum):
    """What a pod computes on."""

    GPU = "GPU"
    CPU = "CPU"


class Status(StrEnum):
    """Where a pod is in its life."""

    INITIALIZE = "INITIALIZE"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    FAILED = "FAILED"


VARIABLE_FIELDS: Mapping[str, Any] = {"key": str, "value": str}
PORT_FIELDS: Mapping[str, Any] = {
    "port": int,
    "proxyPort": int,
    "protocol": str,
    "host": str,
    "healthy": bool,
    "ingressUrl": str,
    "serviceName": str,
}
POD_FIELDS: Mapping[str, Any] = {
    "id": str,
    "orgId": str,
    "applicantId": str,
    "podName": str,
    "imageId": str,
    "officialImage": ImageSource,
    "imagePublicType": str,
    "image": str,
    "imageRegistryUsername": str | None,
    "resourceType": ResourceType,
    "gpuType": str,
    "gpuDisplayName": str,
    "gpuCount": int,
    "singleCardVramInGb": int,
    "singleCardRamInGb": int,
    "singleCardVcpu": int,
    "location": str,
    "region": str,
    "cloudType": str,
    "containerVolumeInGb": int,
    "persistentVolumeInGb": int,
    "persistentMountPath": str | None,
    "networkUploadMbps": float | str,
    "networkDownloadMbps": float | str,
    "diskReadSpeedMbps": float | str,
    "diskWriteSpeedMbps": float | str,
    "singleCardPrice": float | str,
    "persistentVolumePrice": float | str,
    "containerVolumePrice": float | str,
    "initializationCommand": str,
    "environmentVars": list,  # each library puts its own class of the items here
    "expose": list,
    "sshCmd": str,
    "status": Status,
    "createdAt": str,
    "updatedAt": str,
}
REQUESTED_PORT_FIELDS: Mapping[str, Any] = {"port": int, "protocol": str}
REQUEST_FIELDS: Mapping[str, Any] = {
    "image": str,
    "gpuType": str,
    "gpuCount": int,
    "podName": str,
    "environmentVars": list,
    "expose": list,
}


class Structs:
    """The classes of msgspec."""

    def __init__(self) -> None:
        self.variable = _struct("Variable", VARIABLE_FIELDS)
        self.requested_port = _struct("RequestedPort", REQUESTED_PORT_FIELDS)
        port = _struct("Port", PORT_FIELDS)
        pod = _struct("Pod", _with_items(POD_FIELDS, self.variable, port))
        self.answer = _struct("Answer", {"message": str, "code": int, "data": _list_of(pod)})
        self.request = _struct("Request", _with_items(REQUEST_FIELDS, self.variable, self.requested_port))


class Models:
    """The classes of pydantic."""

    def __init__(self) -> None:
        self.variable = _model("Variable", VARIABLE_FIELDS)
        self.requested_port = _model("RequestedPort", REQUESTED_PORT_FIELDS)
        port = _model("Port", PORT_FIELDS)
        pod = _model("Pod", _with_items(POD_FIELDS, self.variable, port))
        self.answer = _model("Answer", {"message": str, "code": int, "data": _list_of(pod)})
        self.request = _model("Request", _with_items(REQUEST_FIELDS, self.variable, self.requested_port))


@cache
def structs() -> Structs:
    """The classes of msgspec, made when they are first needed."""
    return Structs()


@cache
def models() -> Models:
    """The classes of pydantic, made when they are first needed."""
    return Models()


def _struct(name: str, fields: Mapping[str, Any]) -> Any:
    return msgspec.defstruct(name, list(fields.items()))


def _model(name: str, fields: Mapping[str, Any]) -> Any:
    described: dict[str, Any] = {name: (kind, ...) for name, kind in fields.items()}
    return pydantic.create_model(name, **described)


def _with_items(fields: Mapping[str, Any], variable: Any, port: Any) -> Mapping[str, Any]:
    return {**fields, "environmentVars": _list_of(variable), "expose": _list_of(port)}


def _list_of(item: Any) -> Any:
    """`list[item]`, for an item that no type checker knows."""
    return list.__class_getitem__(item)
