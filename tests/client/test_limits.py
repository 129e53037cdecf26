"""Servers that never end, on real sockets: every call does, in time, in bounded memory, with one of our errors."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import httpx2
import pytest
from yottalabs import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    CreateOutcomeUnknownError,
    PodNotDeletedError,
    ResponseValidationError,
    ServerError,
    WaitTimeoutError,
    YottaLabsError,
)

from support.scripted import Scripted, VirtualClock
from support.sockets import drip, server

Make = Callable[..., Any]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
SUCCESS = b'{"message":"success","code":10000,"data":[]}'
TIMEOUT = 0.7
AT_MOST = 5.0  # seconds, far above what a call may take and far below what a phase-wise timeout would


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def drips_its_head(connection: socket.socket, over: threading.Event) -> None:
    drip(connection, over, HEAD + b"x: " + b"y" * 1000, 0.05)


def drips_its_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(HEAD + b"content-length: 100000\r\n\r\n")
    drip(connection, over, b" " * 1000, 0.05)


def stops_in_its_body(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(HEAD + b"content-length: 100000\r\n\r\n" + SUCCESS)
    over.wait()


@pytest.mark.parametrize("behave", [silent, drips_its_head, drips_its_body, stops_in_its_body])
def test_the_timeout_bounds_the_whole_call(make: Make, behave: Any) -> None:
    with server(behave) as url, make("k", base_url=url, timeout=TIMEOUT, max_retries=0) as yotta:
        started = time.monotonic()
        with pytest.raises(APITimeoutError, match=r"within 0\.[67]\d* seconds"):
            yotta.pods.list()
        assert TIMEOUT * 0.9 <= time.monotonic() - started < AT_MOST


@pytest.mark.parametrize("behave", [silent, drips_its_head, drips_its_body, stops_in_its_body])
def test_the_timeout_bounds_a_call_with_its_retries(make: Make, behave: Any) -> None:
    with server(behave) as url, make("k", base_url=url, timeout=TIMEOUT, max_retries=5) as yotta:
        started = time.monotonic()
        with pytest.raises(APITimeoutError, match="no whole answer"):
            yotta.pods.list()
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")
        assert caught.value.create_token
        assert time.monotonic() - started < 2 * AT_MOST


def test_the_timeout_bounds_a_wait_for_the_list_too(make: Make) -> None:
    with server(silent) as url, make("k", base_url=url) as yotta:
        started = time.monotonic()
        with pytest.raises(WaitTimeoutError):
            yotta.pods.wait("1", timeout=TIMEOUT)
        assert time.monotonic() - started < AT_MOST


def endless(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    while not over.is_set():
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


@cache
def packed_spaces() -> bytes:
    """A quarter of a gigabyte, in a quarter of a megabyte."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(256)) + packer.flush()


def bomb(connection: socket.socket, over: threading.Event) -> None:
    packed = packed_spaces()
    head = HEAD + f"content-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n".encode()
    connection.sendall(head + packed)
    over.wait()


@pytest.mark.parametrize("behave", [endless, bomb])
def test_an_answer_that_is_too_large_is_cut_off_in_bounded_memory(make: Make, behave: Any) -> None:
    with (
        server(behave) as url,
        make("k", base_url=url, timeout=20, max_response_bytes=1_000_000, max_retries=0) as yotta,
    ):
        tracemalloc.start()
        with pytest.raises(ResponseValidationError, match="1000000 bytes of max_response_bytes") as caught:
            yotta.pods.list()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert caught.value.status_code == 200
    assert len(caught.value.body) <= 64 * 1024
    # httpx2 unpacks what one read from the socket gave, 64 KiB, before anyone can look at it.
    assert peak < (150_000_000 if behave is bomb else 20_000_000)


