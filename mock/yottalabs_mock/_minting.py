"""Makes pods and ids: a pod has every documented field, in the form of the documented example."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import _hardware as hardware

_FIRST_ID = 331864222263676929  # as long as the documented ones; odd, and above 2**53: no double holds it
_FIRST_PROXY_PORT = 30000
_PROXY_PORTS = 2768  # those that a cluster gives to such services
_OWN_NAMES = {"SSH": "SSH Port", "HTTP": "HTTP Port", "TCP": "TCP Port"}
SSH_PORT = 22


class Mint:
    """Numbers that are never given twice."""

    def __init__(self, minted: int = 0, ports: int = 0) -> None:
        self.minted = minted
        self.ports = ports

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
        return {
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

    def _port(self, item: Mapping[str, Any]) -> dict[str, Any]:
        port = int(item["port"])
        protocol = item.get("protocol", "SSH" if port == SSH_PORT else "TCP")
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
    """How an exposed port is reached, as the documented example says it for SSH."""
    host, port = entry["host"], entry["proxyPort"]
    if entry["protocol"] == "SSH":
        return f"ssh user@{host} -p {port} -i <private key file>"
    return f"http://{host}:{port}" if entry["protocol"] == "HTTP" else f"{host}:{port}"


def documented_time(moment: datetime) -> str:
    """A time in the form of the documented examples."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
