from ..open_enum import OpenEnum


class PodStatus(OpenEnum):
    """Where a pod is in its life."""

    INITIALIZE = "INITIALIZE"
    RUNNING = "RUNNING"
    PAUSING = "PAUSING"
    PAUSED = "PAUSED"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    FAILED = "FAILED"
