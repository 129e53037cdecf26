# mypy: disable-error-code="comparison-overlap"
from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.protocol import Protocol
from ..types import UNSET, Unset, write

_NAMES = (
    "port",
    "proxyPort",
    "protocol",
    "host",
    "healthy",
    "ingressUrl",
    "serviceName",
)
_VALUES = itemgetter(*_NAMES)  # one call for all of them: a list may have ten thousand objects
_ABSENT = dict.fromkeys(_NAMES, UNSET)
_Protocol = Protocol._by_value()


@_attrs_define
class OpenapiPodExposePortResponse:
    """Where a port of the container is reached from outside.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.

    Attributes:
        port: The port inside the container.
        proxy_port: The port on `host` that leads to it.
        protocol: What is spoken on the port.
        host: The name or address to connect to.
        healthy: Whether the port is healthy.
        ingress_url: How to reach the port, as an address or, for SSH, as a command.
        service_name: A name for people.
    """

    port: int
    proxy_port: int | Unset = UNSET
    protocol: Protocol | str | Unset = UNSET
    host: str | Unset = UNSET
    healthy: bool | Unset = UNSET
    ingress_url: str | Unset = UNSET
    service_name: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        if self.port is not UNSET:
            json_object["port"] = self.port
        if self.proxy_port is not UNSET:
            json_object["proxyPort"] = self.proxy_port
        if self.protocol is not UNSET:
            json_object["protocol"] = write(self.protocol)
        if self.host is not UNSET:
            json_object["host"] = self.host
        if self.healthy is not UNSET:
            json_object["healthy"] = self.healthy
        if self.ingress_url is not UNSET:
            json_object["ingressUrl"] = self.ingress_url
        if self.service_name is not UNSET:
            json_object["serviceName"] = self.service_name
        return json_object

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object. Nothing that can be in the object makes it fail, and nothing of it is lost."""
        if type(src_dict) is not dict:
            src_dict = dict(src_dict)
        try:
            values = _VALUES(src_dict)
        except KeyError:
            src_dict = {**_ABSENT, **src_dict}
            values = _VALUES(src_dict)
        port, proxy_port, protocol, host, healthy, ingress_url, service_name = values
        self = cls(
            port,
            proxy_port,
            (_Protocol.get(protocol) or Protocol.read(protocol)) if type(protocol) is str else protocol,
            host,
            healthy,
            ingress_url,
            service_name,
        )
        if len(src_dict) > 7:
            self.additional_properties = {name: value for name, value in src_dict.items() if name not in _ABSENT}
        return self

    @classmethod
    def read(cls, value: Any) -> Any:
        """The model of a JSON object; anything else unchanged."""
        return cls.from_dict(value) if type(value) is dict or isinstance(value, Mapping) else value

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
