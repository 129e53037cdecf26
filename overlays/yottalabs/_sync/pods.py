# Made from ../_async/pods.py by `make generate`; change that file.
"""`client.pods`: what can be done with pods."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Unpack

from yottalabs_api.api.pods import create_pod, delete_pod, list_pods
from yottalabs_api.errors import ContractViolation
from yottalabs_api.models import PodStatus
from yottalabs_api.params import CreateParams

from .._answer import Listing, check_deleted, created_id, listed
from .._arguments import create_body, pod_id_of, refuse_path, status_filter
from .._exceptions import (
    APIConnectionError,
    NotFoundError,
    ResponseValidationError,
    ServerError,
    YottaLabsError,
)
from .._pod import Pod
from .._wait import DEFAULT_WAIT_SECONDS, TRANSIENT, Until, Wait, tell

if TYPE_CHECKING:
    from .session import Session

logger = logging.getLogger("yottalabs")

_MAYBE_CREATED = "the pod may have been created all the same: look for it with pods.list() before you create it again"


class Pods:
    """The pods of the organisation that the key belongs to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, *, extra_fields: Mapping[str, Any] | None = None, **fields: Unpack[CreateParams]) -> str:
        """Creates a pod and starts it. The call ends when the API has taken the request, before the pod runs.

        The request is sent once, never again. An error that leaves open whether it had an effect says so.

        Args:
            extra_fields: Fields that the contract does not document, by their names in JSON.
            **fields: Every documented field by its Python name; `image` and `gpu_type` are required. `environment_vars`
                is a mapping, or pairs; `expose` is a list of ports, each a number (22 is SSH, any other says no
                protocol) or a pair of (port, protocol). A value outside a documented enumeration is sent, with a
                warning.

        Returns:
            The id of the pod.

        Raises:
            InvalidArgumentError: The contract certainly forbids the request. Nothing was sent.
            APIError: The API said no.
            ResponseValidationError: The answer cannot be read; the pod may exist.
            APIConnectionError: No answer came; the pod may exist if `maybe_sent`.

        Source: "Create Pod" in the API documentation.
        """
        body = create_body(fields, extra_fields)
        try:
            return created_id(create_pod.sync_raw(client=self._session, body=body))
        except (APIConnectionError, ResponseValidationError, ServerError) as error:
            if not isinstance(error, APIConnectionError) or error.maybe_sent:
                error.message = f"{error.message}; {_MAYBE_CREATED}"
                error.args = (error.message,)
            raise

    def list(
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
        listing = self._look(self._session)
        return [
            pod
            for pod in listing.pods
            if (wanted is None or (pod.status or "").casefold() == wanted)
            and (region is None or pod.region == region)
            and (name is None or pod.name == name)
        ]

    def get(self, pod: str | Pod) -> Pod:
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
        with _about(pod_id):
            listing = self._look(self._session)
            found = next((entry for entry in listing.pods if entry.id == pod_id), None)
            if found is not None:
                return found
            if not listing.is_whole:
                raise listing.answer.unreadable(
                    "the pod is not among the pods that can be read in the list; it may exist"
                )
            raise NotFoundError("the pod is not in the list of the organisation's pods", status_code=200)

    def delete(self, pod: str | Pod, *, wait: bool = False) -> None:
        """Deletes a pod for good, which ends its billing. The API takes the request at once and the pod ends later.

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
        with _about(pod_id):
            try:
                check_deleted(delete_pod.sync_raw(pod_id, client=self._session))
            except ContractViolation as violation:
                refuse_path(violation, pod_id)
            if wait:
                now = self._session.clock.monotonic()
                ending = Wait(pod_id, "terminated", now=now, timeout=DEFAULT_WAIT_SECONDS, known=True)
                self._watch(ending, None)

    def wait(
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
        seen = pod if isinstance(pod, Pod) else None
        now = self._session.clock.monotonic()
        with _about(pod_id):
            return self._watch(Wait(pod_id, until, now=now, timeout=timeout, port=port, seen=seen), on_change)

    def _watch(self, wait: Wait, on_change: Callable[[Pod], object] | None) -> Pod:
        clock = self._session.clock
        while True:
            try:
                listing = self._look(self._session.within(wait.remaining(clock.monotonic())))
            except TRANSIENT as error:
                wait.fail_to_see(error, clock.monotonic())
                logger.warning("waiting for pod %s: %s; looking again", wait.pod_id, error)
            else:
                wait.see(listing, clock.monotonic())
            if wait.changed and on_change is not None:
                tell(on_change, wait.last)
            if wait.is_over(clock.monotonic()):
                return wait.last
            clock.sleep(wait.pause(clock.monotonic()))

    def _look(self, session: Session) -> Listing:
        return listed(list_pods.sync_raw(client=session))


@contextmanager
def _about(pod_id: str) -> Iterator[None]:
    """Lets every error of ours name the pod that it is about."""
    try:
        yield
    except YottaLabsError as error:
        error.pod_id = error.pod_id or pod_id
        raise
