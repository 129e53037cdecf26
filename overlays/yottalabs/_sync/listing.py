# Made from ../_async/listing.py by `make generate`; change that file.
"""Looks at the list of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yottalabs_api.api.pods import list_pods

from .._answer import Listing, listed
from .._retry import is_passing
from .repeating import Repeating

if TYPE_CHECKING:
    from .session import Session


def look(session: Session) -> Listing:
    """The list as one request gives it, for those who look again by themselves."""
    return listed(list_pods.sync_raw(client=session))


def list_all(session: Session) -> Listing:
    """The list, asked for again after a passing failure."""
    return listed(list_pods.sync_raw(client=Repeating(session, is_passing)))
