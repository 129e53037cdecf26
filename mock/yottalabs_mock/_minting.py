"""Makes pods and ids: a pod has every documented field, in the form of the documented example."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Self

from . import _hardware as hardware
from ._messages import printable

_FIRST_ID = 331864222263676929  # as long as the documented ones; odd, and above 2**53: no double holds it
_FIRST_PROXY_PORT = 30000
_PROXY_PORTS = 2768  # those that a cluster gives to such services
_OWN_NAMES = {"SSH": "SSH Port", "HTTP": "HTTP Port", "TCP": "TCP Port"}
SSH_PORT = 22
_SSH = "SSH"
_ANY_CASE = re.IGNORECASE | re.ASCII
_SERVER = re.compile(r"([a-z0-9_][a-z0-9_.-]*)@(?:\[([^\[\]]+)\]|([^:\[\]]+)):([0-9]{1,5})", _ANY_CASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(?!.{{254}}){_LABEL}(?:\.{_LABEL})*\.?", _ANY_CASE)
_NUMBERS = re.compile(r"[0-9.]+")
_ADDRESS = re.compile(r"[0-9a-z:.]+(?:%[0-9a-z_.-]+)?", _ANY_CASE)  # with a zone, of which Python takes any
_LAST_PORT = 65535
_LONGEST_SHOWN = 80


@dataclass(frozen=True)
class SSHServer:
    """A real SSH server that the SSH ports of pods lead to."""

    user: str
    host: str
    port: int

    @classmethod
    def read(cls, text: object) -> Self:
        """A server that is written as `user@127.0.0.1:2222`; an IPv6 address is in brackets.

        Raises:
            ValueError: It is none.
        """
        found = _SERVER.fullmatch(text) if isinstance(text, str) else None
        if found is not None:
            user, in_brackets, bare, port = found.groups()
            # OpenSSH takes no brackets, so the pods show none.
            if (_is_ipv6(in_brackets) if in_brackets else _is_name_or_ipv4(bare)) and 0 < int(port) <= _LAST_PORT:
                return cls(user, in_brackets or bare, int(port))
        shown = printable(repr(text), _LONGEST_SHOWN)
        raise ValueError(f"ssh is {shown}; it must be USER@HOST:PORT, such as user@127.0.0.1:2222 or user@[::1]:2222")

    def takes(self, document: Mapping[str, Any]) -> None:
        """Makes the ports of a pod lead here that speak SSH."""
        for entry in document["expose"]:
            if entry["protocol"] == _SSH:
                entry.update(
                    host=self.host, proxyPort=self.port, ingressUrl=_ssh_command(self.user, self.host, self.port)
                )


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return _ADDRESS.fullmatch(text) is not None


def _is_name_or_ipv4(text: str) -> bool:
    if _NUMBERS.fullmatch(text) is None:
        return _HOST_NAME.fullmatch(text) is not None
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


class Mint:
    """Numbers that are never given twice, and where new pods are reached.

    Args:
        minted: How many ids were given.
        ports: How many ports of the proxy were given.
        ssh: Where SSH ports lead; nowhere if it is left out.
    """

    def __init__(self, minted: int = 0, ports: int = 0, ssh: SSHServer | None = None) -> None:
        self.minted = minted
        self.ports = ports
        self.ssh = ssh

    def id(self) -> str:
        """The next id: 18 digits, odd, as text."""
        self.minted += 1
        return str(_FIRST_ID + 2 * (self.minted - 1))

    def allows(self, pod_id: str) -> bool:
        """Whether a pod may have an id: none that will be given to another one."""
        return not pod_id.isdecimal() or int(pod_id) < _FIRST_ID + 2 * self.minted

    def proxy_port(self) -> int:
        """The next port of the proxy; they come again when all have been used."""
        self.ports += 1
        return _FIRST_PROXY_PORT + (self.ports - 1) % _PROXY_PORTS

    def pod(self, body: Mapping[str, Any], defaults: Mapping[str, Any], owner: str, now: datetime) -> dict[str, Any]:
        """A pod as the list shows it at first, but for what changes: status, ports' health, time of the last change.

        Args:
            body: The request, which the contract allows. The registry's token in it is left out.
            defaults: What a field means that the request leaves out.
            owner: The id of the organisation.
            now: When it is created.
        """
        asked = {**defaults, **body}
        gpu_type = asked["gpuType"]
        on_gpu = asked["resourceType"] == "GPU"
        row = hardware.hardware_of(gpu_type)
        document = {
            "id": self.id(),
            "orgId": owner,
            "applicantId": str(int(owner) - 10_000_000_000),
            "podName": asked["podName"],
            "imageId": self.id(),
            "officialImage": asked["officialImage"],
            "imagePublicType": asked["imagePublicType"],
            "image": asked["image"],
            "imageRegistryUsername": asked.get("imageRegistryUsername"),
            "resourceType": asked["resourceType"],
            "gpuType": gpu_type,
            "gpuDisplayName": row.display_name,
            "gpuCount": int(asked.get("gpuCount", 1 if on_gpu else 0)),
            "singleCardVramInGb": row.vram_in_gb,
            "singleCardRamInGb": row.ram_in_gb,
            "singleCardVcpu": row.vcpu,
            "location": hardware.LOCATION,
            "region": asked.get("region", hardware.REGION),
            "cloudType": asked["cloudType"],
            "containerVolumeInGb": int(asked.get("containerVolumeInGb", row.container_volume_in_gb)),
            "persistentVolumeInGb": int(asked.get("persistentVolumeInGb", 0)),
            "persistentMountPath": asked.get("persistentMountPath"),
            "networkUploadMbps": float(hardware.UPLOAD_MBPS),
            "networkDownloadMbps": float(hardware.DOWNLOAD_MBPS),
            "diskReadSpeedMbps": float(hardware.DISK_READ_MBPS),
            "diskWriteSpeedMbps": float(hardware.DISK_WRITE_MBPS),
            "singleCardPrice": float(row.price),
            "persistentVolumePrice": float(hardware.VOLUME_PRICE),
            "containerVolumePrice": float(hardware.VOLUME_PRICE),
            "initializationCommand": asked.get("initializationCommand", ""),
            "environmentVars": [
                {"key": item["key"], "value": item["value"]} for item in asked.get("environmentVars", [])
            ],
            "expose": [self._port(item) for item in asked.get("expose", [])],
            "sshCmd": "",
            "status": "",
            "createdAt": documented_time(now),
            "updatedAt": "",
        }
        if self.ssh is not None:
            self.ssh.takes(document)
        return document

    def _port(self, item: Mapping[str, Any]) -> dict[str, Any]:
        port = int(item["port"])
        protocol = item.get("protocol", _SSH if port == SSH_PORT else "TCP")
        return {
            "port": port,
            "proxyPort": self.proxy_port(),
            "protocol": protocol,
            "host": hardware.HOST,
            "healthy": False,
            "ingressUrl": "",
            "serviceName": _OWN_NAMES.get(protocol, f"{protocol} Port"),
        }


def ingress_url(entry: Mapping[str, Any]) -> str:
    """How an exposed port is reached once the pod runs, as the documented example says it for SSH."""
    host, port = entry["host"], entry["proxyPort"]
    if entry["protocol"] == _SSH:
        return str(entry["ingressUrl"]) or _ssh_command("user", host, port)
    return f"http://{host}:{port}" if entry["protocol"] == "HTTP" else f"{host}:{port}"


def _ssh_command(user: str, host: str, port: int) -> str:
    return f"ssh {user}@{host} -p {port} -i <private key file>"


def documented_time(moment: datetime) -> str:
    """A time in the form of the documented examples."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
