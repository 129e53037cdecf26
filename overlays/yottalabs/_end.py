"""When a pod that is being deleted has ended for certain. No input or output happens here."""

from __future__ import annotations

import shlex

from yottalabs_api.api.pods import delete_pod
from yottalabs_api.client import API_KEY_HEADER
from yottalabs_api.types import RawRequest

from ._answer import Listing
from ._exceptions import ConflictError, NotFoundError, PodNotDeletedError, YottaLabsError
from ._pod import ENDING
from ._settings import API_KEY_VARIABLE, Settings
from ._text import LONGEST_ID, printable
from ._wait import GRACE_SECONDS, LOOKS_UNTIL_GONE, TRANSIENT

END_SECONDS = 60.0  # how long a pod that must go is deleted again and again
HOPELESS_SECONDS = 10.0  # how long where the API says that it will not, which it may say by mistake
SHORTEST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
PAUSE_GROWTH = 1.5

_MAY_PASS = (*TRANSIENT, NotFoundError, ConflictError)


class End:
    """The end of one pod: deleted until the API takes it, and looked at until the list shows it."""

    def __init__(self, pod_id: str, *, now: float, patience: float) -> None:
        """Begins.

        Args:
            pod_id: The pod.
            now: The time, in seconds of a monotonic clock.
            patience: How long to go on at most, in seconds.
        """
        self.pod_id = pod_id
        self.must_delete = True
        self._start = now
        self._patience = patience
        self._refusal: YottaLabsError | None = None
        self._blindness: YottaLabsError | None = None
        self._missing = 0
        self._was_seen = False
        self._has_ended = False
        self._pause = SHORTEST_PAUSE / PAUSE_GROWTH

    def accept(self) -> None:
        """The API has taken the delete."""
        self.must_delete, self._refusal = False, None

    def refuse(self, error: YottaLabsError) -> None:
        """The delete has failed."""
        self._refusal = error

    def see(self, listing: Listing) -> None:
        """Takes a look at the list into account."""
        self._blindness = None
        pod = listing.find(self.pod_id)
        if pod is None:
            self._missing += listing.is_whole
            return
        self._missing = 0
        self._was_seen = True
        self._has_ended = pod.status in ENDING
        self.must_delete = not self._has_ended

    def fail_to_see(self, error: YottaLabsError) -> None:
        """Takes a failed look into account."""
        self._blindness = error

    def is_over(self, now: float) -> bool:
        """Whether the pod has ended, or is ending, by the last look.

        Raises:
            PodNotDeletedError: It has not, for too long.
        """
        if self._has_ended or (self._missing >= LOOKS_UNTIL_GONE and self._is_gone(now)):
            return True
        hindrance = self._refusal or self._blindness
        may_pass = hindrance is None or isinstance(hindrance, _MAY_PASS)
        patience = self._patience if may_pass else min(self._patience, HOPELESS_SECONDS)
        if now - self._start >= patience:
            raise PodNotDeletedError(self._problem(), pod_ids=[self.pod_id], pod_id=self.pod_id) from hindrance
        return False

    def remaining(self, now: float) -> float:
        """Seconds until it has taken too long."""
        return self._start + self._patience - now

    def _is_gone(self, now: float) -> bool:
        """Whether a pod that is missing from the list is gone: the API has just made it, and may not know it yet."""
        if isinstance(self._refusal, NotFoundError):
            return self._was_seen or now - self._start >= GRACE_SECONDS
        return self._refusal is None

    def pause(self) -> float:
        """How many seconds to wait before the next step."""
        self._pause = min(self._pause * PAUSE_GROWTH, LONGEST_PAUSE)
        return self._pause

    def _problem(self) -> str:
        pod_id = printable(self.pod_id, LONGEST_ID)
        if self._refusal is not None:
            return f"pod {pod_id} may still run and cost money; it could not be deleted: {self._refusal}"
        if self._blindness is not None:
            return (
                f"pod {pod_id} may still run and cost money; the API took the delete, "
                f"but the list of pods does not tell: {self._blindness}"
            )
        return f"pod {pod_id} still runs and costs money, by the list of pods, although the API took the delete"


class _Recorder:
    """What the generated operations take for a client: it gives the request back."""

    def exchange(self, request: RawRequest) -> RawRequest:
        return request


def by_hand(settings: Settings, pod_id: str) -> str:
    """The command that deletes a pod by hand. The shell writes the key to a pipe, so that no process list shows it."""
    request = delete_pod.sync_raw(pod_id, client=_Recorder())
    url = shlex.quote(settings.base_url + request.path)
    key = f"printf '{API_KEY_HEADER}: %s' \"${API_KEY_VARIABLE}\""
    return f"{key} | curl -X {request.method} -H @- {url}"
