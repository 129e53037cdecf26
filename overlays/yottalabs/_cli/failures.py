"""Which exit status an error has, and what is said of it: one to three lines, of which the last says what to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

import click

from .._text import printable
from .advice import command_line

if TYPE_CHECKING:
    from .._exceptions import YottaLabsError

Advice: TypeAlias = "Callable[[YottaLabsError], list[str]]"

LONGEST_LINE = 1000  # characters
LONGEST_COMMAND = 800  # so that none is cut off, but one about an id that is no id
PACKAGES = {"rich", "yaml", "tomlkit"}  # of this command alone, and loaded late
_CALL_OF_LIBRARY = re.compile(r"\b([a-z_]+)=(…|True)")
_BY_HAND = re.compile(r"; delete (?:each|it) by hand")
_WAIT_OF_LIBRARY = re.compile(r"wait until='([a-z]+)'")


class Status(IntEnum):
    """The exit statuses."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    KEY = 3
    NOT_FOUND = 4
    TIMEOUT = 5
    NETWORK = 6
    UNKNOWN = 7
    OWN_FAILURE_OF_RUN = 125
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS: dict[int, str] = {
    Status.DONE: "done",
    Status.REFUSED: "the API said no, or a pod failed, or something on this machine did",
    Status.USAGE: "the command was not written right, or needs an answer that nobody can give",
    Status.KEY: "there is no key, or the API does not accept it for this",
    Status.NOT_FOUND: "there is no such pod",
    Status.TIMEOUT: "it took too long",
    Status.NETWORK: "the API cannot be reached, or its answer broke off",
    Status.UNKNOWN: "a pod may or may not have been created; its create token is said",
    Status.OWN_FAILURE_OF_RUN: "`run` itself failed; any other status of it, but for those below, is the command's own",
    Status.INTERRUPTED: "Ctrl-C",
    Status.BROKEN_PIPE: "nobody reads the output any more",
    143: "ended by SIGTERM; 129 by SIGHUP, when the terminal was closed",
    255: "`pods ssh`: ssh could not connect, or the connection broke; any other status of it is the command's own",
}
"""What each exit status means, for people."""


class CommandError(Exception):
    """A command has failed, in a way that it can say itself.

    Attributes:
        status: The exit status.
        lines: What happened, with which value; what to do next.
    """

    def __init__(self, status: int, *lines: str) -> None:
        super().__init__(*lines)
        self.status = status
        self.lines = lines


@dataclass(frozen=True)
class Failure:
    """What is left of an error: the exit status, and what is said."""

    status: int
    lines: tuple[str, ...]

    @property
    def told(self) -> list[str]:
        """The lines as they are printed."""
        first, *others = (printable(line, LONGEST_LINE) for line in self.lines)
        return [f"yottalabs: {first}", *(f"  {line}" for line in others)]


def failure_of(error: BaseException) -> Failure | None:
    """What is said of an error; None for one that is a defect of ours."""
    from .._exceptions import YottaLabsError

    if isinstance(error, CommandError):
        return Failure(error.status, error.lines)
    if isinstance(error, click.UsageError):
        return _of_usage(error)
    if isinstance(error, click.ClickException):
        return Failure(Status.REFUSED, (error.format_message(),))
    if isinstance(error, YottaLabsError):
        status, advice = _judged(error)
        return Failure(status, (_told(error), *advice))
    return _of_machine(error)


def _of_machine(error: BaseException) -> Failure | None:
    """What is said of an error of this machine: a disk that is full, a package that is missing."""
    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return Failure(Status.REFUSED, (f"{error.name} is not installed; install 'yottalabs-client[cli]'",))
    if isinstance(error, OSError):
        return Failure(Status.REFUSED, (": ".join(map(str, filter(None, (error.filename, error.strerror or error)))),))
    return None


def _of_usage(error: click.UsageError) -> Failure:
    command = error.ctx.command_path if error.ctx is not None else "yottalabs"
    return Failure(Status.USAGE, (error.format_message(), f"{command} --help lists the options"))


