# mypy: disable-error-code="comparison-overlap"
from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.cloud_type import CloudType
from ..models.gpu_type import GpuType
from ..models.image_public_type import ImagePublicType
from ..models.image_source import ImageSource
from ..models.key_value_pair_dto import KeyValuePairDTO
from ..models.openapi_pod_expose_port_response import OpenapiPodExposePortResponse
from ..models.pod_status import PodStatus
from ..models.resource_type import ResourceType
from ..types import UNSET, Unset, read_list, write

_NAMES = (
    "officialImage",
    "imagePublicType",
    "id",
    "orgId",
    "applicantId",
    "podName",
    "imageId",
    "image",
    "imageRegistryUsername",
    "resourceType",
    "gpuType",
    "gpuDisplayName",
    "gpuCount",
    "singleCardVramInGb",
    "singleCardRamInGb",
    "singleCardVcpu",
    "location",
    "region",
    "cloudType",
    "containerVolumeInGb",
    "persistentVolumeInGb",
    "persistentMountPath",
    "networkUploadMbps",
    "networkDownloadMbps",
    "diskReadSpeedMbps",
    "diskWriteSpeedMbps",
    "singleCardPrice",
    "persistentVolumePrice",
    "containerVolumePrice",
    "initializationCommand",
    "environmentVars",
    "expose",
    "sshCmd",
    "status",
    "createdAt",
    "updatedAt",
)
_VALUES = itemgetter(*_NAMES)  # one call for all of them: a list may have ten thousand objects
_ABSENT = dict.fromkeys(_NAMES, UNSET)
_ImageSource = ImageSource._by_value()
_ImagePublicType = ImagePublicType._by_value()
_ResourceType = ResourceType._by_value()
_GpuType = GpuType._by_value()
_CloudType = CloudType._by_value()
_PodStatus = PodStatus._by_value()


