"""The guard of a pod: a process of its own that deletes the pod when its time is over, or when its owner dies.

A detached guard does not mind the death of its owner: it is there for a program that ends before the pod.

It cannot outlive its machine, nor a container or service that is stopped as a whole. Without the API it can do nothing.

The owner and the guard share a pipe. The key goes through it, so that no command line, environment or file holds it.
That it closes is how the guard learns that the owner has died, however suddenly. A detached one hears what it is told
as long as there is somebody to tell it.
"""

from __future__ import annotations

import logging
import os
import signal
import site
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ._exceptions import ConfigurationError, InvalidArgumentError
from ._lease import Lease, Owner
from ._secrecy import HiddenDict, HiddenText
from ._settings import API_KEY_VARIABLE, Settings
from ._wait import GRACE_SECONDS
from ._watch import DONE, READY, Job, line_of

logger = logging.getLogger("yottalabs")

CreateGuard: TypeAlias = bool | Literal["detached"]
"""What `pods.create(guard=…)` takes."""

TemporaryGuard: TypeAlias = bool | Literal["always"]
"""What `pods.temporary(guard=…)` takes."""

START_SECONDS = 30.0  # how long a guard may take until it is ready
END_SECONDS = 10.0  # and to end, once it is told to
LOOK_SECONDS = 1.0  # between two looks at the clock and the owner
CHECK_SECONDS = GRACE_SECONDS  # between two looks at the list: in so long, it shows what it has lagged behind
SEARCH_SECONDS = 60.0  # how long a pod that may yet come is looked for
PATIENCE_SECONDS = 3600.0  # how long a guard goes on trying to delete a pod
_LONGEST_LINE = 500  # of what a guard says that does not start
_HIDDEN = "<the key>"


