"""The schemas of the contract. A model or enumeration is loaded when it is first named."""

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

if not TYPE_CHECKING:  # or a type checker would take any name

    def __getattr__(name: str) -> object:
        # Each import is a statement, so that programs such as PyInstaller find the module.
        match name:
            case "CloudType":
                from .cloud_type import CloudType as value
            case "GpuType":
                from .gpu_type import GpuType as value
            case "ImagePublicType":
                from .image_public_type import ImagePublicType as value
            case "ImageSource":
                from .image_source import ImageSource as value
            case "KeyValuePairDTO":
                from .key_value_pair_dto import KeyValuePairDTO as value
            case "OpenapiPodCreateRequest":
                from .openapi_pod_create_request import OpenapiPodCreateRequest as value
            case "OpenapiPodDetailResponse":
                from .openapi_pod_detail_response import OpenapiPodDetailResponse as value
            case "OpenapiPodExposePortRequest":
                from .openapi_pod_expose_port_request import OpenapiPodExposePortRequest as value
            case "OpenapiPodExposePortResponse":
                from .openapi_pod_expose_port_response import OpenapiPodExposePortResponse as value
            case "PodStatus":
                from .pod_status import PodStatus as value
            case "Protocol":
                from .protocol import Protocol as value
            case "ResourceType":
                from .resource_type import ResourceType as value
            case "ResultListOpenapiPodDetailResponse":
                from .result_list_openapi_pod_detail_response import ResultListOpenapiPodDetailResponse as value
            case "ResultObject":
                from .result_object import ResultObject as value
            case "ResultObjectData":
                from .result_object_data import ResultObjectData as value
            case "ResultString":
                from .result_string import ResultString as value
            case "ResultVoid":
                from .result_void import ResultVoid as value
            case "ResultVoidData":
                from .result_void_data import ResultVoidData as value
            case _:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return value
