"""The command itself: from its arguments to its exit status, whatever happens on the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from .._version import __version__
from .advice import PROGRAM, set_route
from .connecting import is_debugging
from .failures import Failure, Status, failure_of
from .lazy import LazyGroup
from .terminal import prepare, say

COMPLETION_VARIABLE = "_YOTTALABS_COMPLETE"
RUN = "run"

COMMANDS = {
    "pods": "Create, watch, reach and delete pods.",
    RUN: "Run one command in a pod of its own.",
    "mock": "Serve a simulator of the API on this machine.",
    "doctor": "Find out why something does not work.",
    "config": "Keep keys and addresses in profiles.",
    "completion": "Print what a shell needs to complete this command.",
}


def _load(name: str) -> click.Command | None:
    command: click.Command | None = None
    match name:
        case "pods":
            from .pods import command
        case "run":
            from .run import command
        case "mock":
            from .simulator import command
        case "doctor":
            from .doctor import command
        case "config":
            from .profiles import command
        case "completion":
            from .completion import command
    return command


EPILOG = """The key comes from YOTTA_API_KEY, a profile, or --api-key-file; never from the command line itself.
Exit status: 0 done, 1 refused, 2 usage, 3 key, 4 not found, 5 timeout, 6 network, 7 outcome unknown, 130 Ctrl-C."""

root = LazyGroup(
    PROGRAM,
    commands_in=COMMANDS,
    load=_load,
    help="Rent GPU pods of YottaLabs from a terminal, or from a script.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
root = click.version_option(__version__, "--version", prog_name=PROGRAM, message="%(prog)s %(version)s")(root)


def run(arguments: Sequence[str]) -> int:
    """Runs the command.

    Args:
        arguments: What follows its name.

    Returns:
        The exit status.
    """
    prepare()
    set_route(None)
    is_run = list(arguments[:1]) == [RUN]
    try:
        status = _run(list(arguments))
    except BrokenPipeError:
        status = Status.BROKEN_PIPE
    except KeyboardInterrupt:
        say("yottalabs: interrupted")
        status = Status.INTERRUPTED
    except SystemExit as end:  # a command that knows its own status, or a signal
        status = end.code if isinstance(end.code, int) else _stopped(end.code)
    except Exception as error:  # noqa: BLE001  # no traceback reaches a person who did not ask for it
        status = _failed(error)
        if is_run:
            status = Status.OWN_FAILURE_OF_RUN
    return _let_go_of_output(int(status))


def _run(arguments: list[str]) -> int:
    if COMPLETION_VARIABLE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(root, {}, PROGRAM, COMPLETION_VARIABLE, os.environ[COMPLETION_VARIABLE])
    try:
        with root.make_context(PROGRAM, arguments) as context:
            root.invoke(context)
    except click.exceptions.Exit as end:  # --help, --version
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        say(*error.format_message().split("\n"))
        return Status.USAGE
    except click.Abort:  # Ctrl-C, or the end of the input, at a question
        raise KeyboardInterrupt from None
    return Status.DONE


def _failed(error: Exception) -> int:
    """Says what is wrong; gives the exit status."""
    failure = failure_of(error)
    is_debugged = is_debugging()
    if failure is None and not is_debugged:
        failure = Failure(
            Status.REFUSED,
            (
                f"this is a defect of ours: {type(error).__name__}: {error}",
                "please report it, with what --debug shows; no secret is in it",
            ),
        )
    if is_debugged:
        import traceback

        say(*"".join(traceback.format_exception(error)).rstrip("\n").split("\n"))
    if failure is not None:
        say(*failure.told)
    return Status.REFUSED if failure is None else failure.status


def _stopped(message: object) -> int:
    """What `sys.exit` was given instead of a status is a message."""
    if message is None:
        return Status.DONE
    say(*str(message).split("\n"))
    return Status.REFUSED


def _let_go_of_output(status: int) -> int:
    """Flushes the output. That nobody reads it any more is said by the status, and by nothing else."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            status = status or Status.BROKEN_PIPE
        except (OSError, ValueError) as error:
            if stream is sys.stdout and not status:  # else it has been said
                say(f"yottalabs: standard output cannot be written: {getattr(error, 'strerror', None) or error}")
                status = status or Status.REFUSED
        else:
            continue
        _point_nowhere(stream)
    return status


def _point_nowhere(stream: object) -> None:
    """Python would try once more at the end, and complain."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]  # it is one of the two
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return