class Guard:
    """A guard that runs, as its owner sees it. It may be used by several threads at once.

    In a process that was forked off the owner, it does nothing.
    """

    def __init__(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        self._process = process
        self._pipe: int | None = pipe  # a number, which no garbage collection closes
        self._lock = threading.Lock()
        self._owner = os.getpid()

    @classmethod
    def start(cls, settings: Settings, token: str, expires: datetime | None, *, is_detached: bool = False) -> Guard:
        """Starts a guard for a pod that does not exist yet, and waits until it is ready.

        Args:
            settings: How to reach the API.
            token: The create token that the pod will carry.
            expires: When the pod's time is over; None if it may live as long as this process.
            is_detached: Whether the pod may live until then though this process has ended.

        Raises:
            ConfigurationError: No guard can be started here.
        """
        _forget_ended()
        job = Job(
            api_key=settings.api_key,
            base_url=settings.base_url,
            timeout=settings.timeout,
            max_response_bytes=settings.max_response_bytes,
            user_agent=settings.user_agent,
            token=token,
            lease=Lease(expires, None if is_detached else Owner.current()).text(),
            look=LOOK_SECONDS,
            check=CHECK_SECONDS,
            search=SEARCH_SECONDS,
            patience=PATIENCE_SECONDS,
        )
        reading, writing = os.pipe()
        _pipes.add(writing)
        try:
            try:
                os.write(writing, job.line())  # which waits in the pipe
                process = _launched(settings, reading)
            finally:
                os.close(reading)
            reason = (_why_not_ready(process) or "").replace(settings.api_key, _HIDDEN)
        except BaseException:  # an interruption too must not leave the pipe open, nor a guard that minds no owner
            with suppress(OSError):
                os.write(writing, line_of(DONE))
            _close(writing)
            raise
        if reason:
            _close(writing)
            raise _not_started(reason)
        guard = cls(process, writing)
        _guards.add(guard)
        return guard

    @property
    def process_id(self) -> int:
        """The number of the guard's process."""
        return self._process.pid

    def watch(self, pod_id: str) -> None:
        """Tells the guard which pod it is."""
        self._tell({"pod_id": pod_id})

    def expire(self, when: datetime) -> None:
        """Lets the pod's time end at a moment, unless it ends earlier already.

        Args:
            when: The moment, with its zone.
        """
        self._tell({"expires": when.isoformat()})

    def release(self) -> None:
        """Ends the guard and leaves the pod alone."""
        self._tell(DONE, last=True)

    def _tell(self, message: dict[str, Any], *, last: bool = False) -> None:
        if os.getpid() != self._owner:
            return
        with self._lock:
            if self._pipe is None:
                return
            is_told = self._write(message)
            if last:
                _close(self._pipe)
                self._pipe = None
                _guards.discard(self)
        if last:
            _end(self._process, END_SECONDS if is_told else 0.0)
        if not is_told and not (last and self._process.returncode == 0):
            logger.warning("the guard of a pod (process %d) is gone: nothing ends the pod by itself", self.process_id)

    def _write(self, message: dict[str, Any]) -> bool:
        if self._pipe is None or self._process.poll() is not None:
            return False
        try:
            os.write(self._pipe, line_of(message))
        except OSError:
            return False
        return True

    def _is_gone(self) -> bool:
        with self._lock:
            if self._process.poll() is None:
                return False
            if self._pipe is not None:
                _close(self._pipe)
                self._pipe = None
            return True


class _Outliving(subprocess.Popen[bytes]):
    """A process that may outlive this one, of which Python would warn."""

    def __del__(self) -> None:
        pass


def check_guard(guard: object, word: str) -> None:
    """Nothing, if an argument says whether there is to be a guard, or has the one word that says more.

    Raises:
        InvalidArgumentError: It does not.
    """
    if not isinstance(guard, bool) and not (isinstance(guard, str) and guard == word):
        raise InvalidArgumentError(f"guard is {guard!r}; it must be True, False or {word!r}", argument="guard")


_guards: set[Guard] = set()  # until each is released or gone; nobody else need keep one
_pipes: set[int] = set()


def _close_inherited() -> None:
    """Leaves the guards to the owner alone: the pipes must close when it dies."""
    _guards.clear()
    while _pipes:
        _close(_pipes.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)


def _close(pipe: int) -> None:
    _pipes.discard(pipe)
    with suppress(OSError):
        os.close(pipe)


def _forget_ended() -> None:
    """Lets go of guards that have done their work."""
    for guard in list(_guards):
        if guard._is_gone():  # noqa: SLF001  # of this module
            _guards.discard(guard)


def _launched(settings: Settings, stdin: int) -> subprocess.Popen[bytes]:
    command = _command()
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    environment = HiddenDict(_environment(settings))
    try:
        return _Outliving(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            close_fds=True,
            start_new_session=True,
            creationflags=flags,
        )
    except (OSError, ValueError) as error:
        reason = str(error)
    raise _not_started(reason)


def _command() -> list[str]:
    """The command that starts a guard."""
    if getattr(sys, "frozen", False):
        from . import __main__ as program

        # Its own executable is all that a frozen program has, and only that of our command can be a guard.
        if program.is_running:
            return [sys.executable, program.GUARD]
        raise _not_started(
            "a program that is frozen, by PyInstaller for example, does not know of a Python interpreter to run it "
            "with; pass guard=False, and make sure by other means that the pod ends"
        )
    if not sys.executable:
        raise _not_started("this program does not know of a Python interpreter to run it with")
    return [sys.executable, "-P", "-m", f"{__package__}._guarding"]


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of a guard: without the key, and such that it finds the packages that run here."""
    import yottalabs_api

    packages = (file.parent.parent for file in _resolved([__file__, str(yottalabs_api.__file__)]))
    # What the interpreter finds by itself must not come before the standard library, which packages there may shadow.
    known = set(_resolved(site.getsitepackages()))
    inherited = _resolved(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    folders = dict.fromkeys([*(folder for folder in packages if folder not in known), *inherited])
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in {API_KEY_VARIABLE, "PYTHONPATH"} and value.strip() != settings.api_key
    }
    # PyInstaller: one that outlives this program must not use the files that this one has unpacked.
    kept |= {"PYINSTALLER_RESET_ENVIRONMENT": "1"} if getattr(sys, "frozen", False) else {}
    return kept | ({"PYTHONPATH": os.pathsep.join(map(str, folders))} if folders else {})


def _resolved(names: Iterable[str]) -> Iterator[Path]:
    """Paths without links, but for those that lead nowhere: into a current folder that is gone, or in a circle."""
    for name in names:
        with suppress(OSError, RuntimeError):
            yield Path(name).resolve()


def _why_not_ready(process: subprocess.Popen[bytes]) -> str | None:
    """Waits until a guard is ready; else ends it and gives the reason."""
    said: deque[HiddenText] = deque(maxlen=20)
    is_ready = threading.Event()
    output = process.stdout
    assert output is not None  # noqa: S101  # it is a pipe

    def listen() -> None:
        with output:
            for line in iter(lambda: output.readline(_LONGEST_LINE), b""):
                text = line.decode(errors="replace").strip()
                if text == READY:
                    is_ready.set()
                    return
                said.append(HiddenText(text))

    listener = threading.Thread(target=listen, daemon=True)
    is_late = True
    try:
        listener.start()
        listener.join(START_SECONDS)
        is_late = listener.is_alive()
    finally:
        if not is_ready.is_set():
            _end(process, 0.0 if is_late else 1.0)  # what has closed its output is ending by itself
    if is_ready.is_set():
        return None
    listener.join(1.0)  # it hears the last words
    late = f"it was not ready within {START_SECONDS:g} seconds"
    how = late if is_late else f"it ended with status {process.returncode}"
    return how + next((f", saying: {text}" for text in reversed(said) if text), "")


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Waits for a guard to end, and ends it when that takes longer."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
        return
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started, if a script runs the interpreter
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)


def _not_started(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"the guard that would delete the pod when its time is over cannot be started: {reason}; nothing was created",
        setting="guard",
    )
