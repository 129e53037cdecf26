from ..open_enum import OpenEnum


class ResourceType(OpenEnum):
    """What a pod computes on: GPUs, or CPUs."""

    GPU = "GPU"
    CPU = "CPU"
