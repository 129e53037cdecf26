"""Creates a pod that has a lease, and perhaps a guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from .._blocking import arun
from .._clock import date_of
from .._creation import Request
from .._exceptions import CreateOutcomeUnknownError, InvalidArgumentError, YottaLabsError
from .._guard import CreateGuard, Guard, TemporaryGuard
from .._lease import Lease, Owner
from .._limits import Limits
from .._pod import Pod
from .._signals import ashielded
from .creating import AsyncCreating

if TYPE_CHECKING:
    from .session import AsyncSession


class AsyncLeasing:
    """One create, and the lease of its pod.

    Attributes:
        pod_id: The pod; None as long as it is not known.
        guard: What watches over the pod from another process, if anything does.
    """

    def __init__(
        self, session: AsyncSession, request: Request, limits: Limits, *, guard: CreateGuard | TemporaryGuard
    ) -> None:
        """Prepares it.

        Args:
            session: The session.
            request: The create.
            limits: What the pod may cost, and how long it may live.
            guard: Whether another process watches over it, where it must end at some time; or "always", also where it
                need not; or "detached", such that the pod lives until then though this process ends before.

        Raises:
            InvalidArgumentError: There cannot be a guard.
        """
        if guard == "detached" and limits.max_lifetime is None:
            message = "guard is 'detached', and nothing says when it is to delete the pod; give max_lifetime, too"
            raise InvalidArgumentError(message, argument="guard")
        self._is_guarded = guard == "always" or (guard is not False and limits.must_end)
        self._is_detached = guard == "detached"
        if self._is_guarded:
            _check_guard(session, request)
        if limits.max_cost is not None and not guard:
            message = "max_cost needs the guard: nothing else ends the pod when it is spent"
            raise InvalidArgumentError(message, argument="guard")
        self.pod_id: str | None = None
        self.guard: Guard | None = None
        self._session = session
        self._request = request
        self._limits = limits
        self._since = date_of(session.clock)

    async def create(self) -> str:
        """Creates the pod.

        Raises:
            YottaLabsError: As for every create.
        """
        self._since = date_of(self._session.clock)
        expires = self._limits.expiry(self._since)
        if self._is_guarded:
            try:
                await arun(partial(self._start_guard, expires))
            except BaseException:  # an interruption too must not leave a guard
                with ashielded():
                    await self.release()  # a task that is cancelled meanwhile has one all the same
                raise
        owner = None if self._is_detached else Owner.current()
        request = replace(self._request, lease=Lease(expires, owner).text())
        try:
            self.pod_id = await AsyncCreating(self._session).create(request)
        except CreateOutcomeUnknownError:
            raise  # the guard watches on: the pod may turn up
        except YottaLabsError:
            await self.release()
            raise
        if self.guard is not None:
            self.guard.watch(self.pod_id)
        return self.pod_id

    def limit(self, pod: Pod) -> None:
        """Holds the pod to its limits, as far as what is known of it allows.

        Raises:
            PriceLimitError: It costs too much.
        """
        self._limits.check(pod)
        expires = self._limits.expiry_of(pod, self._since)
        if self.guard is not None and expires is not None:
            self.guard.expire(expires)

    async def release(self) -> None:
        """Ends the guard, for the pod has ended, or never began."""
        if self.guard is not None:
            await arun(self.guard.release)
            self.guard = None  # not before: an interruption lets it be done once more

    def _start_guard(self, expires: datetime | None) -> None:
        token = self._request.token or ""
        self.guard = Guard.start(self._session.settings, token, expires, is_detached=self._is_detached)


def _check_guard(session: AsyncSession, request: Request) -> None:
    if request.token is None:
        message = "create_token is None, and a pod that must end at some time is found by its token"
        raise InvalidArgumentError(message, argument="create_token")
    if request.is_rerun:
        message = "create_token is yours, and the guard would end a pod that has it already; pass guard=False"
        raise InvalidArgumentError(message, argument="create_token")
    if request.on_unknown == "recreate":
        message = "on_unknown is 'recreate', and the guard would not know the token of the second pod; pass guard=False"
        raise InvalidArgumentError(message, argument="on_unknown")
    if not session.has_own_connections:
        message = (
            "the guard of a pod is another process, which cannot use this client's transport; "
            "pass guard=False, and the lease is for pods.sweep() alone"
        )
        raise InvalidArgumentError(message, argument="guard")
