"""A pod for the length of a block: created, waited for, and deleted whatever happens."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._end import END_SECONDS
from .._exceptions import InvalidArgumentError, PodNotDeletedError, YottaLabsError, about
from .._pod import Pod
from .._signals import AsyncSignals, ainterruptions, ashielded, critical, edge, outranks
from .._wait import Until, atell
from .creating import AsyncCreating
from .ending import aend_pod
from .waiting import AsyncWaiting

if TYPE_CHECKING:
    from types import TracebackType

    from .leasing import AsyncLeasing
    from .session import AsyncSession

logger = logging.getLogger("yottalabs")

INTERRUPTED_SEARCH_SECONDS = 15.0  # how long a pod is looked for whose create was interrupted
MOST_INTERRUPTIONS = 100


class AsyncTemporary:
    """What `pods.temporary` gives: a context manager, to be entered once."""

    def __init__(
        self,
        session: AsyncSession,
        leasing: AsyncLeasing,
        token: str | None,
        *,
        until: Until,
        port: int | None,
        timeout: float,
        on_change: Callable[[Pod], object] | None,
    ) -> None:
        self._was_entered = False
        self._process = 0
        self._session = session
        self._leasing = leasing
        self._token = token
        self._until: Until = until
        self._port = port
        self._timeout = timeout
        self._on_change = on_change
        self._signals = AsyncSignals()

    @edge
    async def __aenter__(self) -> Pod:
        """Creates the pod, and waits for it.

        Raises:
            YottaLabsError: As for `pods.create` and `pods.wait`; if there was a pod, it was deleted.
            PriceLimitError: The pod costs too much; it was deleted.
            PodNotDeletedError: It could not be deleted; the reason for deleting it is the cause.
        """
        if self._was_entered:
            raise InvalidArgumentError("this temporary pod was entered before; call pods.temporary(…) once more")
        self._was_entered = True
        self._process = os.getpid()
        self._signals.begin()
        try:
            self._go_on()
            pod_id = await self._create()
            self._go_on()
            with about(pod_id):
                waiting = AsyncWaiting(self._session, [pod_id], self._until, port=self._port, timeout=self._timeout)
                pod = (await waiting.watch(self._notice))[pod_id]
                self._leasing.limit(pod)
            self._go_on()
            return pod  # noqa: TRY300  # in here, where whatever interrupts still ends the pod
        except BaseException as error:  # whatever it is, the pod must end
            await self._leave(error)
            raise

    @critical
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Deletes the pod, and makes sure that it ends.

        Raises:
            PodNotDeletedError: It may still run; what the block raised is the cause.
        """
        await self._leave(error)

    def __del__(self) -> None:
        if getattr(self, "_was_entered", True):  # or what __init__ raised is the caller's only concern
            return
        message = "pods.temporary(…) was never entered, and no pod was created; use it in a `with` block"
        warnings.warn(message, RuntimeWarning, stacklevel=2, source=self)

    @critical
    async def _create(self) -> str:
        return await self._leasing.create()

    async def _notice(self, pod: Pod) -> None:
        self._leasing.limit(pod)
        if self._on_change is not None:
            await atell(self._on_change, pod)

    def _go_on(self) -> None:
        """Raises what a signal that was held would have raised."""
        held = self._signals.held()
        if held is not None:
            raise held

    @critical
    async def _leave(self, error: BaseException | None) -> None:
        """Ends the pod, whatever interrupts that, and lets what interrupted it go on afterwards."""
        if self._process != os.getpid():
            # A child that was forked in the block leaves it too, and the pod is its parent's.
            self._signals.end()
            return
        try:
            interruption = await self._end_for_certain(error)
        except PodNotDeletedError as problem:
            # What went wrong with the delete is in the message.
            raise problem from error or problem.__cause__
        finally:
            self._signals.end()
        interruption = self._signals.held() or interruption
        if interruption is not None and outranks(interruption, error):
            raise interruption

    async def _end_for_certain(self, error: BaseException | None) -> BaseException | None:
        """Ends the pod; gives what interrupted that."""
        interruption: BaseException | None = None
        with ashielded():
            for _ in range(MOST_INTERRUPTIONS):
                try:
                    await self._end(error)
                except ainterruptions() as another:
                    # A second Ctrl-C does not skip the delete: it is begun again, which does no harm.
                    interruption = another
                else:
                    return interruption
        raise PodNotDeletedError("the delete was interrupted too often", pod_id=self._leasing.pod_id)

    async def _end(self, error: BaseException | None) -> None:
        pod_id = self._leasing.pod_id
        if pod_id is None and not isinstance(error, YottaLabsError):
            pod_id = self._leasing.pod_id = await self._find()
        if pod_id is None:
            return
        logger.info("deleting the temporary pod %s", pod_id)
        await aend_pod(self._session, pod_id, patience=END_SECONDS)
        await self._leasing.release()

    async def _find(self) -> str | None:
        """The pod whose create was interrupted, if there is one."""
        use = None if self._token is None else self._session.tokens.use(self._token)
        if self._token is None or use is None:
            return None  # nothing was sent
        if use.pod_id is not None:
            return use.pod_id
        logger.warning("the create was interrupted; looking for its pod, to delete it")
        try:
            found = await AsyncCreating(self._session).search(self._token, INTERRUPTED_SEARCH_SECONDS)
        except YottaLabsError as hindrance:
            logger.warning("whether there is a pod with the create token %s is not known: %s", self._token, hindrance)
            return None
        return None if found is None else found.id
