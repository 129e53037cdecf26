"""A simulator of the YottaLabs API: offline, with state, time and faults.

    from yottalabs import YottaLabs
    from yottalabs_mock import Simulator

    sim = Simulator()
    with YottaLabs("any-key", transport=sim.transport, clock=sim.clock) as yotta:
        pod_id = yotta.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
        yotta.pods.wait(pod_id)  # a minute, in no time

It knows the API by `openapi.yaml` alone, and nothing of the client that it is there to check.
"""

from ._clock import Clock, RealClock, VirtualClock
from ._faults import Fault
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
