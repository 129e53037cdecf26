"""Lazy typed views of what the API answers, over the JSON objects as they came.

Every field is there by its Python name. One that is missing, null or unreadable is None (an empty collection, where it
is one), and what came for it is in `raw`.
"""

from __future__ import annotations

from decimal import Decimal

from .models import CloudType, GpuType, ImagePublicType, ImageSource, PodStatus, Protocol, ResourceType
from .reading import View, boolean, decimal, integer, mapping, several, text


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
        return ImageSource.tolerant(self.raw.get("officialImage"))

    @property
    def image_public_type(self) -> ImagePublicType | None:
        """Whether anyone may pull the image."""
        return ImagePublicType.tolerant(self.raw.get("imagePublicType"))

    @property
    def id(self) -> str | None:
        """The pod's id, 18 digits in the examples."""
        return text(self.raw.get("id"))

    @property
    def org_id(self) -> str | None:
        """The id of the organisation that owns the pod."""
        return text(self.raw.get("orgId"))

    @property
    def applicant_id(self) -> str | None:
        """The id of whoever asked for the pod."""
        return text(self.raw.get("applicantId"))

    @property
    def name(self) -> str | None:
        """The name for people."""
        return text(self.raw.get("podName"))

    @property
    def image_id(self) -> str | None:
        """The id of the image."""
        return text(self.raw.get("imageId"))

    @property
    def image(self) -> str | None:
        """The name of the container image, with a tag or without."""
        return text(self.raw.get("image"))

    @property
    def image_registry_username(self) -> str | None:
        """The user name at the image's registry."""
        return text(self.raw.get("imageRegistryUsername"))

    @property
    def resource_type(self) -> ResourceType | None:
        """Whether the pod has GPUs."""
        return ResourceType.tolerant(self.raw.get("resourceType"))

    @property
    def gpu_type(self) -> GpuType | None:
        """The kind of GPU."""
        return GpuType.tolerant(self.raw.get("gpuType"))

    @property
    def gpu_display_name(self) -> str | None:
        """The kind of GPU, for people."""
        return text(self.raw.get("gpuDisplayName"))

    @property
    def gpu_count(self) -> int | None:
        """How many GPUs the pod has."""
        return integer(self.raw.get("gpuCount"))

    @property
    def single_card_vram_in_gb(self) -> int | None:
        """Memory of each GPU in GB."""
        return integer(self.raw.get("singleCardVramInGb"))

    @property
    def single_card_ram_in_gb(self) -> int | None:
        """Main memory per GPU in GB."""
        return integer(self.raw.get("singleCardRamInGb"))

    @property
    def single_card_vcpu(self) -> int | None:
        """Virtual CPUs per GPU."""
        return integer(self.raw.get("singleCardVcpu"))

    @property
    def location(self) -> str | None:
        """Where the pod is, `OR` in the examples."""
        return text(self.raw.get("location"))

    @property
    def region(self) -> str | None:
        """The region that the pod runs in."""
        return text(self.raw.get("region"))

    @property
    def cloud_type(self) -> CloudType | None:
        """The kind of cloud that the pod runs in."""
        return CloudType.tolerant(self.raw.get("cloudType"))

    @property
    def container_volume_in_gb(self) -> int | None:
        """The size of the container's own disk in GB."""
        return integer(self.raw.get("containerVolumeInGb"))

    @property
    def persistent_volume_in_gb(self) -> int | None:
        """The size of the persistent disk in GB."""
        return integer(self.raw.get("persistentVolumeInGb"))

    @property
    def persistent_mount_path(self) -> str | None:
        """Where the persistent disk appears in the container."""
        return text(self.raw.get("persistentMountPath"))

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
        return text(self.raw.get("initializationCommand"))

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
        return text(self.raw.get("sshCmd"))

    @property
    def status(self) -> PodStatus | None:
        """Where the pod is in its life."""
        return PodStatus.tolerant(self.raw.get("status"))

    @property
    def created_at(self) -> str | None:
        """When the pod was created."""
        return text(self.raw.get("createdAt"))

    @property
    def updated_at(self) -> str | None:
        """When the pod last changed."""
        return text(self.raw.get("updatedAt"))


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
        return integer(self.raw.get("port"))

    @property
    def proxy_port(self) -> int | None:
        """The port on `host` that leads to it."""
        return integer(self.raw.get("proxyPort"))

    @property
    def protocol(self) -> Protocol | None:
        """What is spoken on the port."""
        return Protocol.tolerant(self.raw.get("protocol"))

    @property
    def host(self) -> str | None:
        """The name or address to connect to."""
        return text(self.raw.get("host"))

    @property
    def healthy(self) -> bool | None:
        """Whether the port is healthy."""
        return boolean(self.raw.get("healthy"))

    @property
    def ingress_url(self) -> str | None:
        """How to reach the port, as an address or, for SSH, as a command."""
        return text(self.raw.get("ingressUrl"))

    @property
    def service_name(self) -> str | None:
        """A name for people."""
        return text(self.raw.get("serviceName"))


__all__ = [
    "PodView",
    "ExposedPort",
]
