"""What is known of a create: what was asked for, and whether it happened. No input or output happens here."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, TypeAlias, get_args

from yottalabs_api.models import KeyValuePairDTO, OpenapiPodExposePortRequest
from yottalabs_api.params import CREATE_PARAMS, RequestField
from yottalabs_api.views import ExposedPort

from ._answer import Listing
from ._arguments import create_body, create_fields
from ._exceptions import (
    APIConnectionError,
    APIError,
    ConflictError,
    CreateOutcomeUnknownError,
    InvalidArgumentError,
    ResponseValidationError,
    YottaLabsError,
)
from ._own_variables import LEASE_VARIABLE, TOKEN_VARIABLE
from ._pod import ENDING, Pod
from ._secrecy import HiddenBytes, HiddenDict, HiddenText, hidden

OnUnknown: TypeAlias = Literal["raise", "recreate"]

REFUSING_STATUSES = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})
REFUSING_CODES = frozenset({10001, 10004, 12001, 429})
LONGEST_TOKEN = 200  # characters
LOOK_SECONDS = 60.0  # how long, at most, a pod is looked for that may have been created
SHORTEST_PAUSE = 0.5  # seconds between two looks; each is longer than the one before
LONGEST_PAUSE = 3.0
PAUSE_GROWTH = 1.5
_SHORTEST_SLEEP = 0.001
_INTERRUPTED = "create_token"  # the attribute of an interruption that has the token


class Fresh(Enum):
    """The create token of a caller who gives none."""

    TOKEN = "a new one"  # noqa: S105  # no secret

    def __repr__(self) -> str:
        return f"<{self.value}>"


@dataclass(frozen=True, slots=True)
class Request:
    """A create that is asked for.

    Attributes:
        fields: The JSON object, without variables of this client's own.
        token: The create token; None for a create without one.
        is_rerun: Whether the caller gave the token, so that a pod may have it already.
        lease: The lease, as text.
        on_unknown: What to do when it stays unknown whether the pod was created.
    """

    fields: HiddenDict
    token: str | None
    is_rerun: bool = False
    lease: str | None = None
    on_unknown: OnUnknown = "raise"

    @classmethod
    def read(
        cls,
        fields: Mapping[str, Any],
        extra_fields: Mapping[str, Any] | None,
        token: str | uuid.UUID | Fresh | None = Fresh.TOKEN,
        on_unknown: OnUnknown = "raise",
    ) -> Request:
        """The request that arguments ask for.

        Raises:
            InvalidArgumentError: They cannot be right.
        """
        fields = hidden(fields)
        extra_fields = hidden(extra_fields)
        if on_unknown not in get_args(OnUnknown):
            choices = " or ".join(map(repr, get_args(OnUnknown)))
            raise InvalidArgumentError(f"on_unknown is {on_unknown!r}; it must be {choices}", argument="on_unknown")
        is_fresh = isinstance(token, Fresh)
        if on_unknown == "recreate" and not is_fresh:
            message = (
                "on_unknown='recreate' needs a new create token for each pod; leave create_token out, "
                "or the pod that turns up late would be a second one with it"
            )
            raise InvalidArgumentError(message, argument="on_unknown")
        return cls(
            create_fields(fields, extra_fields),
            token=new_token() if is_fresh else _checked(token),
            is_rerun=not is_fresh and token is not None,
            on_unknown=on_unknown,
        )

    @property
    def body(self) -> HiddenBytes:
        """What is sent."""
        own = {TOKEN_VARIABLE: self.token, LEASE_VARIABLE: self.lease}
        return create_body(self.fields, {name: value for name, value in own.items() if value is not None})

    @property
    def digest(self) -> bytes:
        """What tells this request from another one with the same token."""
        return hashlib.sha256(create_body(self.fields, {})).digest()

    @property
    def secrets(self) -> Iterator[str]:
        """What an error about the create must not show: the registry's token, the values of variables."""
        for field in CREATE_PARAMS.values():
            value = self.fields.get(field.json_name) if field.secret else None
            if isinstance(value, str):
                yield HiddenText(value)
            elif field.is_mapping and value is not None:
                yield from (HiddenText(_pair(entry)[1]) for entry in value)

    @property
    def exposes_ssh(self) -> bool:
        """Whether an SSH port is asked for."""
        asked = self.fields.get(CREATE_PARAMS["expose"].json_name, ())
        return Pod({CREATE_PARAMS["expose"].json_name: asked}).ssh_port is not None


def new_token() -> str:
    """A token that no pod has."""
    return str(uuid.uuid4())


def _checked(token: object) -> str | None:
    if token is None or isinstance(token, uuid.UUID):
        return None if token is None else str(token)
    if isinstance(token, str) and token.strip() == token and 0 < len(token) <= LONGEST_TOKEN and token.isprintable():
        return token
    shown = repr(token)[:80]
    message = f"create_token is {shown}; it must be text of 1 to {LONGEST_TOKEN} printable characters, a UUID, or None"
    raise InvalidArgumentError(message, argument="create_token")


