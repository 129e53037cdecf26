"""From what a person calls a pod to the pod: its id, the beginning of its id, or its name; each must be unique."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .._files import expanded
from .._text import printable
from .failures import CommandError, Status, about_pods
from .times import age

if TYPE_CHECKING:
    from .. import Pod, YottaLabs

SHORTEST_WHOLE_ID = 12  # digits; what is as long may be an id that the list does not show yet
MOST_CANDIDATES = 20
COMPLETION_SECONDS = 3.0
_WORD = re.compile(r"\w[\w.@%+:,/-]*")


def find_pod(pods: Sequence[Pod], called: str) -> Pod:
    """The pod that is meant.

    Raises:
        CommandError: None is, or more than one may be.
    """
    found = found_pod(pods, called)
    if found is None:
        raise not_found(called)
    return found


def found_pod(pods: Sequence[Pod], called: str) -> Pod | None:
    """The pod that is meant, if there is one. A pod that has ended is meant only if no living one can be.

    Raises:
        CommandError: More than one may be meant.
    """
    exact = [pod for pod in pods if pod.id == called]
    if exact:
        return exact[0]
    meant = [pod for pod in pods if pod.id and called and (pod.name == called or pod.id.startswith(called))]
    candidates = [pod for pod in meant if pod.is_active] or meant
    if len(candidates) > 1:
        shown = (f"{pod.id} ({_about(pod)})" for pod in candidates[:MOST_CANDIDATES])
        more = f" and {len(candidates) - MOST_CANDIDATES} more" if len(candidates) > MOST_CANDIDATES else ""
        raise CommandError(
            Status.USAGE,
            f"{called!r} may be any of {len(candidates)} pods; name one by its id",
            ", ".join(shown) + more,
        )
    return candidates[0] if candidates else None


def not_found(called: str) -> CommandError:
    """The failure for a pod that there is not."""
    return CommandError(
        Status.NOT_FOUND,
        f"there is no pod {called!r}, by id, beginning of an id, or name",
        about_pods(),
    )


def may_be_whole_id(called: str) -> bool:
    """Whether it may be the id of a pod that the list does not show yet."""
    return re.fullmatch(rf"\d{{{SHORTEST_WHOLE_ID},64}}", called, re.ASCII) is not None


def ids_of(client: YottaLabs, called: Sequence[str]) -> list[str]:
    """The ids of the pods that are meant, of pods that may not be listed yet, too.

    Raises:
        CommandError: One of them is not there, or more than one may be meant.
    """
    pods = client.pods.list()
    found = [(text, found_pod(pods, text)) for text in called]
    for text, pod in found:
        if pod is None and not may_be_whole_id(text):
            raise not_found(text)
    return list(dict.fromkeys(text if pod is None or pod.id is None else pod.id for text, pod in found))


def _about(pod: Pod) -> str:
    return printable(f"{pod.name or 'no name'}, {pod.status}, {age(pod.created)} old")


def complete_pod(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """What a shell offers for a pod. Whatever goes wrong, it offers nothing, and says nothing."""
    from .connecting import Connecting

    settings = ("profile", "base_url", "api_key_file", "allow_insecure_http")
    own = {name: ctx.params[name] for name in settings if ctx.params.get(name)}
    if "api_key_file" in own and not expanded(own["api_key_file"]).is_file():
        return []  # standard input is the person's, who is typing, and a pipe can be read once
    logger = logging.getLogger("yottalabs")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    try:
        with Connecting(**own, request_timeout=COMPLETION_SECONDS).open() as client:
            pods = [pod for pod in client.with_options(max_retries=0).pods.list() if pod.is_active]
    except Exception:  # noqa: BLE001  # a shell that completes is no place for errors
        return []
    names = [pod.name for pod in pods if pod.name]
    offered = [*(name for name in names if names.count(name) == 1), *(pod.id for pod in pods if pod.id)]
    # A shell puts it into the command line as it is, so it must be no more than a word there.
    return [text for text in offered if text.startswith(incomplete) and _WORD.fullmatch(text)]
