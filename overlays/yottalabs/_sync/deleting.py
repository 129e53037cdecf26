# Made from ../_async/deleting.py by `make generate`; change that file.
"""Deletes a pod."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yottalabs_api.api.pods import delete_pod
from yottalabs_api.errors import ContractViolation

from .._answer import check_deleted
from .._arguments import refuse_path
from .._blocking import run
from .._exceptions import ConflictError, NotFoundError
from .._pod import ENDING
from .._retry import had_no_effect, is_passing
from .listing import list_all
from .repeating import Repeating

if TYPE_CHECKING:
    from .session import Session


def delete(session: Session, pod_id: str) -> None:
    """Deletes a pod, and ends its guard if this client has started one.

    Raises:
        YottaLabsError: As for `pods.delete`.
    """
    repeating = Repeating(session, is_passing)
    try:
        check_deleted(delete_pod.sync_raw(pod_id, client=repeating))
    except ContractViolation as violation:
        refuse_path(violation, pod_id)
    except (NotFoundError, ConflictError) as error:
        # An earlier attempt may have done it.
        if all(map(had_no_effect, repeating.earlier)):
            raise
        if isinstance(error, ConflictError) and not is_ending(session.within(repeating.remaining()), pod_id):
            raise
    session.tokens.end(pod_id)
    guard = session.guards.pop(pod_id, None)
    if guard is not None:
        run(guard.release)


def is_ending(session: Session, pod_id: str) -> bool:
    """Whether a pod is ending, has ended, or is gone, by the list."""
    listing = list_all(session)
    pod = listing.find(pod_id)
    return listing.is_whole if pod is None else pod.status in ENDING