def _judged(error: YottaLabsError) -> tuple[int, list[str]]:
    """The status of an error of the client, and what to do about it."""
    from .. import _exceptions as errors

    if isinstance(error, errors.ConfigurationError):
        return {"api_key": Status.KEY, "guard": Status.REFUSED}.get(error.setting or "", Status.USAGE), []
    if isinstance(error, errors.ResponseValidationError):
        return Status.NETWORK if error.broke_off else Status.REFUSED, [
            f"`{command_line('doctor')}` says more about answers"
        ]
    # Narrower classes stand before those that they belong to.
    judgements: tuple[tuple[type[YottaLabsError], Status, Advice], ...] = (
        (errors.InvalidArgumentError, Status.USAGE, lambda _: []),
        (errors.CreateOutcomeUnknownError, Status.UNKNOWN, _about_unknown),
        (errors.AuthenticationError, Status.KEY, _about_key),
        (errors.PermissionDeniedError, Status.KEY, _about_key),
        (errors.NotFoundError, Status.NOT_FOUND, lambda _: [about_pods()]),
        (errors.APITimeoutError, Status.TIMEOUT, lambda _: ["--request-timeout gives it longer"]),
        (errors.APIConnectionError, Status.NETWORK, lambda _: [f"`{command_line('doctor')}` looks for the cause"]),
        (errors.WaitTimeoutError, Status.TIMEOUT, _about_pod),
        (errors.PodFailedError, Status.REFUSED, _about_pod),
        (errors.PodNotDeletedError, Status.REFUSED, _about_left_over),
    )
    for kind, status, advice in judgements:
        if isinstance(error, kind):
            return status, advice(error)
    return Status.REFUSED, []


def about_pods() -> str:
    """The command that shows which pods there are."""
    return f"`{command_line('pods list --all')}` shows the pods there are"


def _about_key(_: YottaLabsError) -> list[str]:
    return [f"`{command_line('config show')}` says where the key came from"]


def _about_left_over(error: YottaLabsError) -> list[str]:
    pod_ids = list(getattr(error, "pod_ids", ()))[:20]
    while len(command := command_line("pods delete --yes", *pod_ids)) > LONGEST_COMMAND and len(pod_ids) > 1:
        pod_ids.pop()
    return [f"delete it by hand: {command}"]


def _about_unknown(error: YottaLabsError) -> list[str]:
    token = getattr(error, "create_token", None)
    if token is None:
        return [f"look for it before you create it again: {command_line('pods list')}"]
    return [
        f"its create token is {token}; look for it: {command_line('pods get', options=('--create-token', token))}",
        f"or run the same command with --create-token {shlex.quote(token)}, without --max-lifetime: it makes no second",
    ]


def _about_pod(error: YottaLabsError) -> list[str]:
    if error.pod_id is None:
        return []
    shows, ends = (command_line(f"pods {name}", error.pod_id) for name in ("get", "delete"))
    return [f"it may cost money: `{shows}` shows it, `{ends}` ends it"]


def _told(error: YottaLabsError) -> str:
    """What an error says, in terms of this command."""
    from .._exceptions import ConfigurationError, CreateOutcomeUnknownError, InvalidArgumentError, PodNotDeletedError

    text = str(error)
    if isinstance(error, CreateOutcomeUnknownError):
        # What follows are calls of the library.
        return text.partition(": look for it with pods.")[0]
    if isinstance(error, PodNotDeletedError):
        return _BY_HAND.split(text)[0]
    if isinstance(error, ConfigurationError):
        # Arguments of the client are options here.
        return _CALL_OF_LIBRARY.sub(lambda found: _option(found[1]), text).replace("pass --", "give --")
    if isinstance(error, InvalidArgumentError) and error.argument:
        return _with_option(text, error.argument)
    return text


def _option(argument: str) -> str:
    return {"api_key": "--api-key-file"}.get(argument, f"--{argument.replace('_', '-')}")


def _with_option(text: str, argument: str) -> str:
    """A message about an argument of the client, in terms of options."""
    from yottalabs_api.params import CREATE_PARAMS

    from .option_names import option_of

    if text.startswith(f"{argument} is "):
        name = re.split(r"[\[.]", argument)[0]
        rest = text.removeprefix(f"{argument} is ")
        return f"{option_of(name)} is missing" if rest == "missing" else f"{option_of(name)}: {rest}"
    if argument == "extra_fields":
        return _CALL_OF_LIBRARY.sub(lambda found: option_of(found[1]), text).replace(
            "extra_fields has", "--extra-field has"
        )
    text = _WAIT_OF_LIBRARY.sub(r"wait --until \1", text)
    # Others are named in the middle of it: "image and gpu_type are missing".
    return re.sub(r"\b[a-z_]+\b", lambda found: option_of(found[0]) if found[0] in CREATE_PARAMS else found[0], text)
