from ..open_enum import OpenEnum


class ResourceType(OpenEnum):
    """What a pod is made of: GPUs, or CPUs alone."""

    GPU = "GPU"
    CPU = "CPU"
