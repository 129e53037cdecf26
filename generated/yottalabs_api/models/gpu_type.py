from ..open_enum import OpenEnum


class GpuType(OpenEnum):
    """A kind of GPU, with its memory."""

    NVIDIA_GEFORCE_RTX_4090_24G = "NVIDIA_GeForce_RTX_4090_24G"
    NVIDIA_GEFORCE_RTX_5090_32G = "NVIDIA_GeForce_RTX_5090_32G"
    NVIDIA_H100_80GB_HBM3_80G = "NVIDIA_H100_80GB_HBM3_80G"
    NVIDIA_L4_24G = "NVIDIA_L4_24G"
