"""How the API says things: as documented, or in the forms that newer public material shows.

A dialect chooses, for each answer, one form of each subject. `documented` has one form of each, the contract's;
`later` chooses among those of later material; `chaos` among all of them and a few that nobody has seen yet.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, get_args

from ._messages import envelope

DialectName: TypeAlias = Literal["documented", "later", "chaos"]
DIALECTS: tuple[str, ...] = get_args(DialectName)

Document: TypeAlias = dict[str, Any]
Form: TypeAlias = Callable[[Any], Any]

_PRICES_AND_SPEEDS = (
    *("networkUploadMbps", "networkDownloadMbps", "diskReadSpeedMbps", "diskWriteSpeedMbps"),
    *("singleCardPrice", "persistentVolumePrice", "containerVolumePrice"),
)
_LATER_STATUS = {"INITIALIZE": "INITIALIZING", "PAUSING": "STOPPING", "PAUSED": "STOPPED"}
_LATER_GPU_TYPE = {
    "NVIDIA_GeForce_RTX_4090_24G": "NVIDIA_RTX_4090_24G",
    "NVIDIA_GeForce_RTX_5090_32G": "NVIDIA_RTX_5090_32G",
}
_LATER_FIELDS = {"internalIp": "10.0.0.7", "shmInGb": 8, "imageRegistry": None, "ingressEnabled": True}
_NULL_WHERE_EMPTY = ("initializationCommand", "sshCmd", "persistentMountPath", "imageRegistryUsername")


def _as_it_is(value: Any) -> Any:
    return value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _milliseconds(text: str) -> int:
    return int(_moment(text).timestamp() * 1000)


def _later_ports(ports: list[Document]) -> list[Document]:
    return [{**port, "protocol": "HTTPS" if port["protocol"] == "HTTP" else port["protocol"].lower()} for port in ports]


def _newest_first(pods: list[Document]) -> list[Document]:
    return sorted(pods, key=lambda pod: str(pod["updatedAt"]), reverse=True)


def _with_nulls(pod: Document) -> Document:
    return {name: None if name in _NULL_WHERE_EMPTY and not value else value for name, value in pod.items()}


def _without_nulls(pod: Document) -> Document:
    return {name: value for name, value in pod.items() if value is not None}


@dataclass(frozen=True)
class Style:
    """One form of each subject."""

    created: Form
    deleted: Form
    time: Form
    price: Form
    status: Form
    gpu_type: Form
    ports: Form
    order: Form
    nulls: Form
    more_fields: Form
    code: Form

    def created_data(self, pod: Document) -> Any:
        """The `data` of a create."""
        data = self.created(pod)
        return self.pod(data) if data is pod else data

    def deleted_data(self) -> Any:
        """The `data` of a delete."""
        return self.deleted(None)

    def listed_data(self, pods: list[Document]) -> list[Document]:
        """The `data` of a list."""
        return [self.pod(pod) for pod in self.order(pods)]

    def envelope(self, message: str, code: int, data: Any) -> Document:
        """An answer's envelope."""
        return envelope(message, self.code(code), data)

    def pod(self, pod: Document) -> Document:
        """A pod."""
        if self is DOCUMENTED:
            return pod
        told = dict(pod)
        for name in _PRICES_AND_SPEEDS:
            told[name] = self.price(pod[name])
        for name in ("createdAt", "updatedAt"):
            told[name] = self.time(pod[name])
        told["status"] = self.status(pod["status"])
        told["gpuType"] = self.gpu_type(pod["gpuType"])
        told["expose"] = self.ports(pod["expose"])
        result: Document = self.more_fields(self.nulls(told))
        return result


# For each subject its forms: the documented one, then those of later material.
FORMS: Mapping[str, tuple[Form, ...]] = {
    "created": (lambda pod: pod["id"], lambda pod: int(pod["id"]), lambda pod: pod),
    "deleted": (lambda _: None, lambda _: True),
    "time": (
        _as_it_is,
        lambda text: f"{_moment(text):%Y-%m-%dT%H:%M:%SZ}",
        _milliseconds,
        lambda text: str(_milliseconds(text)),
    ),
    "price": (_as_it_is, lambda number: f"{float(number):.10f}".rstrip("0").rstrip(".")),
    "status": (_as_it_is, lambda status: _LATER_STATUS.get(status, status)),
    "gpu_type": (_as_it_is, lambda gpu_type: _LATER_GPU_TYPE.get(gpu_type, gpu_type)),
    "ports": (_as_it_is, _later_ports),
    "order": (_as_it_is, _newest_first),
    "nulls": (_as_it_is, _with_nulls, _without_nulls),
    "more_fields": (_as_it_is, lambda pod: {**pod, **_LATER_FIELDS}),
    "code": (_as_it_is,),
}
CHAOTIC_FORMS: Mapping[str, tuple[Form, ...]] = {
    "code": (str,),
    "deleted": (lambda _: {},),
    "status": (str.lower,),
}
"""What is in no known material, and what a client must live with all the same."""
DOCUMENTED = Style(**{name: forms[0] for name, forms in FORMS.items()})


class Dialect:
    """Chooses the style of each answer."""

    def __init__(self, name: DialectName, seed: int) -> None:
        if name not in DIALECTS:
            raise ValueError(f"dialect is {name!r}; it must be one of {', '.join(map(repr, DIALECTS))}")
        self.name = name
        self._chance = random.Random(f"dialect {seed}")

    def style(self) -> Style:
        """The style of the next answer."""
        if self.name == "documented":
            return DOCUMENTED
        return Style(**{part.name: self._chance.choice(self._forms(part.name)) for part in fields(Style)})

    def _forms(self, subject: str) -> tuple[Form, ...]:
        documented, *later = FORMS[subject]
        if self.name == "later":
            return tuple(later) or (documented,)
        return (documented, *later, *CHAOTIC_FORMS.get(subject, ()))
