"""The schemas of the contract. A model or enumeration is loaded when it is first named."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud_type import CloudType
    from .gpu_type import GpuType
    from .image_public_type import ImagePublicType
    from .image_source import ImageSource
    from .key_value_pair_dto import KeyValuePairDTO
    from .openapi_pod_create_request import OpenapiPodCreateRequest
    from .openapi_pod_detail_response import OpenapiPodDetailResponse
    from .openapi_pod_expose_port_request import OpenapiPodExposePortRequest
    from .openapi_pod_expose_port_response import OpenapiPodExposePortResponse
    from .pod_status import PodStatus
    from .protocol import Protocol
    from .resource_type import ResourceType
    from .result_list_openapi_pod_detail_response import ResultListOpenapiPodDetailResponse
    from .result_object import ResultObject
    from .result_object_data import ResultObjectData
    from .result_string import ResultString
    from .result_void import ResultVoid
    from .result_void_data import ResultVoidData

__all__ = (
    "CloudType",
    "GpuType",
    "ImagePublicType",
    "ImageSource",
    "KeyValuePairDTO",
    "OpenapiPodCreateRequest",
    "OpenapiPodDetailResponse",
    "OpenapiPodExposePortRequest",
    "OpenapiPodExposePortResponse",
    "PodStatus",
    "Protocol",
    "ResourceType",
    "ResultListOpenapiPodDetailResponse",
    "ResultObject",
    "ResultObjectData",
    "ResultString",
    "ResultVoid",
    "ResultVoidData",
)

_MODULES = {
    "CloudType": ".cloud_type",
    "GpuType": ".gpu_type",
    "ImagePublicType": ".image_public_type",
    "ImageSource": ".image_source",
    "KeyValuePairDTO": ".key_value_pair_dto",
    "OpenapiPodCreateRequest": ".openapi_pod_create_request",
    "OpenapiPodDetailResponse": ".openapi_pod_detail_response",
    "OpenapiPodExposePortRequest": ".openapi_pod_expose_port_request",
    "OpenapiPodExposePortResponse": ".openapi_pod_expose_port_response",
    "PodStatus": ".pod_status",
    "Protocol": ".protocol",
    "ResourceType": ".resource_type",
    "ResultListOpenapiPodDetailResponse": ".result_list_openapi_pod_detail_response",
    "ResultObject": ".result_object",
    "ResultObjectData": ".result_object_data",
    "ResultString": ".result_string",
    "ResultVoid": ".result_void",
    "ResultVoidData": ".result_void_data",
}


if not TYPE_CHECKING:  # or a type checker would take any name

    def __getattr__(name: str) -> object:
        if name in _MODULES:
            return getattr(import_module(_MODULES[name], __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
