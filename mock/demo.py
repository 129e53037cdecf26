"""The main job, on the documentation's own requests: `make demo`.

First against a real Prism, which has no memory; then a pod's whole life on the simulator, in virtual time.
"""

from __future__ import annotations

import asyncio
import time

from yottalabs import APIConnectionError, AsyncYottaLabs, InvalidArgumentError, Pod, PodFailedError, YottaLabs
from yottalabs_mock import Simulator

from prism import NotStartedError, running_prism

IMAGE = "yottalabsai/pytorch:2.8.0-py3.11-cuda12.8.1-cudnn-devel-ubuntu22.04-2025050802"
PASSWORD = "9f2375dc-277b-4550-add9-563ad23973a5"  # noqa: S105  # the documentation's own example
KEY = "any-key-will-do-for-a-mock"
BASE_URL = "http://127.0.0.1"  # nothing listens there: the simulator is in this process


def show(pod: Pod) -> None:
    """Prints a pod as a person wants to see it."""
    print(f"    id        {pod.id}  ({pod.name})")
    print(f"    status    {pod.status}, since {pod.updated:%Y-%m-%d %H:%M:%S %Z}" if pod.updated else "")
    print(
        f"    hardware  {pod.gpu_count} x {pod.gpu_display_name}, {pod.single_card_vram_in_gb} GB each, in {pod.region}"
    )
    print(f"    price     {pod.hourly_price} an hour")
    print(f"    ssh       {pod.ssh_command}")


def create_list_delete(yotta: YottaLabs) -> None:
    """One pod's life, as far as a mock without state can show it."""
    print("\ncreate: the documentation's first request")
    pod_id = yotta.pods.create(
        image=IMAGE,
        gpu_type="NVIDIA_L4_24G",
        gpu_count=1,
        environment_vars={"JUPYTER_PASSWORD": PASSWORD},
        expose=[22],
    )
    print(f"    created pod {pod_id}")

    print("\nlist: the documented pod")
    (pod,) = yotta.pods.list()
    show(pod)

    print("\nwait: the documented pod has ended, so it will never be ready")
    try:
        yotta.pods.wait(pod)
    except PodFailedError as error:
        print(f"    PodFailedError: {error}")

    print("\ndelete")
    yotta.pods.delete(pod)
    print(f"    deleted pod {pod.id}")

    print("\na typing error: it is found before anything is sent")
    try:
        yotta.pods.create(image=IMAGE, gpu_type="NVIDIA_L4_24G", gpu_count=1, expose=[70000])
    except InvalidArgumentError as error:
        print(f"    InvalidArgumentError: {error}")


async def ten_at_once(base_url: str) -> None:
    """The asynchronous client."""
    async with AsyncYottaLabs(KEY, base_url=base_url) as yotta:
        lists = await asyncio.gather(*(yotta.pods.list() for _ in range(10)))
    print(f"    {len(lists)} lists at once, {sum(map(len, lists))} pods")


def whole_life() -> None:
    """One pod from its creation to its end."""
    simulator = Simulator()

    def tell(pod: Pod) -> None:
        ready = ", SSH answers" if pod.is_ready else ""
        print(f"    {simulator.clock.monotonic():5.0f} s  {pod.status}{ready}")

    with YottaLabs(KEY, base_url=BASE_URL, transport=simulator.transport, clock=simulator.clock) as yotta:
        pod_id = yotta.pods.create(image=IMAGE, gpu_type="NVIDIA_L4_24G", gpu_count=1, expose=[22])
        pod = yotta.pods.wait(pod_id, until="ready", on_change=tell)
        print(f"             {pod.ssh_command}")
        yotta.pods.delete(pod)
        yotta.pods.wait(pod, until="terminated", on_change=tell)

        print("\na fault: the connection breaks after the create took effect")
        simulator.faults.add("create", "reset_after")
        try:
            yotta.pods.create(image=IMAGE, gpu_type="NVIDIA_L4_24G", gpu_count=1)
        except APIConnectionError as error:
            print(f"    APIConnectionError: {error}")
        (lost,) = yotta.pods.list(status="INITIALIZE")
        print(f"    and there it is: {lost.id}")


def main() -> None:
    """Starts Prism, does the job, stops Prism; then lets a pod live on the simulator."""
    started = time.monotonic()
    with running_prism() as base_url:
        print(f"Prism serves openapi.yaml at {base_url}")
        with YottaLabs(KEY, base_url=base_url) as yotta:
            create_list_delete(yotta)
        print("\nthe same without blocking")
        asyncio.run(ten_at_once(base_url))
    print("\nPrism is stopped.")

    print("\na pod's whole life on the simulator, in its own time")
    life = time.monotonic()
    whole_life()
    print(f"    all that took {time.monotonic() - life:.2f} seconds of real time")
    print(f"\nEverything worked, in {time.monotonic() - started:.1f} seconds.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\ninterrupted; Prism is stopped") from None
    except NotStartedError as error:
        raise SystemExit(str(error)) from None