@_attrs_define
class OpenapiPodDetailResponse:
    """Everything the API tells of a pod.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.

    Attributes:
        official_image: Whether the image comes from YottaLabs or from the user.
        image_public_type: Whether anyone may pull the image.
        id: The pod's id, 18 digits in the examples.
        org_id: The id of the organisation that owns the pod.
        applicant_id: The id of whoever asked for the pod.
        pod_name: The name for people.
        image_id: The id of the image.
        image: The name of the container image, with a tag or without.
        image_registry_username: The user name at the image's registry.
        resource_type: Whether the pod has GPUs.
        gpu_type: The kind of GPU.
        gpu_display_name: The kind of GPU, for people.
        gpu_count: How many GPUs the pod has.
        single_card_vram_in_gb: Memory of each GPU in GB.
        single_card_ram_in_gb: Main memory per GPU in GB.
        single_card_vcpu: Virtual CPUs per GPU.
        location: Where the pod is, `OR` in the examples.
        region: The region that the pod runs in.
        cloud_type: The kind of cloud that the pod runs in.
        container_volume_in_gb: The size of the container's own disk in GB.
        persistent_volume_in_gb: The size of the persistent disk in GB.
        persistent_mount_path: Where the persistent disk appears in the container.
        network_upload_mbps: Upload speed in Mbps.
        network_download_mbps: Download speed in Mbps.
        disk_read_speed_mbps: Read speed of the disk in Mbps.
        disk_write_speed_mbps: Write speed of the disk in Mbps.
        single_card_price: The price of one GPU.
        persistent_volume_price: The price of the persistent disk per GB and hour.
        container_volume_price: The price of the container's own disk per GB and hour.
        initialization_command: The shell command that ran in the container when it started.
        environment_vars: Variables of the container's environment, in clear text.
        expose: Where the container's ports are reached from outside.
        ssh_cmd: A command to reach the pod. It is empty in the examples.
        status: Where the pod is in its life.
        created_at: When the pod was created.
        updated_at: When the pod last changed.
    """

    official_image: ImageSource
    image_public_type: ImagePublicType | str
    id: str | Unset = UNSET
    org_id: str | Unset = UNSET
    applicant_id: str | Unset = UNSET
    pod_name: str | Unset = UNSET
    image_id: str | Unset = UNSET
    image: str | Unset = UNSET
    image_registry_username: None | str | Unset = UNSET
    resource_type: ResourceType | Unset = UNSET
    gpu_type: GpuType | str | Unset = UNSET
    gpu_display_name: str | Unset = UNSET
    gpu_count: int | Unset = UNSET
    single_card_vram_in_gb: int | Unset = UNSET
    single_card_ram_in_gb: int | Unset = UNSET
    single_card_vcpu: int | Unset = UNSET
    location: str | Unset = UNSET
    region: str | Unset = UNSET
    cloud_type: CloudType | str | Unset = UNSET
    container_volume_in_gb: int | Unset = UNSET
    persistent_volume_in_gb: int | Unset = UNSET
    persistent_mount_path: None | str | Unset = UNSET
    network_upload_mbps: float | str | Unset = UNSET
    network_download_mbps: float | str | Unset = UNSET
    disk_read_speed_mbps: float | str | Unset = UNSET
    disk_write_speed_mbps: float | str | Unset = UNSET
    single_card_price: float | str | Unset = UNSET
    persistent_volume_price: float | str | Unset = UNSET
    container_volume_price: float | str | Unset = UNSET
    initialization_command: str | Unset = UNSET
    environment_vars: list[KeyValuePairDTO] | Unset = _attrs_field(default=UNSET, repr=False)
    expose: list[OpenapiPodExposePortResponse] | Unset = UNSET
    ssh_cmd: str | Unset = UNSET
    status: PodStatus | Unset = UNSET
    created_at: str | Unset = UNSET
    updated_at: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        if self.official_image is not UNSET:
            json_object["officialImage"] = write(self.official_image)
        if self.image_public_type is not UNSET:
            json_object["imagePublicType"] = write(self.image_public_type)
        if self.id is not UNSET:
            json_object["id"] = self.id
        if self.org_id is not UNSET:
            json_object["orgId"] = self.org_id
        if self.applicant_id is not UNSET:
            json_object["applicantId"] = self.applicant_id
        if self.pod_name is not UNSET:
            json_object["podName"] = self.pod_name
        if self.image_id is not UNSET:
            json_object["imageId"] = self.image_id
        if self.image is not UNSET:
            json_object["image"] = self.image
        if self.image_registry_username is not UNSET:
            json_object["imageRegistryUsername"] = self.image_registry_username
        if self.resource_type is not UNSET:
            json_object["resourceType"] = write(self.resource_type)
        if self.gpu_type is not UNSET:
            json_object["gpuType"] = write(self.gpu_type)
        if self.gpu_display_name is not UNSET:
            json_object["gpuDisplayName"] = self.gpu_display_name
        if self.gpu_count is not UNSET:
            json_object["gpuCount"] = self.gpu_count
        if self.single_card_vram_in_gb is not UNSET:
            json_object["singleCardVramInGb"] = self.single_card_vram_in_gb
        if self.single_card_ram_in_gb is not UNSET:
            json_object["singleCardRamInGb"] = self.single_card_ram_in_gb
        if self.single_card_vcpu is not UNSET:
            json_object["singleCardVcpu"] = self.single_card_vcpu
        if self.location is not UNSET:
            json_object["location"] = self.location
        if self.region is not UNSET:
            json_object["region"] = self.region
        if self.cloud_type is not UNSET:
            json_object["cloudType"] = write(self.cloud_type)
        if self.container_volume_in_gb is not UNSET:
            json_object["containerVolumeInGb"] = self.container_volume_in_gb
        if self.persistent_volume_in_gb is not UNSET:
            json_object["persistentVolumeInGb"] = self.persistent_volume_in_gb
        if self.persistent_mount_path is not UNSET:
            json_object["persistentMountPath"] = self.persistent_mount_path
        if self.network_upload_mbps is not UNSET:
            json_object["networkUploadMbps"] = self.network_upload_mbps
        if self.network_download_mbps is not UNSET:
            json_object["networkDownloadMbps"] = self.network_download_mbps
        if self.disk_read_speed_mbps is not UNSET:
            json_object["diskReadSpeedMbps"] = self.disk_read_speed_mbps
        if self.disk_write_speed_mbps is not UNSET:
            json_object["diskWriteSpeedMbps"] = self.disk_write_speed_mbps
        if self.single_card_price is not UNSET:
            json_object["singleCardPrice"] = self.single_card_price
        if self.persistent_volume_price is not UNSET:
            json_object["persistentVolumePrice"] = self.persistent_volume_price
        if self.container_volume_price is not UNSET:
            json_object["containerVolumePrice"] = self.container_volume_price
        if self.initialization_command is not UNSET:
            json_object["initializationCommand"] = self.initialization_command
        if self.environment_vars is not UNSET:
            json_object["environmentVars"] = (
                [item.to_dict() if type(item) is KeyValuePairDTO else write(item) for item in self.environment_vars]
                if type(self.environment_vars) is list
                else write(self.environment_vars)
            )
        if self.expose is not UNSET:
            json_object["expose"] = (
                [item.to_dict() if type(item) is OpenapiPodExposePortResponse else write(item) for item in self.expose]
                if type(self.expose) is list
                else write(self.expose)
            )
        if self.ssh_cmd is not UNSET:
            json_object["sshCmd"] = self.ssh_cmd
        if self.status is not UNSET:
            json_object["status"] = write(self.status)
        if self.created_at is not UNSET:
            json_object["createdAt"] = self.created_at
        if self.updated_at is not UNSET:
            json_object["updatedAt"] = self.updated_at
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
        (
            official_image,
            image_public_type,
            id,
            org_id,
            applicant_id,
            pod_name,
            image_id,
            image,
            image_registry_username,
            resource_type,
            gpu_type,
            gpu_display_name,
            gpu_count,
            single_card_vram_in_gb,
            single_card_ram_in_gb,
            single_card_vcpu,
            location,
            region,
            cloud_type,
            container_volume_in_gb,
            persistent_volume_in_gb,
            persistent_mount_path,
            network_upload_mbps,
            network_download_mbps,
            disk_read_speed_mbps,
            disk_write_speed_mbps,
            single_card_price,
            persistent_volume_price,
            container_volume_price,
            initialization_command,
            environment_vars,
            expose,
            ssh_cmd,
            status,
            created_at,
            updated_at,
        ) = values
        self = cls(
            (_ImageSource.get(official_image) or ImageSource.read(official_image))
            if type(official_image) is str
            else official_image,
            (_ImagePublicType.get(image_public_type) or ImagePublicType.read(image_public_type))
            if type(image_public_type) is str
            else image_public_type,
            id,
            org_id,
            applicant_id,
            pod_name,
            image_id,
            image,
            image_registry_username,
            (_ResourceType.get(resource_type) or ResourceType.read(resource_type))
            if type(resource_type) is str
            else resource_type,
            (_GpuType.get(gpu_type) or GpuType.read(gpu_type)) if type(gpu_type) is str else gpu_type,
            gpu_display_name,
            gpu_count,
            single_card_vram_in_gb,
            single_card_ram_in_gb,
            single_card_vcpu,
            location,
            region,
            (_CloudType.get(cloud_type) or CloudType.read(cloud_type)) if type(cloud_type) is str else cloud_type,
            container_volume_in_gb,
            persistent_volume_in_gb,
            persistent_mount_path,
            network_upload_mbps,
            network_download_mbps,
            disk_read_speed_mbps,
            disk_write_speed_mbps,
            single_card_price,
            persistent_volume_price,
            container_volume_price,
            initialization_command,
            read_list(environment_vars, KeyValuePairDTO.read),
            read_list(expose, OpenapiPodExposePortResponse.read),
            ssh_cmd,
            (_PodStatus.get(status) or PodStatus.read(status)) if type(status) is str else status,
            created_at,
            updated_at,
        )
        if len(src_dict) > 36:
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
