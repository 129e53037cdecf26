"""Lazy typed views of what the API answers, over the JSON objects as they came.

Every field is there by its Python name. One that is missing, null or unreadable is None (an empty collection, where it
is one), and what came for it is in `raw`.
"""

from __future__ import annotations

from decimal import Decimal

from .models import CloudType, GpuType, ImagePublicType, ImageSource, PodStatus, Protocol, ResourceType
from .reading import View, boolean, decimal, integer, mapping, several, text

_CloudType = CloudType._by_value()
_GpuType = GpuType._by_value()
_ImagePublicType = ImagePublicType._by_value()
_ImageSource = ImageSource._by_value()
_PodStatus = PodStatus._by_value()
_Protocol = Protocol._by_value()
_ResourceType = ResourceType._by_value()


class PodView(View):
    """Everything the API tells of a pod."""

    __slots__ = ()

    json_names = {
        "official_image": "officialImage",
        "image_public_type": "imagePublicType",
        "id": "id",
        "org_id": "orgId",
        "applicant_id": "applicantId",
        "name": "podName",
        "image_id": "imageId",
        "image": "image",
        "image_registry_username": "imageRegistryUsername",
        "resource_type": "resourceType",
        "gpu_type": "gpuType",
        "gpu_display_name": "gpuDisplayName",
        "gpu_count": "gpuCount",
        "single_card_vram_in_gb": "singleCardVramInGb",
        "single_card_ram_in_gb": "singleCardRamInGb",
        "single_card_vcpu": "singleCardVcpu",
        "location": "location",
        "region": "region",
        "cloud_type": "cloudType",
        "container_volume_in_gb": "containerVolumeInGb",
        "persistent_volume_in_gb": "persistentVolumeInGb",
        "persistent_mount_path": "persistentMountPath",
        "network_upload_mbps": "networkUploadMbps",
        "network_download_mbps": "networkDownloadMbps",
        "disk_read_speed_mbps": "diskReadSpeedMbps",
        "disk_write_speed_mbps": "diskWriteSpeedMbps",
        "single_card_price": "singleCardPrice",
        "persistent_volume_price": "persistentVolumePrice",
        "container_volume_price": "containerVolumePrice",
        "initialization_command": "initializationCommand",
        "environment_vars": "environmentVars",
        "expose": "expose",
        "ssh_cmd": "sshCmd",
        "status": "status",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
    }
    secrets = frozenset(
        {
            "environment_vars",
        }
    )

    @property
    def official_image(self) -> ImageSource | None:
        """Whether the image comes from YottaLabs or from the user."""
        value = self.raw.get("officialImage")
        return (_ImageSource.get(value) if type(value) is str else None) or ImageSource.tolerant(value)

    @property
    def image_public_type(self) -> ImagePublicType | None:
        """Whether anyone may pull the image."""
        value = self.raw.get("imagePublicType")
        return (_ImagePublicType.get(value) if type(value) is str else None) or ImagePublicType.tolerant(value)

    @property
    def id(self) -> str | None:
        """The pod's id, 18 digits in the examples."""
        value = self.raw.get("id")
        return value if type(value) is str or value is None else text(value)

    @property
    def org_id(self) -> str | None:
        """The id of the organisation that owns the pod."""
        value = self.raw.get("orgId")
        return value if type(value) is str or value is None else text(value)

    @property
    def applicant_id(self) -> str | None:
        """The id of whoever asked for the pod."""
        value = self.raw.get("applicantId")
        return value if type(value) is str or value is None else text(value)

    @property
    def name(self) -> str | None:
        """The name for people."""
        value = self.raw.get("podName")
        return value if type(value) is str or value is None else text(value)

    @property
    def image_id(self) -> str | None:
        """The id of the image."""
        value = self.raw.get("imageId")
        return value if type(value) is str or value is None else text(value)

    @property
    def image(self) -> str | None:
        """The name of the container image, with a tag or without."""
        value = self.raw.get("image")
        return value if type(value) is str or value is None else text(value)

    @property
    def image_registry_username(self) -> str | None:
        """The user name at the image's registry."""
        value = self.raw.get("imageRegistryUsername")
        return value if type(value) is str or value is None else text(value)

    @property
    def resource_type(self) -> ResourceType | None:
        """Whether the pod has GPUs."""
        value = self.raw.get("resourceType")
        return (_ResourceType.get(value) if type(value) is str else None) or ResourceType.tolerant(value)

    @property
    def gpu_type(self) -> GpuType | None:
        """The kind of GPU."""
        value = self.raw.get("gpuType")
        return (_GpuType.get(value) if type(value) is str else None) or GpuType.tolerant(value)

    @property
    def gpu_display_name(self) -> str | None:
        """The kind of GPU, for people."""
        value = self.raw.get("gpuDisplayName")
        return value if type(value) is str or value is None else text(value)

    @property
    def gpu_count(self) -> int | None:
        """How many GPUs the pod has."""
        value = self.raw.get("gpuCount")
        return value if type(value) is int or value is None else integer(value)

    @property
    def single_card_vram_in_gb(self) -> int | None:
        """Memory of each GPU in GB."""
        value = self.raw.get("singleCardVramInGb")
        return value if type(value) is int or value is None else integer(value)

    @property
    def single_card_ram_in_gb(self) -> int | None:
        """Main memory per GPU in GB."""
        value = self.raw.get("singleCardRamInGb")
        return value if type(value) is int or value is None else integer(value)

    @property
    def single_card_vcpu(self) -> int | None:
        """Virtual CPUs per GPU."""
        value = self.raw.get("singleCardVcpu")
        return value if type(value) is int or value is None else integer(value)

    @property
    def location(self) -> str | None:
        """Where the pod is, `OR` in the examples."""
        value = self.raw.get("location")
        return value if type(value) is str or value is None else text(value)

    @property
    def region(self) -> str | None:
        """The region that the pod runs in."""
        value = self.raw.get("region")
        return value if type(value) is str or value is None else text(value)

    @property
    def cloud_type(self) -> CloudType | None:
        """The kind of cloud that the pod runs in."""
        value = self.raw.get("cloudType")
        return (_CloudType.get(value) if type(value) is str else None) or CloudType.tolerant(value)

    @property
    def container_volume_in_gb(self) -> int | None:
        """The size of the container's own disk in GB."""
        value = self.raw.get("containerVolumeInGb")
        return value if type(value) is int or value is None else integer(value)

    @property
    def persistent_volume_in_gb(self) -> int | None:
        """The size of the persistent disk in GB."""
        value = self.raw.get("persistentVolumeInGb")
        return value if type(value) is int or value is None else integer(value)

    @property
    def persistent_mount_path(self) -> str | None:
        """Where the persistent disk appears in the container."""
        value = self.raw.get("persistentMountPath")
        return value if type(value) is str or value is None else text(value)

    @property
    def network_upload_mbps(self) -> Decimal | None:
        """Upload speed in Mbps."""
        return decimal(self.raw.get("networkUploadMbps"))

    @property
    def network_download_mbps(self) -> Decimal | None:
        """Download speed in Mbps."""
        return decimal(self.raw.get("networkDownloadMbps"))

    @property
    def disk_read_speed_mbps(self) -> Decimal | None:
        """Read speed of the disk in Mbps."""
        return decimal(self.raw.get("diskReadSpeedMbps"))

    @property
    def disk_write_speed_mbps(self) -> Decimal | None:
        """Write speed of the disk in Mbps."""
        return decimal(self.raw.get("diskWriteSpeedMbps"))

    @property
    def single_card_price(self) -> Decimal | None:
        """The price of one GPU."""
        return decimal(self.raw.get("singleCardPrice"))

    @property
    def persistent_volume_price(self) -> Decimal | None:
        """The price of the persistent disk per GB and hour."""
        return decimal(self.raw.get("persistentVolumePrice"))

    @property
    def container_volume_price(self) -> Decimal | None:
        """The price of the container's own disk per GB and hour."""
        return decimal(self.raw.get("containerVolumePrice"))

    @property
    def initialization_command(self) -> str | None:
        """The shell command that ran in the container when it started."""
        value = self.raw.get("initializationCommand")
        return value if type(value) is str or value is None else text(value)

    @property
    def environment_vars(self) -> dict[str, str]:
        """Variables of the container's environment, in clear text."""
        return mapping(self.raw.get("environmentVars"), "key", "value")

    @property
    def expose(self) -> tuple[ExposedPort, ...]:
        """Where the container's ports are reached from outside."""
        return several(self.raw.get("expose"), ExposedPort.tolerant)

    @property
    def ssh_cmd(self) -> str | None:
        """A command to reach the pod. It is empty in the examples."""
        value = self.raw.get("sshCmd")
        return value if type(value) is str or value is None else text(value)

    @property
    def status(self) -> PodStatus | None:
        """Where the pod is in its life."""
        value = self.raw.get("status")
        return (_PodStatus.get(value) if type(value) is str else None) or PodStatus.tolerant(value)

    @property
    def created_at(self) -> str | None:
        """When the pod was created."""
        value = self.raw.get("createdAt")
        return value if type(value) is str or value is None else text(value)

    @property
    def updated_at(self) -> str | None:
        """When the pod last changed."""
        value = self.raw.get("updatedAt")
        return value if type(value) is str or value is None else text(value)


