"""Servers that misbehave on a real socket of this machine."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def server(
    behave: Callable[[socket.socket, threading.Event], None], tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server on a free port, over TLS if it is given; gives its base URL.

    `behave` gets each connection once the head of a request has come, and an event that is set when the test is over.
    """
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    threads: list[threading.Thread] = []

    def handle(plain: socket.socket) -> None:
        with suppress(OSError), plain, tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            behave(connection, over)

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(None)
                threads.append(threading.Thread(target=handle, args=(connection,), daemon=True))
                threads[-1].start()

    threads.append(threading.Thread(target=accept, daemon=True))
    threads[0].start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        for thread in threads:
            thread.join(5)
        listener.close()


def drip(connection: socket.socket, over: threading.Event, data: bytes, seconds: float) -> None:
    """Sends bytes one by one."""
    for index in range(len(data)):
        if over.wait(seconds):
            return
        connection.sendall(data[index : index + 1])
