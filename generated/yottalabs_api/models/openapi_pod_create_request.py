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
from ..models.openapi_pod_expose_port_request import OpenapiPodExposePortRequest
from ..models.resource_type import ResourceType
from ..types import UNSET, Unset, read_list, write

_NAMES = (
    "image",
    "gpuType",
    "cloudType",
    "officialImage",
    "imagePublicType",
    "resourceType",
    "region",
    "podName",
    "imageRegistryUsername",
    "imageRegistryToken",
    "gpuCount",
    "containerVolumeInGb",
    "persistentVolumeInGb",
    "persistentMountPath",
    "initializationCommand",
    "environmentVars",
    "expose",
)
_VALUES = itemgetter(*_NAMES)  # one call for all of them: a list may have ten thousand objects
_ABSENT = dict.fromkeys(_NAMES, UNSET)
_GpuType = GpuType._by_value()
_CloudType = CloudType._by_value()
_ImageSource = ImageSource._by_value()
_ImagePublicType = ImagePublicType._by_value()
_ResourceType = ResourceType._by_value()


@_attrs_define
class OpenapiPodCreateRequest:
    """What to start, on which hardware, and what of it can be reached from outside.

    A field that is not in the JSON object is UNSET. One that is there with a value the contract does not allow keeps that
    value, whatever its declared type. What the contract does not name is in `additional_properties`.

    Attributes:
        image: The name of the container image, with a tag or without.
        gpu_type: The kind of GPU.
        cloud_type: The kind of cloud to run in. The API's default is SECURE.
        official_image: Whether the image comes from YottaLabs or from you. The API's default is CUSTOM.
        image_public_type: Whether anyone may pull the image. PRIVATE needs the registry's user name and token.
            The API's default is PUBLIC.
        resource_type: Whether the pod has GPUs. The API's default is GPU.
        region: The region to run in.
        pod_name: A name for people. The API's default is My Pod.
        image_registry_username: The user name at the image's registry.
        image_registry_token: The token for the image's registry.
        gpu_count: How many GPUs the pod has. At least 1 where `resourceType` is GPU.
        container_volume_in_gb: The size of the container's own disk in GB. Its default depends on `gpuType`.
        persistent_volume_in_gb: The size of the persistent disk in GB. Its default depends on `gpuType`. Above 0
            it needs `persistentMountPath`.
        persistent_mount_path: Where the persistent disk appears in the container.
        initialization_command: A shell command that runs in the container when it starts.
        environment_vars: Variables of the container's environment.
        expose: Ports of the container that can be reached from outside.
    """

    image: str
    gpu_type: GpuType
    cloud_type: CloudType | Unset = UNSET
    official_image: ImageSource | Unset = UNSET
    image_public_type: ImagePublicType | Unset = UNSET
    resource_type: ResourceType | Unset = UNSET
    region: str | Unset = UNSET
    pod_name: str | Unset = UNSET
    image_registry_username: str | Unset = UNSET
    image_registry_token: str | Unset = _attrs_field(default=UNSET, repr=False)
    gpu_count: int | Unset = UNSET
    container_volume_in_gb: int | Unset = UNSET
    persistent_volume_in_gb: int | Unset = UNSET
    persistent_mount_path: str | Unset = UNSET
    initialization_command: str | Unset = UNSET
    environment_vars: list[KeyValuePairDTO] | Unset = _attrs_field(default=UNSET, repr=False)
    expose: list[OpenapiPodExposePortRequest] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object: exactly the fields that are set."""
        json_object = self.additional_properties.copy()
        if self.image is not UNSET:
            json_object["image"] = self.image
        if self.gpu_type is not UNSET:
            json_object["gpuType"] = write(self.gpu_type)
        if self.cloud_type is not UNSET:
            json_object["cloudType"] = write(self.cloud_type)
        if self.official_image is not UNSET:
            json_object["officialImage"] = write(self.official_image)
        if self.image_public_type is not UNSET:
            json_object["imagePublicType"] = write(self.image_public_type)
        if self.resource_type is not UNSET:
            json_object["resourceType"] = write(self.resource_type)
        if self.region is not UNSET:
            json_object["region"] = self.region
        if self.pod_name is not UNSET:
            json_object["podName"] = self.pod_name
        if self.image_registry_username is not UNSET:
            json_object["imageRegistryUsername"] = self.image_registry_username
        if self.image_registry_token is not UNSET:
            json_object["imageRegistryToken"] = self.image_registry_token
        if self.gpu_count is not UNSET:
            json_object["gpuCount"] = self.gpu_count
        if self.container_volume_in_gb is not UNSET:
            json_object["containerVolumeInGb"] = self.container_volume_in_gb
        if self.persistent_volume_in_gb is not UNSET:
            json_object["persistentVolumeInGb"] = self.persistent_volume_in_gb
        if self.persistent_mount_path is not UNSET:
            json_object["persistentMountPath"] = self.persistent_mount_path
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
                [item.to_dict() if type(item) is OpenapiPodExposePortRequest else write(item) for item in self.expose]
                if type(self.expose) is list
                else write(self.expose)
            )
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
            image,
            gpu_type,
            cloud_type,
            official_image,
            image_public_type,
            resource_type,
            region,
            pod_name,
            image_registry_username,
            image_registry_token,
            gpu_count,
            container_volume_in_gb,
            persistent_volume_in_gb,
            persistent_mount_path,
            initialization_command,
            environment_vars,
            expose,
        ) = values
        self = cls(
            image,
            (_GpuType.get(gpu_type) or GpuType.read(gpu_type)) if type(gpu_type) is str else gpu_type,
            (_CloudType.get(cloud_type) or CloudType.read(cloud_type)) if type(cloud_type) is str else cloud_type,
            (_ImageSource.get(official_image) or ImageSource.read(official_image))
            if type(official_image) is str
            else official_image,
            (_ImagePublicType.get(image_public_type) or ImagePublicType.read(image_public_type))
            if type(image_public_type) is str
            else image_public_type,
            (_ResourceType.get(resource_type) or ResourceType.read(resource_type))
            if type(resource_type) is str
            else resource_type,
            region,
            pod_name,
            image_registry_username,
            image_registry_token,
            gpu_count,
            container_volume_in_gb,
            persistent_volume_in_gb,
            persistent_mount_path,
            initialization_command,
            read_list(environment_vars, KeyValuePairDTO.read),
            read_list(expose, OpenapiPodExposePortRequest.read),
        )
        if len(src_dict) > 17:
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
