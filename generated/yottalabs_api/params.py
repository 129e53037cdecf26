"""The arguments of the operations that take a JSON object, and how they become one.

An argument's name is the field's in snake_case, but `name` for `podName`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Required, TypeAlias, TypedDict

from .models import CloudType, GpuType, ImagePublicType, ImageSource, Protocol, ResourceType
from .open_enum import OpenEnum


@dataclass(frozen=True)
class RequestField:
    """A field of a request, and how a friendly form of its value becomes the JSON that is sent.

    Attributes:
        json_name: Its name in JSON.
        description: What it is.
        types: The JSON types that it may have, by their names in JSON Schema; none where it may be anything.
        required: Whether the contract always wants it.
        enum: The enumeration that its values come from, or those of its items.
        secret: Whether its value must not be shown.
        is_list: Whether it is a list.
        is_mapping: Whether the list may be given as a mapping.
        bare: The type of an item that is given by its one required field alone.
        item_fields: What an item has, where it is an object, by its Python names and in the order of a tuple.
    """

    json_name: str
    description: str = ""
    types: tuple[str, ...] = ()
    required: bool = False
    enum: type[OpenEnum] | None = None
    secret: bool = False
    is_list: bool = False
    is_mapping: bool = False
    bare: type | None = None
    item_fields: "Mapping[str, RequestField]" = field(default_factory=dict)


EnvironmentVars: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str] | Mapping[str, object]]
"""A mapping, or a list whose items are each a tuple of (key, value), or a JSON object with key, value."""

Expose: TypeAlias = Iterable[int | tuple[int, Protocol | str | None] | Mapping[str, object]]
"""Each item is a bare port, or a tuple of (port, protocol), or a JSON object with port, protocol."""


class CreateParams(TypedDict, total=False):
    """What to start, on which hardware, and what of it can be reached from outside."""

    image: Required[str]
    """The name of the container image, with a tag or without."""

    gpu_type: Required[GpuType | str]
    """The kind of GPU."""

    cloud_type: CloudType | str
    """The kind of cloud to run in. The API's default is SECURE."""

    official_image: ImageSource | str
    """Whether the image comes from YottaLabs or from you. The API's default is CUSTOM."""

    image_public_type: ImagePublicType | str
    """Whether anyone may pull the image. PRIVATE needs the registry's user name and token. The API's default is
    PUBLIC."""

    resource_type: ResourceType | str
    """Whether the pod has GPUs. The API's default is GPU."""

    region: str
    """The region to run in."""

    name: str
    """A name for people. The API's default is My Pod."""

    image_registry_username: str
    """The user name at the image's registry."""

    image_registry_token: str
    """The token for the image's registry."""

    gpu_count: int
    """How many GPUs the pod has. At least 1 where `resourceType` is GPU."""

    container_volume_in_gb: int
    """The size of the container's own disk in GB. Its default depends on `gpuType`."""

    persistent_volume_in_gb: int
    """The size of the persistent disk in GB. Its default depends on `gpuType`. Above 0 it needs `persistentMountPath`."""

    persistent_mount_path: str
    """Where the persistent disk appears in the container."""

    initialization_command: str
    """A shell command that runs in the container when it starts."""

    environment_vars: EnvironmentVars
    """Variables of the container's environment."""

    expose: Expose
    """Ports of the container that can be reached from outside."""


CREATE_PARAMS: dict[str, RequestField] = {
    "image": RequestField(
        "image", description="The name of the container image, with a tag or without.", types=("string",), required=True
    ),
    "gpu_type": RequestField("gpuType", description="The kind of GPU.", types=("string",), required=True, enum=GpuType),
    "cloud_type": RequestField(
        "cloudType",
        description="The kind of cloud to run in. The API's default is SECURE.",
        types=("string",),
        enum=CloudType,
    ),
    "official_image": RequestField(
        "officialImage",
        description="Whether the image comes from YottaLabs or from you. The API's default is CUSTOM.",
        types=("string",),
        enum=ImageSource,
    ),
    "image_public_type": RequestField(
        "imagePublicType",
        description="Whether anyone may pull the image. PRIVATE needs the registry's user name and token. The API's default is PUBLIC.",
        types=("string",),
        enum=ImagePublicType,
    ),
    "resource_type": RequestField(
        "resourceType",
        description="Whether the pod has GPUs. The API's default is GPU.",
        types=("string",),
        enum=ResourceType,
    ),
    "region": RequestField("region", description="The region to run in.", types=("string",)),
    "name": RequestField("podName", description="A name for people. The API's default is My Pod.", types=("string",)),
    "image_registry_username": RequestField(
        "imageRegistryUsername", description="The user name at the image's registry.", types=("string",)
    ),
    "image_registry_token": RequestField(
        "imageRegistryToken", description="The token for the image's registry.", types=("string",), secret=True
    ),
    "gpu_count": RequestField(
        "gpuCount", description="How many GPUs the pod has. At least 1 where `resourceType` is GPU.", types=("integer",)
    ),
    "container_volume_in_gb": RequestField(
        "containerVolumeInGb",
        description="The size of the container's own disk in GB. Its default depends on `gpuType`.",
        types=("integer",),
    ),
    "persistent_volume_in_gb": RequestField(
        "persistentVolumeInGb",
        description="The size of the persistent disk in GB. Its default depends on `gpuType`. Above 0 it needs `persistentMountPath`.",
        types=("integer",),
    ),
    "persistent_mount_path": RequestField(
        "persistentMountPath", description="Where the persistent disk appears in the container.", types=("string",)
    ),
    "initialization_command": RequestField(
        "initializationCommand",
        description="A shell command that runs in the container when it starts.",
        types=("string",),
    ),
    "environment_vars": RequestField(
        "environmentVars",
        description="Variables of the container's environment.",
        types=("array",),
        secret=True,
        is_list=True,
        is_mapping=True,
        item_fields={
            "key": RequestField("key", description="The variable's name.", types=("string",), required=True),
            "value": RequestField(
                "value", description="The variable's value.", types=("string",), required=True, secret=True
            ),
        },
    ),
    "expose": RequestField(
        "expose",
        description="Ports of the container that can be reached from outside.",
        types=("array",),
        is_list=True,
        bare=int,
        item_fields={
            "port": RequestField(
                "port", description="The port inside the container.", types=("integer",), required=True
            ),
            "protocol": RequestField(
                "protocol", description="What is spoken on the port.", types=("string",), enum=Protocol
            ),
        },
    ),
}

__all__ = [
    "CREATE_PARAMS",
    "CreateParams",
    "EnvironmentVars",
    "Expose",
    "RequestField",
]
