"""The process of a guard: `python -m yottalabs._guarding`, with the pipe of its owner as standard input."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NoReturn

# All of it is loaded before the guard is ready: the files may be gone when it is needed.
from ._clock import SystemClock
from ._exceptions import ConfigurationError
from ._lease import Lease
from ._pod import ENDING
from ._secrecy import HiddenBytes
from ._settings import Settings
from ._sync.creating import Creating
from ._sync.ending import end_pod
from ._sync.listing import look
from ._sync.session import Session
from ._watch import READY, Job, Sightings, Verdict, Watch

SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_GROWTH = 0.5, 5.0, 1.5  # seconds between two searches for a pod
CALLS_AT_LEAST = 10  # so many must fit into the patience, however long one may take


class Guarding:
    """The work of a guard's process, from when it is ready."""

    def __init__(self, job: Job, lease: Lease, session: Session) -> None:
        self._session = session
        self._token = job.token
        self._owner = lease.owner
        self._watch = Watch(lease.expires, is_detached=lease.owner is None)
        self._sightings = Sightings(job.token)
        self._eof = False
        self._woken = threading.Event()
        self._look = job.look
        self._check = job.check
        self._next_check = time.monotonic() + job.check
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
            owner_alive = None if self._owner is None else self._owner.is_alive()
            # The wall clock goes on while the machine sleeps.
            verdict = self._watch.verdict(datetime.now(UTC), owner_alive=owner_alive, eof=self._eof)
            if verdict is Verdict.DELETE:
                break
            if self._has_ended_early():
                return 0
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

    def _has_ended_early(self) -> bool:
        """Whether a detached guard has nothing left to do. It looks at the list now and then; nobody would tell it."""
        now = time.monotonic()
        expires = self._watch.expires
        if not self._watch.is_detached or expires is None or now < self._next_check:
            return False
        self._next_check = now + self._check
        left = (expires - datetime.now(UTC)).total_seconds()  # a look that takes its time must not delay the delete
        with suppress(Exception):  # whatever it was, nobody knows that the pod has ended
            self._sightings.see(look(self._session.within(left)), self._watch.pod_id)
        return self._sightings.has_ended

    def _delete(self, end: float) -> bool:
        """Whether the pod has ended for certain, or there is none."""
        readable_since: float | None = None
        pause = SHORTEST_PAUSE
        while self._watch.pod_id is None:
            try:
                found = Creating(self._session).find(self._token)
            except Exception:  # noqa: BLE001, S110  # as above
                pass
            else:
                now = time.monotonic()
                if found is not None and found.id and found.status not in ENDING:
                    self._watch.pod_id = found.id
                    break
                readable_since = now if readable_since is None else readable_since
                if now >= max(readable_since, self._created_by) + self._search:
                    return True
            if time.monotonic() >= end:
                return False
            self._pause(pause)
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        end_pod(self._session, self._watch.pod_id, patience=max(end - time.monotonic(), 0.0))
        return True

    def _pause(self, seconds: float) -> None:
        """Waits, unless a message comes."""
        self._woken.wait(seconds)
        self._woken.clear()


def main() -> NoReturn:
    """Guards the pod that standard input tells of."""
    _heed_signals()
    job = _read_job(HiddenBytes(sys.stdin.buffer.readline()))
    lease = Lease.read(job.lease)
    if lease is None:
        raise ConfigurationError("the lease cannot be read")
    # The owner's client has checked all this.
    settings = Settings(
        api_key=job.api_key,
        base_url=job.base_url,
        timeout=min(job.timeout, job.patience / CALLS_AT_LEAST),
        max_response_bytes=job.max_response_bytes,
        user_agent=job.user_agent,
    )
    guarding = Guarding(job, lease, Session.open(settings, SystemClock(), None))
    print(READY, flush=True)  # noqa: T201  # this is what the owner waits for
    _be_silent()
    threading.Thread(target=guarding.listen, args=(sys.stdin.buffer,), daemon=True).start()
    os._exit(guarding.run())  # at once: nothing is left to be put away


def _read_job(line: HiddenBytes) -> Job:
    """The job that the owner sends. What cannot be read is not shown: it may have the key."""
    try:
        return Job(**json.loads(line))
    except (ValueError, TypeError):
        pass
    raise ConfigurationError("the owner's first message cannot be read")


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
