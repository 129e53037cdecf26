"""`client.pods`: what can be done with pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Unpack
from uuid import UUID

from yottalabs_api.models import PodStatus
from yottalabs_api.params import CreateParams

from .._arguments import check_callback, pod_id_of, pods_of, status_filter
from .._creation import Fresh, OnUnknown, Request
from .._exceptions import (
    InvalidArgumentError,
    NotFoundError,
    about,
)
from .._guard import CreateGuard, Guard, TemporaryGuard, check_guard
from .._limits import Amount, Limits
from .._pod import Pod
from .._secrecy import hidden
from .._sweep import Swept
from .._wait import DEFAULT_WAIT_SECONDS, Patience, Until, Wait
from .creating import AsyncCreating
from .deleting import adelete
from .leasing import AsyncLeasing
from .listing import alist_all
from .session import AsyncSession
from .sweeping import AsyncSweeping
from .temporary import AsyncTemporary
from .waiting import AsyncWaiting


class AsyncPods:
    """The pods of the organisation that the key belongs to."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def create(
        self,
        *,
        create_token: str | UUID | Fresh | None = Fresh.TOKEN,
        on_unknown: OnUnknown = "raise",
        max_lifetime: float | None = None,
        guard: CreateGuard = True,
        extra_fields: Mapping[str, Any] | None = None,
        **fields: Unpack[CreateParams],
    ) -> str:
        """Creates a pod and starts it. The call ends when the API has taken the request, before the pod runs.

        The request is sent again only if it certainly had no effect. Where it stays open whether it had one, the pod is
        looked for in the list by its create token, in what is left of the client's `timeout` (a quarter of it at least,
        a minute at most), and its id returned as if nothing had happened.

        Args:
            create_token: What tells the pod from every other one: a new UUID, written into the pod's environment as
                YOTTALABS_CREATE_TOKEN. With a token of your own a script can be run again: if a live pod has it
                already, that pod's id is returned. (Two processes that do so at once may still make two pods.) None
                leaves it out; a pod that may have been created cannot be looked for then.
            on_unknown: What to do when nobody knows whether the pod was created: "raise", or "recreate", which creates
                another one, with another token, in the second half of the time.
            max_lifetime: How long the pod may live, in seconds. A process of its own, the guard, deletes the pod when
                the time is over, or when this process has ended.
                A guard goes with a new token only, for a pod that is there already is somebody else's to end.
            guard: Whether to start the guard. Without it, the lifetime is for `sweep` alone. With "detached", which
                needs `max_lifetime`, the pod lives until its time is over though this process ends before; the guard
                stays until then, or until the pod has ended, and `sweep` deletes the pod for no other reason, either.
            extra_fields: Fields that the contract does not document, by their names in JSON.
            **fields: Every documented field by its Python name; `image` and `gpu_type` are required. `environment_vars`
                is a mapping, or pairs; `expose` is a list of ports, each a number (22 is SSH, any other says no
                protocol) or a pair of (port, protocol). A value outside a documented enumeration is sent, with a
                warning.

        Returns:
            The id of the pod.

        Raises:
            InvalidArgumentError: The contract certainly forbids the request, or there cannot be such a guard. Nothing
                was sent.
            ConfigurationError: The guard cannot be started. Nothing was sent.
            CreateOutcomeUnknownError: The pod may exist; the error has its token.
            ConflictError: The token has a live pod whose parameters differ.
            APIError: The API said no.
            APIConnectionError: The request was never sent.

        Source: "Create Pod" in the API documentation; the token and the lifetime are this client's own.
        """
        fields = hidden(fields)
        extra_fields = hidden(extra_fields)
        request = Request.read(fields, extra_fields, create_token, on_unknown)
        check_guard(guard, "detached")
        limits = Limits.read(max_lifetime)
        if not limits.must_end and guard != "detached":
            return await AsyncCreating(self._session).create(request)
        leasing = AsyncLeasing(self._session, request, limits, guard=guard)
        pod_id = await leasing.create()
        if leasing.guard is not None:
            self._session.guards[pod_id] = leasing.guard
        return pod_id

    async def find_created(self, create_token: str | UUID) -> Pod | None:
        """Looks for the pod that a create made.

        Args:
            create_token: The token of the create, as `CreateOutcomeUnknownError` has it.

        Returns:
            The pod, which may have ended; None if it is not in the list, which may lag behind a create.

        Raises:
            APIError: The API said no.
            ResponseValidationError: The answer cannot be read.
            APIConnectionError: No answer came.
        """
        return await AsyncCreating(self._session).find(str(create_token))

    def temporary(  # each is a thing that one may want to say, by its name
        self,
        *,
        until: Literal["ready", "running"] | None = None,
        port: int | None = None,
        timeout: float = DEFAULT_WAIT_SECONDS,
        max_lifetime: float | None = None,
        max_hourly_price: Amount | None = None,
        max_cost: Amount | None = None,
        guard: TemporaryGuard = True,
        on_change: Callable[[Pod], object] | None = None,
        extra_fields: Mapping[str, Any] | None = None,
        **fields: Unpack[CreateParams],
    ) -> AsyncTemporary:
        """A pod for the length of a `with` block: created, waited for, and deleted on the way out, whatever happens.

        The block may end, raise, be cancelled, or be interrupted by Ctrl-C, SIGTERM or SIGHUP; the pod may fail or
        never become ready: it is deleted, again and again if need be, and the list is asked whether it ends. The pod
        has a lease, so that `sweep` can delete it if this process was killed; with `max_lifetime`, `max_cost` or
        `guard="always"` another process, the guard, does so at once.

        Args:
            until: What to wait for before the block begins: "ready" where an SSH port is exposed or `port` is given,
                else "running".
            port: The port of the container that "ready" looks at, instead of SSH.
            timeout: How long to wait for that, in seconds.
            max_lifetime: How long the pod may live, in seconds.
            max_hourly_price: What it may cost in an hour. One that is dearer, or whose price is unknown when it runs,
                is deleted at once.
            max_cost: What it may cost as a whole: a lifetime, once the price is known, counted from the create.
            guard: Whether to start the guard, for a pod with a lifetime; "always" for one without, too, which then ends
                even if this process is killed.
            on_change: Called with the pod while waiting, when it is first seen and whenever it changes.
            extra_fields: As for `create`.
            **fields: As for `create`.

        Returns:
            A context manager, to be entered once; it gives the `Pod`.

        Raises:
            InvalidArgumentError: The arguments cannot be right. Nothing was sent.
        """
        fields = hidden(fields)
        extra_fields = hidden(extra_fields)
        request = Request.read(fields, extra_fields)
        _ = request.body  # or what cannot be sent would be noticed only when the pod is created
        wanted: Until = until or ("ready" if port is not None or request.exposes_ssh else "running")
        if wanted == "terminated":
            raise InvalidArgumentError(
                "until is 'terminated'; a temporary pod is 'ready' or 'running'", argument="until"
            )
        Patience(now=0.0, timeout=timeout)  # for its checks, as the next
        Wait("", wanted, port=port)
        check_guard(guard, "always")
        check_callback(on_change, "on_change")
        limits = Limits.read(max_lifetime, max_hourly_price, max_cost)
        leasing = AsyncLeasing(self._session, request, limits, guard=guard)
        return AsyncTemporary(
            self._session, leasing, request.token, until=wanted, port=port, timeout=timeout, on_change=on_change
        )

    async def list(
        self, *, status: PodStatus | str | None = None, region: str | None = None, name: str | None = None
    ) -> Sequence[Pod]:
        """Lists the organisation's pods, ended ones among them, in no particular order.

        Args:
            status: Only pods with this status, in any case.
            region: Only pods in this region.
            name: Only pods with this name.

        Returns:
            The pods. Whatever of a pod cannot be read does not keep the pod from being listed.

        Raises:
            APIError: The API said no.
            ResponseValidationError: The answer cannot be read.
            APIConnectionError: No answer came.

        Source: "List Pods" in the API documentation. The filters are this client's own.
        """
        wanted = None if status is None else status_filter(status).casefold()
        listing = await alist_all(self._session)
        return [
            pod
            for pod in listing.pods
            if (wanted is None or (pod.status or "").casefold() == wanted)
            and (region is None or pod.region == region)
            and (name is None or pod.name == name)
        ]

    async def get(self, pod: str | Pod) -> Pod:
        """Shows one pod as it is now. The API has no operation for that; the pod is taken from the list.

        Args:
            pod: The pod or its id.

        Returns:
            The pod.

        Raises:
            NotFoundError: It is not in the list.
            APIError: The API said no.
            ResponseValidationError: The answer cannot be read.
            APIConnectionError: No answer came.

        Source: "List Pods" in the API documentation.
        """
        pod_id = pod_id_of(pod)
        with about(pod_id):
            listing = await alist_all(self._session)
            found = listing.find(pod_id)
            if found is not None:
                return found
            if not listing.is_whole:
                raise listing.answer.unreadable(
                    "the pod is not among the pods that can be read in the list; it may exist"
                )
            raise NotFoundError("the pod is not in the list of the organisation's pods", status_code=200)

    async def delete(self, pod: str | Pod, *, wait: bool = False) -> None:
        """Deletes a pod for good, which ends its billing. The API takes the request at once and the pod ends later.

        A request that may have had an effect is sent again after a passing failure; that the pod is then ending, or
        gone, is a success.

        Args:
            pod: The pod or its id.
            wait: Whether to wait until the pod has ended.

        Raises:
            InvalidArgumentError: The id is not one. Nothing was sent.
            NotFoundError: There is no such pod.
            APIError: The API said no.
            ResponseValidationError: The answer cannot be read; the pod may still run.
            APIConnectionError: No answer came; the pod may still run.
            WaitTimeoutError: It was deleted, but has not ended in time.

        Source: "Delete Pod" in the API documentation.
        """
        pod_id = pod_id_of(pod)
        with about(pod_id):
            await adelete(self._session, pod_id)
            if wait:
                await AsyncWaiting(self._session, [pod_id], "terminated", known=True).watch(None)

    async def wait(
        self,
        pod: str | Pod,
        until: Until = "ready",
        *,
        port: int | None = None,
        timeout: float = DEFAULT_WAIT_SECONDS,
        on_change: Callable[[Pod], object] | None = None,
    ) -> Pod:
        """Waits for a pod: one request for the list now and then, more seldom while nothing changes.

        Args:
            pod: The pod or its id. A pod that was never listed is given 60 seconds to appear.
            until: "ready": it runs, and its SSH port (or `port`) is healthy; "running"; or "terminated": it has ended,
                or is gone from two lists in a row.
            port: The port of the container that "ready" looks at, instead of SSH.
            timeout: How long to wait at most, in seconds.
            on_change: Called with the pod when it is first seen, and whenever its status or a port's health changes.

        Returns:
            The pod as it was last seen.

        Raises:
            PodFailedError: It ended, failed or went away while something else was waited for.
            WaitTimeoutError: It took too long. The pod may well be running.
            NotFoundError: It was never in the list.
            InvalidArgumentError: The pod does not expose the port that "ready" looks at.
            APIError: The API said no, and a later request would not help, or did not for a minute.
            ResponseValidationError: Answers could not be read for a minute.
            APIConnectionError: The API could not be reached for a minute.
        """
        pod_id = pod_id_of(pod)
        with about(pod_id):
            check_callback(on_change, "on_change")
            waiting = AsyncWaiting(self._session, [pod], until, port=port, timeout=timeout)
            return (await waiting.watch(on_change))[pod_id]

    async def wait_all(
        self,
        pods: Iterable[str | Pod],
        until: Until = "ready",
        *,
        port: int | None = None,
        timeout: float = DEFAULT_WAIT_SECONDS,
        on_change: Callable[[Pod], object] | None = None,
    ) -> dict[str, Pod]:
        """Waits for many pods: one request for the list now and then, however many they are.

        Args:
            pods: The pods or their ids.
            until: As for `wait`.
            port: As for `wait`.
            timeout: How long to wait at most for all of them, in seconds.
            on_change: As for `wait`, for each of them.

        Returns:
            The pods as they were last seen, by their ids and in the order in which they were given.

        Raises:
            PodFailedError: One of them ended, failed or went away; `pods` has the state of all.
            WaitTimeoutError: It took too long; `pods` has the state of all.
            YottaLabsError: As for `wait`.
        """
        check_callback(on_change, "on_change")
        return await AsyncWaiting(self._session, pods_of(pods), until, port=port, timeout=timeout).watch(on_change)

    async def sweep(self, *, dry_run: bool = True, report: Callable[[str], object] = print) -> Sequence[Swept]:
        """Deletes pods that were left behind: those whose lease is over, or whose owner is dead on this very host.

        A pod without a lease is never touched, nor one that another host has leased for longer.

        Args:
            dry_run: Whether to say only what would be done.
            report: What is told of each leased pod, in a line.

        Returns:
            What was decided about each leased pod.

        Raises:
            PodNotDeletedError: Some pods could not be deleted; all others were.
            APIError: The API said no to the list.
            ResponseValidationError: The list cannot be read.
            APIConnectionError: No answer came.
        """
        check_callback(report, "report", is_optional=False)
        return await AsyncSweeping(self._session).sweep(dry_run=dry_run, report=report)

    def _guard_of(self, pod_id: str) -> Guard | None:
        """The guard of a pod that this client has created and not deleted, if there is one.

        This is for this package's own command line, which says which process deletes the pod; nobody else may rely on
        it.
        """
        return self._session.guards.get(pod_id)
