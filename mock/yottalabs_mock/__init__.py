"""A simulator of the YottaLabs API: offline, with state, time and faults.

    from yottalabs import YottaLabs
    from yottalabs_mock import Simulator

    sim = Simulator()
    with YottaLabs("any-key", transport=sim.transport, clock=sim.clock) as yotta:
        pod_id = yotta.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
        yotta.pods.wait(pod_id)  # a minute, in no time

With `Simulator(ssh="user@127.0.0.1:2222")` the SSH ports of its pods lead to a real server.

It knows the API by `openapi.yaml` alone, and nothing of the client that it is there to check.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._catalogue import Fault
    from ._clock import Clock, RealClock, VirtualClock
    from ._journal import RecordedRequest
    from ._lifecycle import IllegalTransitionError, Reads, Times
    from ._pods import SimulatedPod
    from ._simulator import Simulator

__all__ = [
    "Clock",
    "Fault",
    "IllegalTransitionError",
    "Reads",
    "RealClock",
    "RecordedRequest",
    "SimulatedPod",
    "Simulator",
    "Times",
    "VirtualClock",
]

if not TYPE_CHECKING:  # or a type checker would take any name
    # So that it can be said what is not installed, and so that an early interrupt does not find the command importing.
    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            # Each import is a statement, so that programs such as PyInstaller find the module.
            match name:
                case "Clock" | "RealClock" | "VirtualClock":
                    from . import _clock as module
                case "Fault":
                    from . import _catalogue as module
                case "IllegalTransitionError" | "Reads" | "Times":
                    from . import _lifecycle as module
                case "RecordedRequest":
                    from . import _journal as module
                case "SimulatedPod":
                    from . import _pods as module
                case _:
                    from . import _simulator as module
        except ModuleNotFoundError as error:
            message = f"{__name__} needs {error.name}; install 'yottalabs-client[simulator]'"
            raise ModuleNotFoundError(message, name=error.name) from None
        value = getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