def is_unknown(error: YottaLabsError) -> bool:
    """Whether the pod may exist although its create ended in this error."""
    if isinstance(error, APIConnectionError):
        return error.maybe_sent
    if isinstance(error, APIError):
        return error.status_code not in REFUSING_STATUSES and error.code not in REFUSING_CODES
    return isinstance(error, ResponseValidationError)


def unknown_outcome(token: str | None, since: datetime, seconds: float | None, cause: object) -> YottaLabsError:
    """The error for a create of which it is not known what it did.

    Args:
        token: The token that the pod would carry.
        since: When the create was sent.
        seconds: How long the pod was looked for.
        cause: What happened to the request.
    """
    looked = "" if seconds is None else f", and no pod with its token was in the list for {seconds:.1f} seconds"
    advice = "pods.list()" if token is None else f"pods.find_created({token!r})"
    message = (
        f"{cause}; the pod may have been created all the same{looked}: "
        f"look for it with {advice} before you create it again"
    )
    return CreateOutcomeUnknownError(message, create_token=token, since=since)


def note_interrupted(interruption: BaseException, token: str) -> None:
    """Notes on whatever interrupts a create what may have been created."""
    vars(interruption)[_INTERRUPTED] = token
    interruption.add_note(
        f"a pod may have been created: pods.find_created({token!r}) tells, once the list of pods shows it"
    )


def interrupted_token(interruption: BaseException) -> str | None:
    """The token of the create that was interrupted, if one was."""
    found = vars(interruption).get(_INTERRUPTED)
    return found if isinstance(found, str) else None


def with_token(listing: Listing, token: str, before: frozenset[str] = frozenset()) -> Pod | None:
    """The pod in a list that a create with a token made: one that lives before one that has ended.

    Args:
        listing: The list.
        token: The token.
        before: The ids of pods that had the token earlier, and are not meant.
    """
    found = [pod for pod in listing.pods if pod.create_token == token and pod.id not in before]
    return min(found, key=lambda pod: (not pod.is_active, pod.status in ENDING), default=None)


class Search:
    """A search for a pod that may have been created: how long, and how often."""

    def __init__(self, *, now: float, seconds: float) -> None:
        self._start = now
        self._end = now + min(seconds, LOOK_SECONDS)
        self._pause = SHORTEST_PAUSE / PAUSE_GROWTH

    def remaining(self, now: float) -> float:
        """Seconds until it is over."""
        return self._end - now

    def patience(self, now: float) -> float:
        """How many seconds one look may take: half of what is left, unless that is little, so that others follow."""
        left = self.remaining(now)
        return left if left < SHORTEST_PAUSE else max(left / 2, SHORTEST_PAUSE)

    def elapsed(self, now: float) -> float:
        """Seconds since it began."""
        return now - self._start

    def is_over(self, now: float) -> bool:
        """Whether there is no time left for another look."""
        return self.remaining(now) < _SHORTEST_SLEEP

    def pause(self, now: float) -> float:
        """How many seconds to wait before the next look. The last one is a little before the end."""
        self._pause = min(self._pause * PAUSE_GROWTH, LONGEST_PAUSE)
        left = self.remaining(now)
        last_look = min(1.0, left / 2)
        return min(self._pause, left) if left <= SHORTEST_PAUSE else min(self._pause, left - last_look)


# --- A token that has a pod already ----------------------------------------------------------------------------------


def refuse_other(request: Request, pod: Pod) -> None:
    """Raises a ConflictError if a pod that has the token is not what is asked for now.

    What the list does not tell of a pod, the registry's token for example, cannot be compared.
    """
    differing = [name for name, field in CREATE_PARAMS.items() if _differs(request.fields, pod, name, field)]
    if differing:
        names = " and ".join(differing)
        raise conflict(request, pod.id or "", f"differs in {names} from what is asked for now")


def conflict(request: Request, pod_id: str, how: str) -> ConflictError:
    """The error for a token that a pod with other parameters has."""
    message = f"the create token {request.token!r} already has a pod, which {how}; use another token"
    return ConflictError(message, status_code=200, pod_id=pod_id)


def _differs(fields: Mapping[str, Any], pod: Pod, name: str, field: RequestField) -> bool:
    if field.json_name not in fields or name not in pod.json_names or not pod.has(name):
        return False
    asked, told = fields[field.json_name], getattr(pod, name)
    if field.is_mapping:
        return bool(dict(map(_pair, asked)) != told)
    if field.is_list:
        # A pod that is starting may list none of its ports yet.
        return bool(told) and not _same_ports(asked, told)
    return told is not None and bool(told != asked)


def _pair(entry: Mapping[str, Any]) -> tuple[str, str]:
    pair = KeyValuePairDTO.from_dict(entry)
    return pair.key, pair.value


def _same_ports(asked: Iterable[Mapping[str, Any]], told: Iterable[ExposedPort]) -> bool:
    """Whether the same ports are exposed, and each that was asked for with a protocol with that one."""
    protocols = {entry.port: entry.protocol for entry in told}
    wanted = {entry.port: entry.protocol for entry in map(OpenapiPodExposePortRequest.from_dict, asked)}
    return protocols.keys() == wanted.keys() and all(
        not protocol or protocols[port] == protocol for port, protocol in wanted.items()
    )
