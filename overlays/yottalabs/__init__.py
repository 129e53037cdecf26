"""An unofficial client of the YottaLabs API: GPU pods, typed and safe with money.

    from yottalabs import YottaLabs

    with YottaLabs() as yotta:
        for pod in yotta.pods.list():
            print(pod.id, pod.status, pod.hourly_price)

Importing this package loads neither httpx2 nor attrs; the first client does.
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from yottalabs_api.models import (
        CloudType,
        GpuType,
        ImagePublicType,
        ImageSource,
        PodStatus,
        Protocol,
        ResourceType,
    )
    from yottalabs_api.params import CreateParams, EnvironmentVars, Expose
    from yottalabs_api.views import ExposedPort

    from ._async.client import AsyncYottaLabs
    from ._clock import Clock, SystemClock
    from ._exceptions import (
        APIConnectionError,
        APIError,
        APITimeoutError,
        AuthenticationError,
        ConfigurationError,
        ConflictError,
        CreateOutcomeUnknownError,
        InvalidArgumentError,
        InvalidRequestError,
        NotFoundError,
        PermissionDeniedError,
        PodFailedError,
        PodNotDeletedError,
        PriceLimitError,
        RateLimitError,
        ResponseValidationError,
        ServerError,
        WaitTimeoutError,
        YottaLabsError,
    )
    from ._pod import Pod
    from ._sync.client import YottaLabs

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "AsyncYottaLabs",
    "AuthenticationError",
    "Clock",
    "CloudType",
    "ConfigurationError",
    "ConflictError",
    "CreateOutcomeUnknownError",
    "CreateParams",
    "EnvironmentVars",
    "Expose",
    "ExposedPort",
    "GpuType",
    "ImagePublicType",
    "ImageSource",
    "InvalidArgumentError",
    "InvalidRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "Pod",
    "PodFailedError",
    "PodNotDeletedError",
    "PodStatus",
    "PriceLimitError",
    "Protocol",
    "RateLimitError",
    "ResourceType",
    "ResponseValidationError",
    "ServerError",
    "SystemClock",
    "WaitTimeoutError",
    "YottaLabs",
    "YottaLabsError",
    "__version__",
]

if not TYPE_CHECKING:  # or a type checker would take any name

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Each import is a statement, so that programs such as PyInstaller find the module.
        match name:
            case "AsyncYottaLabs":
                from ._async import client as module
            case "YottaLabs":
                from ._sync import client as module
            case "Pod":
                from . import _pod as module
            case "Clock" | "SystemClock":
                from . import _clock as module
            case "CreateParams" | "EnvironmentVars" | "Expose":
                from yottalabs_api import params as module
            case "ExposedPort":
                from yottalabs_api import views as module
            case (
                "CloudType" | "GpuType" | "ImagePublicType" | "ImageSource" | "PodStatus" | "Protocol" | "ResourceType"
            ):
                from yottalabs_api import models as module
            case _:
                from . import _exceptions as module
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
