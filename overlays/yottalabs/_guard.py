"""The guard of a pod: a process of its own that deletes the pod when its time is over, or when its owner dies.

It cannot outlive its machine, nor a container or service that is stopped as a whole. Without the API it can do nothing.

The owner and the guard share a pipe. The key goes through it, so that no command line, environment or file holds it.
That it closes is how the guard learns that the owner has died, however suddenly.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import site
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ._exceptions import ConfigurationError
from ._lease import Lease, Owner
from ._secrecy import HiddenBytes, discreet
from ._settings import API_KEY_VARIABLE, Settings

if TYPE_CHECKING:
    from ._sync.client import YottaLabs

logger = logging.getLogger("yottalabs")

START_SECONDS = 30.0  # how long a guard may take until it is ready
END_SECONDS = 10.0  # and to end, once it is told to
LOOK_SECONDS = 1.0  # between two looks at the clock and the owner
SEARCH_SECONDS = 60.0  # how long a pod that may yet come is looked for
PATIENCE_SECONDS = 3600.0  # how long a guard goes on trying to delete a pod
SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.5, 5.0, 1.5  # seconds between two searches for a pod
CALLS_AT_LEAST = 10  # so many must fit into the patience, however long one may take
READY = "ready"
_LONGEST_LINE = 500  # of what a guard says that does not start
_HIDDEN = "<the key>"


# --- In the owner's process -------------------------------------------------------------------------------------------


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
    @discreet
    def start(cls, settings: Settings, token: str, expires: datetime | None) -> Guard:
        """Starts a guard for a pod that does not exist yet, and waits until it is ready.

        Args:
            settings: How to reach the API.
            token: The create token that the pod will carry.
            expires: When the pod's time is over; None if it may live as long as this process.

        Raises:
            ConfigurationError: No guard can be started here.
        """
        _forget_ended()
        job = Job(
            api_key=settings.api_key,
            base_url=settings.base_url,
            timeout=settings.timeout,
            max_response_bytes=settings.max_response_bytes,
            token=token,
            lease=Lease(expires, Owner.current()).text(),
            look=LOOK_SECONDS,
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
        except BaseException:
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
        self._tell({"done": True}, last=True)

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
            os.write(self._pipe, _line(message))
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


class _Detached(subprocess.Popen[bytes]):
    """A process that may outlive this one, of which Python would warn."""

    def __del__(self) -> None:
        pass


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
    if not sys.executable or getattr(sys, "frozen", False):
        raise _not_started("this program does not know of a Python interpreter to run it with")
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        return _Detached(
            [sys.executable, "-P", "-m", f"{__package__}._guard"],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_environment(settings),
            close_fds=True,
            start_new_session=True,
            creationflags=flags,
        )
    except (OSError, ValueError) as error:
        raise _not_started(str(error)) from error


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of a guard: without the key, and such that it finds the packages that run here."""
    import yottalabs_api

    packages = (Path(file).resolve().parent.parent for file in (__file__, str(yottalabs_api.__file__)))
    # What the interpreter finds by itself must not come before the standard library, which packages there may shadow.
    known = {Path(folder).resolve() for folder in site.getsitepackages()}
    inherited = (Path(folder).resolve() for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder)
    folders = dict.fromkeys([*(folder for folder in packages if folder not in known), *inherited])
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in {API_KEY_VARIABLE, "PYTHONPATH"} and value.strip() != settings.api_key
    }
    return kept | ({"PYTHONPATH": os.pathsep.join(map(str, folders))} if folders else {})


def _why_not_ready(process: subprocess.Popen[bytes]) -> str | None:
    """Waits until a guard is ready; else ends it and gives the reason."""
    said: deque[str] = deque(maxlen=20)
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
                said.append(text)

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
        f"the guard that would delete the pod when its time is over cannot be started: {reason}; nothing was created"
    )


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


# --- What both know ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """What a guard is told first.

    Attributes:
        api_key: The key.
        base_url: Where the API is.
        timeout: How long a call may take.
        max_response_bytes: How large an answer may be.
        token: The create token of the pod.
        lease: The lease of the pod, as text.
        look: How long to wait between two looks at the clock and the owner, in seconds.
        search: How long a pod that may yet come is looked for, in seconds.
        patience: How long to go on trying to delete it, in seconds.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout: float
    max_response_bytes: int
    token: str
    lease: str
    look: float
    search: float
    patience: float

    def line(self) -> HiddenBytes:
        """The job as it goes through the pipe."""
        return HiddenBytes(_line(asdict(self)))


# --- In the guard's process -------------------------------------------------------------------------------------------


class Verdict(Enum):
    """What a guard has to do now."""

    WAIT = "go on waiting"
    LEAVE = "end, and leave the pod alone"
    DELETE = "delete the pod"


