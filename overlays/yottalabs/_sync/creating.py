# Made from ../_async/creating.py by `make generate`; change that file.
"""Creates a pod, and finds out what became of it whatever happens on the way."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from yottalabs_api.api.pods import create_pod

from .._answer import Listing, created_id
from .._clock import date_of
from .._creation import (
    Request,
    Search,
    conflict,
    is_unknown,
    new_token,
    note_interrupted,
    refuse_other,
    unknown_outcome,
    with_token,
)
from .._exceptions import APITimeoutError, CreateOutcomeUnknownError, YottaLabsError
from .._pod import Pod
from .._retry import had_no_effect
from .._secrecy import Keeping, forms_of
from .._tokens import Use, locked
from .._wait import GRACE_SECONDS, TRANSIENT
from .listing import list_all, look
from .repeating import Repeating

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger("yottalabs")

SHORTEST_CREATE = 0.005  # seconds; with less, a request would only be sent to be given up
LOOKING_SHARE = 0.25  # of a call's time, at least, for looking whether the pod was created


class Creating:
    """Creates pods for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, request: Request) -> str:
        """Creates a pod, unless its token has one already; gives its id.

        Raises:
            CreateOutcomeUnknownError: Nobody knows whether it was created.
            ConflictError: The token has a pod that is not what is asked for.
            YottaLabsError: It was certainly not created.
        """
        clock = self._session.clock
        end = clock.monotonic() + self._session.settings.timeout
        with Keeping(forms_of(*request.secrets)):
            if request.token is None or not request.is_rerun:
                return self._create(request, end)
            with locked(self._session.tokens.lock(request.token), self._session.settings.timeout):
                pod_id, before = self._existing(request, request.token, end)
                return pod_id or self._create(request, end, before)

    def find(self, token: str) -> Pod | None:
        """The pod that a create with a token made, if the list shows it."""
        return with_token(list_all(self._session), token)

    def search(self, token: str, seconds: float, before: frozenset[str] = frozenset()) -> Pod | None:
        """The pod that a create with a token made, looked for as long as it may be missing from the list.

        Args:
            token: The token.
            seconds: How long to look, at most.
            before: The ids of pods that had the token earlier, and are not meant.
        """
        clock = self._session.clock
        search = Search(now=clock.monotonic(), seconds=seconds)
        while not search.is_over(clock.monotonic()):
            try:
                listing = look(self._session.within(search.patience(clock.monotonic())))
            except TRANSIENT as error:
                logger.info("looking for the pod with the create token %s: %s; looking again", token, error)
            else:
                found = with_token(listing, token, before)
                if found is not None and found.id:
                    return found
            now = clock.monotonic()
            if not search.is_over(now):
                clock.sleep(search.pause(now))
        return None

    def _existing(self, request: Request, token: str, end: float) -> tuple[str | None, frozenset[str]]:
        """The id of the live pod that the token has, or None if one may be made with it; and all that had it."""
        clock = self._session.clock
        listing = list_all(self._session.within(end - clock.monotonic()))
        use = self._session.tokens.use(token)
        found = with_token(listing, token)
        before = frozenset(pod.id for pod in listing.pods if pod.id and pod.create_token == token)
        if use is not None and use.pod_id is None and not (found is not None and found.is_active):
            found = self.search(token, end - clock.monotonic(), use.before)
            if found is None:
                raise unknown_outcome(token, use.since, None, "an earlier create with this token had no certain end")
            before |= {found.id or ""}
            self._note(token, replace(use, pod_id=found.id))
        if found is not None and found.is_active:
            if not found.id:
                raise unknown_outcome(token, date_of(clock), None, "the pod that has this token has no readable id")
            refuse_other(request, found)
            return found.id, before
        if use is None or use.pod_id is None or use.has_ended:
            return None, before
        return self._last_made(request, use, use.pod_id, listing), before | {use.pod_id}

    def _last_made(self, request: Request, use: Use, pod_id: str, listing: Listing) -> str | None:
        """The pod that this client made with a token, which the list does not show to live: None if it has ended."""
        shown = listing.find(pod_id)
        if shown is not None and not shown.is_active:
            return None
        if shown is None and self._session.clock.monotonic() - use.moment >= GRACE_SECONDS:
            if listing.is_whole:
                return None
            raise listing.answer.unreadable(f"whether pod {pod_id}, which has this create token, still lives")
        if use.digest != request.digest:
            raise conflict(request, pod_id, "was asked for with other parameters")
        return pod_id  # the list lags, or does not show the token

    def _create(self, request: Request, end: float, before: frozenset[str] = frozenset()) -> str:
        if request.on_unknown != "recreate":
            return self._create_by(request, end, before)
        now = self._session.clock.monotonic()
        # The other half of the time is for the second pod.
        try:
            return self._create_by(request, now + (end - now) / 2, before)
        except CreateOutcomeUnknownError as error:
            first = error
        logger.warning("%s; creating another one, as on_unknown='recreate' says", first)
        try:
            return self._create_by(replace(request, token=new_token()), end, before)
        except BaseException as second:  # an interruption too must not hide the first pod
            second.add_note(f"before that: {first}")
            if isinstance(second, YottaLabsError) and not isinstance(second, CreateOutcomeUnknownError):
                raise first from second  # the second pod does not exist, and the first one may
            raise

    def _create_by(self, request: Request, end: float, before: frozenset[str]) -> str:
        """Creates a pod by a moment, or is interrupted and says what may have been created."""
        try:
            return self._send(request, end, before)
        except BaseException as interruption:  # whatever it is, the pod may exist
            if request.token is not None and not isinstance(interruption, YottaLabsError):
                note_interrupted(interruption, request.token)
            raise

    def _send(self, request: Request, end: float, before: frozenset[str]) -> str:
        """Sends the request, and looks for the pod as long as it is not known whether there is one."""
        clock = self._session.clock
        moment = clock.monotonic()
        left = end - moment
        if left < SHORTEST_CREATE:
            raise APITimeoutError("no time was left to create the pod; nothing was sent", maybe_sent=False)
        use = Use(None, request.digest, date_of(clock), moment, before)
        earlier = self._note(request.token, use)  # at once, for whatever interrupts what follows
        try:
            share = left if request.token is None else left * (1 - LOOKING_SHARE)
            client = Repeating(self._session, had_no_effect, min(share, self._session.settings.timeout))
            pod_id = created_id(create_pod.sync_raw(client=client, body=request.body))
        except YottaLabsError as error:
            if not is_unknown(error):
                self._note(request.token, earlier)
                raise
            pod_id = self._outcome(request.token, end, use, error)
        self._note(request.token, replace(use, pod_id=pod_id))
        return pod_id

    def _note(self, token: str | None, use: Use | None) -> Use | None:
        """Remembers what became of a token; gives what was known of it before."""
        if token is None:
            return None
        earlier = self._session.tokens.use(token)
        self._session.tokens.note(token, use)
        return earlier

    def _outcome(self, token: str | None, end: float, use: Use, error: YottaLabsError) -> str:
        """The id of the pod, if the list shows it."""
        if token is None:
            raise unknown_outcome(None, use.since, None, error) from error
        logger.warning("%s; looking whether the pod was created (create token %s)", error, token)
        clock = self._session.clock
        began = clock.monotonic()
        try:
            found = self.search(token, end - began, use.before)
        except YottaLabsError as hindrance:
            cause = f"{error}; the list of pods could not be read either: {hindrance}"
            raise unknown_outcome(token, use.since, None, cause) from error
        if found is None or not found.id:
            raise unknown_outcome(token, use.since, clock.monotonic() - began, error) from error
        return found.id
