# Made from ../_async/creating.py by `make generate`; change that file.
"""Creates a pod, and finds out what became of it whatever happens on the way."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from yottalabs_api.api.pods import create_pod

from .._answer import created_id
from .._clock import date_of
from .._creation import (
    Request,
    Search,
    conflict,
    is_unknown,
    new_token,
    refuse_other,
    unknown_outcome,
    with_token,
)
from .._exceptions import CreateOutcomeUnknownError, YottaLabsError
from .._pod import Pod
from .._retry import had_no_effect
from .._secrecy import Keeping
from .._tokens import Use
from .._wait import GRACE_SECONDS, TRANSIENT
from .listing import list_all, look
from .repeating import Repeating

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger("yottalabs")

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
        with Keeping(*request.secrets):
            if request.token is None or not request.is_rerun:
                return self._create(request, self._end())
            with self._session.tokens.lock(request.token):
                end = self._end()
                return self._existing(request, request.token, end) or self._create(request, end)

    def find(self, token: str, seconds: float | None = None) -> Pod | None:
        """The pod that a create with a token made, if the list shows it."""
        session = self._session if seconds is None else self._session.within(seconds)
        return with_token(list_all(session), token)

    def search(self, token: str, seconds: float) -> Pod | None:
        """The pod that a create with a token made, looked for as long as it may be missing from the list."""
        clock = self._session.clock
        search = Search(now=clock.monotonic(), seconds=seconds)
        while not search.is_over(clock.monotonic()):
            try:
                listing = look(self._session.within(search.patience(clock.monotonic())))
            except TRANSIENT as error:
                logger.info("looking for the pod with the create token %s: %s; looking again", token, error)
            else:
                found = with_token(listing, token)
                if found is not None and found.id:
                    return found
            now = clock.monotonic()
            if not search.is_over(now):
                clock.sleep(search.pause(now))
        return None

    def _end(self) -> float:
        """When a call that begins now must be over."""
        return self._session.clock.monotonic() + self._session.settings.timeout

    def _existing(self, request: Request, token: str, end: float) -> str | None:
        """The id of the live pod that the token has, or will be seen to have; None if a pod may be made with it."""
        clock = self._session.clock
        found = self.find(token, end - clock.monotonic())
        if found is not None:
            if not found.is_active:
                return None
            refuse_other(request, found)
            return found.id
        use = self._session.tokens.use(token)
        if use is None:
            return None
        if use.pod_id is None:
            late = self.search(token, end - clock.monotonic())
            if late is None:
                raise unknown_outcome(token, use.since, None, "an earlier create with this token had no certain end")
            return late.id
        if clock.monotonic() - use.moment >= GRACE_SECONDS:
            return None  # the list has long caught up with its end
        if use.digest != request.digest:
            raise conflict(request, use.pod_id, "was asked for with other parameters")
        return use.pod_id

    def _create(self, request: Request, end: float) -> str:
        if request.on_unknown == "recreate":
            now = self._session.clock.monotonic()
            # The other half of the time is for the second pod.
            try:
                return self._create_by(request, now + (end - now) / 2)
            except CreateOutcomeUnknownError as error:
                logger.warning("%s; creating another one, as on_unknown='recreate' says", error)
                request = replace(request, token=new_token())
        return self._create_by(request, end)

    def _create_by(self, request: Request, end: float) -> str:
        """Creates a pod by a moment, or is interrupted and says what may have been created."""
        try:
            return self._send(request, end)
        except BaseException as interruption:
            if request.token is not None and not isinstance(interruption, Exception):
                interruption.add_note(
                    f"a pod may have been created: pods.find_created({request.token!r}) tells, "
                    "once the list of pods shows it"
                )
            raise

    def _send(self, request: Request, end: float) -> str:
        """Sends the request, and looks for the pod as long as it is not known whether there is one."""
        clock = self._session.clock
        since, moment = date_of(clock), clock.monotonic()
        left = end - moment
        session = self._session.within(left if request.token is None else left * (1 - LOOKING_SHARE))
        try:
            client = Repeating(session, had_no_effect)
            pod_id = created_id(create_pod.sync_raw(client=client, body=request.body))
        except YottaLabsError as error:
            if not is_unknown(error):
                raise
            return self._outcome(request, end, Use(None, request.digest, since, moment), error)
        if request.is_rerun and request.token is not None:
            self._session.tokens.note(request.token, Use(pod_id, request.digest, since, moment))
        return pod_id

    def _outcome(self, request: Request, end: float, use: Use, error: YottaLabsError) -> str:
        """The id of the pod, if the list shows it."""
        token = request.token
        if token is None:
            raise unknown_outcome(None, use.since, None, error) from error
        self._session.tokens.note(token, use)
        logger.warning("%s; looking whether the pod was created (create token %s)", error, token)
        clock = self._session.clock
        began = clock.monotonic()
        try:
            found = self.search(token, end - began)
        except YottaLabsError as hindrance:
            cause = f"{error}; the list of pods could not be read either: {hindrance}"
            raise unknown_outcome(token, use.since, None, cause) from error
        if found is None or not found.id:
            raise unknown_outcome(token, use.since, clock.monotonic() - began, error) from error
        self._session.tokens.note(token, replace(use, pod_id=found.id))
        return found.id