class ExposedPort(View):
    """Where a port of the container is reached from outside."""

    __slots__ = ()

    json_names = {
        "port": "port",
        "proxy_port": "proxyPort",
        "protocol": "protocol",
        "host": "host",
        "healthy": "healthy",
        "ingress_url": "ingressUrl",
        "service_name": "serviceName",
    }

    @property
    def port(self) -> int | None:
        """The port inside the container."""
        value = self.raw.get("port")
        return value if type(value) is int or value is None else integer(value)

    @property
    def proxy_port(self) -> int | None:
        """The port on `host` that leads to it."""
        value = self.raw.get("proxyPort")
        return value if type(value) is int or value is None else integer(value)

    @property
    def protocol(self) -> Protocol | None:
        """What is spoken on the port."""
        value = self.raw.get("protocol")
        return (_Protocol.get(value) if type(value) is str else None) or Protocol.tolerant(value)

    @property
    def host(self) -> str | None:
        """The name or address to connect to."""
        value = self.raw.get("host")
        return value if type(value) is str or value is None else text(value)

    @property
    def healthy(self) -> bool | None:
        """Whether the port is healthy."""
        value = self.raw.get("healthy")
        return value if type(value) is bool or value is None else boolean(value)

    @property
    def ingress_url(self) -> str | None:
        """How to reach the port, as an address or, for SSH, as a command."""
        value = self.raw.get("ingressUrl")
        return value if type(value) is str or value is None else text(value)

    @property
    def service_name(self) -> str | None:
        """A name for people."""
        value = self.raw.get("serviceName")
        return value if type(value) is str or value is None else text(value)


__all__ = [
    "PodView",
    "ExposedPort",
]
