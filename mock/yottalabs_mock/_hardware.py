"""What each kind of GPU comes with, and what it costs.

INVENTED, but for the L4's row, which is the documented example's: real hardware, prices and defaults are other ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hardware:
    """One GPU and its share of the machine that it is in."""

    display_name: str
    vram_in_gb: int
    ram_in_gb: int
    vcpu: int
    price: str  # an hour; text, so that it is exact
    container_volume_in_gb: int  # where the request does not say


HARDWARE = {
    "NVIDIA_L4_24G": Hardware("L4", 24, 10, 3, "0.6", 252),
    "NVIDIA_GeForce_RTX_4090_24G": Hardware("RTX 4090", 24, 48, 12, "0.69", 100),
    "NVIDIA_GeForce_RTX_5090_32G": Hardware("RTX 5090", 32, 64, 16, "0.89", 100),
    "NVIDIA_H100_80GB_HBM3_80G": Hardware("H100", 80, 192, 24, "2.49", 500),
}
OTHER = Hardware("GPU", 24, 16, 4, "1.0", 100)
"""For a kind that the contract has and the table has not."""

VOLUME_PRICE = "0.00005"  # of a GB in an hour
UPLOAD_MBPS = "1258.2912"
DOWNLOAD_MBPS = "1761.60768"
DISK_READ_MBPS = "2516.5824"
DISK_WRITE_MBPS = "5872.0256"
REGION = "sim-us-west-1"  # where the request does not say
LOCATION = "OR"
HOST = "203.0.113.26"  # of a block that is kept for documentation: nobody is there


def hardware_of(gpu_type: str) -> Hardware:
    """The row of a kind of GPU."""
    return HARDWARE.get(gpu_type, OTHER)
