# Made from ../_async/ending.py by `make generate`; change that file.
"""Ends a pod for certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yottalabs_api.api.pods import list_pods

from .._answer import listed
from .._end import End, by_hand
from .._exceptions import PodNotDeletedError, YottaLabsError

if TYPE_CHECKING:
    from .pods import Pods


def end_pod(pods: Pods, pod_id: str, *, patience: float) -> None:
    """Deletes a pod, again and again, until the list shows that it ends, has ended, or is gone.

    Args:
        pods: The pods of its organisation.
        pod_id: The pod.
        patience: How long to go on at most, in seconds.

    Raises:
        PodNotDeletedError: It may still run. The message has the command to delete it by hand.
    """
    clock = pods.session.clock
    end = End(pod_id, now=clock.monotonic(), patience=patience)
    while True:
        if end.must_delete:
            try:
                pods.delete(pod_id)
            except YottaLabsError as error:
                end.refuse(error)
            else:
                end.accept()
        try:
            end.see(listed(list_pods.sync_raw(client=pods.session)))
        except YottaLabsError as error:
            end.fail_to_see(error)
        try:
            if end.is_over(clock.monotonic()):
                return
        except PodNotDeletedError as error:
            error.message = f"{error.message}; delete it by hand: {by_hand(pods.session.settings, pod_id)}"
            error.args = (error.message,)
            raise
        clock.sleep(end.pause())