def test_what_came_of_an_answer_that_broke_off_is_kept(make: Make, clock: VirtualClock) -> None:
    def breaks_off(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(HEAD + b"content-length: 900000\r\n\r\n" + b"x" * 300_000)

    off = pytest.raises(ResponseValidationError, match="broke off")
    with server(breaks_off) as url, make("k", base_url=url, clock=clock) as yotta, off as caught:
        yotta.pods.list()
    assert caught.value.body == b"x" * 300_000


def cut(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(HEAD + b"content-length: 100\r\n\r\n" + SUCCESS)


def cut_in_the_head(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(HEAD[:20])


def not_packed(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(HEAD + f"content-encoding: gzip\r\ncontent-length: {len(SUCCESS)}\r\n\r\n".encode() + SUCCESS)


def not_http(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def says_nothing(connection: socket.socket, _: threading.Event) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def cut_failure(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\n<html>")


def no_status(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n")


def odd_status(connection: socket.socket, _: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}")


def header_bomb(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(HEAD)
    while not over.is_set():
        connection.sendall(b"x: " + b"y" * 60000 + b"\r\n")


def packed_twice(connection: socket.socket, over: threading.Event) -> None:
    packed = gzip.compress(packed_spaces())
    head = HEAD + f"content-encoding: gzip, gzip\r\ncontent-length: {len(packed)}\r\n\r\n".encode()
    connection.sendall(head + packed)
    over.wait()


def answers(body: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(HEAD + f"content-length: {len(body)}\r\n\r\n".encode() + body)

    return behave


DEPTH = 300_000
HOSTILE: dict[str, Callable[[socket.socket, threading.Event], None]] = {
    "a body that never ends": endless,
    "a gzip bomb": bomb,
    "a gzip bomb, packed": packed_twice,
    "a header bomb": header_bomb,
    "deep lists": answers(b'{"code":10000,"data":' + b"[" * DEPTH + b"]" * DEPTH + b"}"),
    "deep objects": answers(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
    "unfinished depth": answers(b"[" * DEPTH),
    "a code of many digits": answers(b'{"data":null,"code":' + b"9" * DEPTH + b"}"),
}


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest, make: Make) -> Iterator[Callable[..., Any]]:
    """Makes a client of a server that answers everything so."""
    with server(HOSTILE[request.param]) as url:
        packed_spaces()
        yield partial(make, "k", base_url=url, timeout=1.0, max_response_bytes=1_000_000, max_retries=1)


# Where no time is what matters, the clock is virtual: the client asks again at once.


def test_a_hostile_answer_is_one_of_our_errors_within_a_bound_of_memory(hostile: Make, clock: VirtualClock) -> None:
    tracemalloc.start()
    try:
        with hostile(clock=clock) as yotta:
            for call in (yotta.pods.list, partial(yotta.pods.delete, "1")):
                with pytest.raises((ResponseValidationError, APIConnectionError)):
                    call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150_000_000


def test_a_hostile_answer_to_a_create_leaves_it_open_what_it_did(hostile: Make, clock: VirtualClock) -> None:
    with hostile(clock=clock) as yotta, pytest.raises(CreateOutcomeUnknownError) as caught:
        yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")
    assert caught.value.create_token
    assert isinstance(caught.value.__cause__, ResponseValidationError | APIConnectionError)


@pytest.mark.parametrize("data", [b"9" * DEPTH, b'"' + b"9" * DEPTH + b'"'])
def test_an_id_without_end_is_none(client: Make, data: bytes) -> None:
    transport = Scripted(httpx2.Response(200, content=b'{"code":10000,"data":' + data + b"}"))
    with client(transport) as yotta, pytest.raises(CreateOutcomeUnknownError, match="but not which"):
        yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G")


def test_hostile_lists_end_a_wait_in_time(hostile: Make) -> None:
    with hostile() as yotta, pytest.raises(WaitTimeoutError) as caught:
        yotta.pods.wait("1", timeout=TIMEOUT)
    assert caught.value.pod_id == "1"
    assert isinstance(caught.value.__cause__, ResponseValidationError | APIConnectionError | None)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lists_in_the_life_of_a_temporary_pod_end_with_its_name(
    make: Make, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a create that succeeds, so that there is a pod, and the list can no more tell that it ends."""
    for module in ("yottalabs._sync.temporary", "yottalabs._async.temporary"):
        monkeypatch.setattr(f"{module}.END_SECONDS", 0.3)
    succeeds = answers(b'{"message":"success","code":10000,"data":"1"}')
    turn = iter([succeeds])

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.settimeout(5)
        next(turn, HOSTILE[name])(connection, over)

    with server(behave) as url, make("k", base_url=url, timeout=1.0, max_response_bytes=1_000_000) as yotta:
        with pytest.raises(PodNotDeletedError, match="delete it by hand") as caught:
            enter(yotta, image="x", gpu_type="NVIDIA_L4_24G", timeout=TIMEOUT)
        assert caught.value.pod_id == "1"
        assert isinstance(caught.value.__cause__, WaitTimeoutError)


def enter(yotta: Any, **arguments: Any) -> None:
    """Enters a temporary pod's block with either client; it is never left."""
    temporary = yotta.pods.temporary(**arguments)
    if hasattr(temporary, "__aenter__"):
        yotta.pods._runner.run(temporary.__aenter__())
    else:
        temporary.__enter__()


@pytest.mark.parametrize(
    ("behave", "kind", "status"),
    [
        (header_bomb, APIConnectionError, None),
        (cut, ResponseValidationError, 200),
        (cut_in_the_head, APIConnectionError, None),
        (not_packed, ResponseValidationError, 200),
        (not_http, APIConnectionError, None),
        (says_nothing, APIConnectionError, None),
        (resets, APIConnectionError, None),
        (cut_failure, ServerError, 503),
        (no_status, APIConnectionError, None),
        (odd_status, APIError, 999),
    ],
)
def test_a_broken_answer_is_one_of_our_errors(
    make: Make, behave: Any, kind: type[YottaLabsError], status: int | None, clock: VirtualClock
) -> None:
    with server(behave) as url, make("k", base_url=url, timeout=10, clock=clock) as yotta:
        with pytest.raises(kind) as caught:
            yotta.pods.list()
        assert getattr(caught.value, "status_code", None) == status
        if behave is cut:
            assert getattr(caught.value, "body", None) == SUCCESS


def test_a_compressed_answer_is_read(make: Make) -> None:
    packed = gzip.compress(SUCCESS)

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(HEAD + f"content-encoding: gzip\r\ncontent-length: {len(packed)}\r\n\r\n".encode() + packed)

    with server(behave) as url, make("k", base_url=url) as yotta:
        assert yotta.pods.list() == []


def test_a_port_where_nothing_listens_is_a_clear_error(make: Make, clock: VirtualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    client = make("k", base_url=f"http://127.0.0.1:{port}", clock=clock)
    with client as yotta, pytest.raises(APIConnectionError) as caught:
        yotta.pods.list()
    assert f"no answer from http://127.0.0.1:{port}" in str(caught.value)
    assert not caught.value.maybe_sent


def test_one_client_serves_many_threads(prism: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from yottalabs import YottaLabs

    with YottaLabs("k", base_url=prism) as yotta, ThreadPoolExecutor(16) as pool:
        lists = list(pool.map(lambda _: yotta.pods.list(), range(200)))
    assert all(len(pods) == 1 for pods in lists)


def test_a_cancelled_call_leaves_the_client_usable(prism: str) -> None:
    import asyncio

    from yottalabs import AsyncYottaLabs

    async def main() -> None:
        async with AsyncYottaLabs("k", base_url=prism) as yotta:
            task = asyncio.create_task(yotta.pods.list())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await yotta.pods.list()) == 1

    asyncio.run(main())
