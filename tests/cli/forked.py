"""Imports the command `yottalabs` once, and forks a process for each call of it that it is asked for.

It is a program of its own, without threads, so that a fork is a whole process. `forking` is what talks to it.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import socket
import sys
import termios
from typing import Any, NoReturn

LONGEST_MESSAGE = 100_000  # bytes


def import_all() -> None:
    """Imports what a command imports on its way, by taking it; nothing is sent."""
    import click.shell_completion  # noqa: F401
    import httpx2
    import rich.live
    import rich.padding
    import rich.spinner
    import rich.table  # noqa: F401
    import tomlkit  # noqa: F401
    import yaml  # noqa: F401
    from yottalabs import YottaLabs
    from yottalabs._cli import doctor, profiles, run, secure_shell, simulator  # noqa: F401
    from yottalabs._cli.pods import costing, creating, deleting, getting, listing, ssh, sweeping, waiting  # noqa: F401

    pod = {"id": "1", "expose": [{"port": 22}], "status": "RUNNING"}
    answer = httpx2.Response(200, json={"code": 10000, "message": "success", "data": [pod]})
    with YottaLabs("a-key", transport=httpx2.MockTransport(lambda _: answer)) as client:
        client.pods.list()


def serve(asked: socket.socket) -> None:
    """Forks until nobody asks any more. Of each process the number is told first, and in the end the status."""
    while True:
        message, streams, _, _ = socket.recv_fds(asked, LONGEST_MESSAGE, 3)
        if not message:
            return
        process = os.fork()
        if process == 0:
            asked.close()
            become(json.loads(message), streams)
        for stream in streams:
            os.close(stream)
        asked.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        asked.send(str(os.waitstatus_to_exitcode(status)).encode())


def become(call: dict[str, Any], streams: list[int]) -> NoReturn:
    """Becomes the command, as if it had just been started."""
    status = 70  # of a mishap here
    try:
        os.setsid()
        if os.isatty(streams[0]):
            fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(call["folder"])
        os.umask(call["umask"])
        os.environ.clear()
        os.environ.update(call["variables"])
        sys.argv = ["yottalabs", *call["arguments"]]
        # These three are what Python makes where UTF-8 is the encoding.
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  # of a descriptor, for as long as it lives
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115  # as above
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
        status = ended(call["module"])
    finally:
        os._exit(status)


def ended(module: str) -> int:
    """Runs the command; gives its exit status."""
    from importlib import import_module

    try:
        import_module(module).main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
        return status
    except BaseException as error:  # noqa: BLE001  # an interpreter that ends does the same
        sys.excepthook(type(error), error, error.__traceback__)
        sys.stderr.flush()
        return 1
    return 0


if __name__ == "__main__":
    import_all()
    gc.freeze()  # what is here now is not looked at, and so not copied, in each fork
    serve(socket.socket(fileno=int(sys.argv[1])))