class Watch:
    """What a guard knows, and what follows from it. No input or output happens here.

    Attributes:
        pod_id: The pod, once it is known.
        expires: When its time is over; None if it may live as long as its owner.
        is_released: Whether the owner needs the guard no more.
    """

    def __init__(self, expires: datetime | None) -> None:
        self.pod_id: str | None = None
        self.expires = expires
        self.is_released = False

    def hear(self, line: bytes) -> None:
        """Takes a message of the owner; one that broke off as the owner died says nothing."""
        try:
            message = json.loads(line)
            if message.get("done") is True:
                self.is_released = True
            if isinstance(message.get("pod_id"), str):
                self.pod_id = message["pod_id"]
            if "expires" in message:
                when = datetime.fromisoformat(message["expires"]).astimezone(UTC)
                self.expires = when if self.expires is None else min(self.expires, when)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return

    def verdict(self, now: datetime, *, owner_alive: bool | None, eof: bool) -> Verdict:
        """What to do.

        Args:
            now: The time.
            owner_alive: Whether the owner lives, as `Owner.is_alive` says.
            eof: Whether the pipe was closed at the owner's end.
        """
        if self.is_released:
            return Verdict.LEAVE
        is_over = self.expires is not None and self.expires <= now
        return Verdict.DELETE if eof or owner_alive is False or is_over else Verdict.WAIT


class Guarding:
    """The work of a guard's process, from when it is ready."""

    def __init__(self, job: Job, lease: Lease, client: YottaLabs) -> None:
        from ._sync.ending import end_pod

        self._client = client
        self._end_pod = end_pod
        self._token = job.token
        self._owner = lease.owner
        self._watch = Watch(lease.expires)
        self._eof = False
        self._woken = threading.Event()
        self._look = job.look
        self._search = job.search
        self._patience = job.patience
        self._created_by = time.monotonic() + job.timeout  # a create that is on its way has ended by then

    def listen(self, lines: Iterable[bytes]) -> None:
        """Hears the owner until it is gone. Once it needs the guard no more, the process ends, whatever it is doing."""
        for line in lines:
            self._watch.hear(line)
            if self._watch.is_released:
                os._exit(0)
            self._woken.set()
        self._eof = True
        self._woken.set()

    def run(self) -> int:
        """Waits until the pod has to be deleted, and deletes it; gives the status to exit with."""
        while True:
            # The wall clock goes on while the machine sleeps.
            verdict = self._watch.verdict(datetime.now(UTC), owner_alive=self._owner.is_alive(), eof=self._eof)
            if verdict is Verdict.DELETE:
                break
            self._pause(self._look)
        if not self._eof:
            time.sleep(self._look)  # what the owner said last may still be on its way to the other thread
        end = time.monotonic() + self._patience
        is_certain = False
        while time.monotonic() < end and not is_certain:
            try:
                is_certain = self._delete(end)
            except Exception:  # noqa: BLE001  # whatever it was, there is nobody to tell, and the pod still costs money
                self._pause(LONGEST_PAUSE)
        return 0 if is_certain else 1

    def _delete(self, end: float) -> bool:
        """Whether the pod has ended for certain, or there is none."""
        readable_since: float | None = None
        pause = SHORTEST_PAUSE
        while self._watch.pod_id is None:
            try:
                found = self._client.pods.find_created(self._token)
            except Exception:  # noqa: BLE001, S110  # as above
                pass
            else:
                now = time.monotonic()
                if found is not None and found.id:
                    self._watch.pod_id = found.id
                    break
                readable_since = now if readable_since is None else readable_since
                if now >= max(readable_since, self._created_by) + self._search:
                    return True
            if time.monotonic() >= end:
                return False
            self._pause(pause)
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        self._end_pod(self._client.pods, self._watch.pod_id, patience=max(end - time.monotonic(), 0.0))
        return True

    def _pause(self, seconds: float) -> None:
        """Waits, unless a message comes."""
        self._woken.wait(seconds)
        self._woken.clear()


def main() -> NoReturn:
    """Guards the pod that standard input tells of."""
    _heed_signals()
    job = Job(**json.loads(sys.stdin.buffer.readline()))
    lease = Lease.read(job.lease)
    if lease is None:
        raise ConfigurationError("the lease cannot be read")
    # Everything is loaded before it is ready: the files may be gone when it is needed.
    from ._sync.client import YottaLabs

    client = YottaLabs(
        job.api_key,
        base_url=job.base_url,
        timeout=min(job.timeout, job.patience / CALLS_AT_LEAST),
        max_response_bytes=job.max_response_bytes,
        allow_insecure_http=True,  # the owner's client has looked at that
    )
    guarding = Guarding(job, lease, client)
    print(READY, flush=True)  # noqa: T201  # this is what the owner waits for
    _be_silent()
    threading.Thread(target=guarding.listen, args=(sys.stdin.buffer,), daemon=True).start()
    os._exit(guarding.run())  # at once: nothing is left to be put away


def _heed_signals() -> None:
    """An interrupt from the terminal, or the end of its session, is for the owner. Whoever ends the guard means it."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):  # Windows knows one of them
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _be_silent() -> None:
    """Lets go of the owner's end of the output, which nobody reads any more."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for output in (1, 2):
        os.dup2(nowhere, output)
    os.close(nowhere)


if __name__ == "__main__":
    main()
