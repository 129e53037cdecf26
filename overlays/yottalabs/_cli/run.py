"""`yottalabs run`: a pod for the length of one command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from .._exceptions import CreateOutcomeUnknownError, PodFailedError, PriceLimitError, WaitTimeoutError
from .._text import printable
from .._wait import DEFAULT_WAIT_SECONDS
from .connecting import Connecting, connects
from .failures import CommandError, Status, failure_of
from .probe import wait_for_login
from .progress import SMALLEST_COST, Display, Progress, rounded
from .request import Asked, describes_pod
from .secure_shell import FAILED_STATUS, Reaching, Shell, call, check_there, reaches_pod
from .tables import price
from .terminal import say
from .times import DURATION, short

if TYPE_CHECKING:
    from .. import Pod

THROUGH_INTERRUPTS = ("sh", "-c", 'trap : INT; "$@"', "sh")
"""Runs the words that follow, and gives their status also if a signal ended them, where ssh would give 255."""


@click.command(
    "run",
    context_settings={"allow_interspersed_args": False},
    help="""Run one command in a pod of its own.

    The pod is created, waited for until it lets you log in, and reached by ssh with your terminal attached. It is
    deleted whatever happens: when the command ends, when you press Ctrl-C, close the terminal or kill this program. The
    words of COMMAND arrive as they are; for pipes and variables, run a shell: `-- sh -c 'nvidia-smi | head'`. The exit
    status is the command's; 125 if this program fails itself, 130 after Ctrl-C.
    """,
)
@click.argument("words", nargs=-1, required=True, metavar="-- COMMAND...")
@click.option(
    "--timeout",
    type=DURATION,
    default=DEFAULT_WAIT_SECONDS,
    help=f"How long to wait until the pod is ready and lets you log in ({short(DEFAULT_WAIT_SECONDS)}).",
)
@click.option("--max-lifetime", type=DURATION, help="Delete the pod after this time, whatever the command is doing.")
@click.option(
    "--max-hourly-price", metavar="AMOUNT", help="What the pod may cost in an hour; a dearer one is deleted at once."
)
@click.option("--max-cost", metavar="AMOUNT", help="What it may cost as a whole; then it is deleted.")
@describes_pod
@reaches_pod
@connects
def command(
    connecting: Connecting,
    reaching: Reaching,
    asked: Asked,
    /,
    *,
    words: tuple[str, ...],
    timeout: float,
    max_lifetime: float | None,
    max_hourly_price: str | None,
    max_cost: str | None,
) -> None:
    shell = reaching.shell(connecting)
    check_there()
    asked.expose_ssh()
    progress = Progress("creating a pod")
    try:
        with connecting.open() as client:
            temporary = client.pods.temporary(
                until="ready",
                timeout=timeout,
                max_lifetime=max_lifetime,
                max_hourly_price=max_hourly_price,
                max_cost=max_cost,
                guard="always",
                on_change=lambda pod: _notice(progress, shell, pod),
                extra_fields=asked.extra_fields,
                **asked.fields,
            )
            # The temporary pod takes care of signals itself, and it is left while the display still stands.
            with _following(progress), Display(progress, takes_signals=False) as display, temporary as pod:
                left = timeout - progress.waited
                progress.say(f"pod {printable(pod.id or '')}, logging in")
                wait_for_login(client, shell, pod, left, show=display.say, is_last=True)
                display.stop()
                shell.announce(pod)
                try:
                    status = call(shell.command(pod, (*THROUGH_INTERRUPTS, *words), is_last=True))
                finally:
                    display.start()
    except (PodFailedError, WaitTimeoutError, PriceLimitError) as error:
        if error.pod is not None:
            progress.notice(error.pod)
        # What is said of them elsewhere is how to get rid of the pod.
        raise CommandError(Status.OWN_FAILURE_OF_RUN, str(error), "the pod was deleted") from error
    except CommandError as error:
        deleted = ("the pod was deleted",) if progress.last is not None else ()
        raise CommandError(Status.OWN_FAILURE_OF_RUN, *error.lines, *deleted) from error
    except CreateOutcomeUnknownError as error:
        failure = failure_of(error)
        told = failure.lines[0] if failure is not None else str(error)
        raise CommandError(
            Status.OWN_FAILURE_OF_RUN,
            told,
            "should there be a pod, a process that stays behind deletes it",
        ) from error
    finally:
        _tell(progress)
    if status == FAILED_STATUS or status < 0:
        raise CommandError(
            Status.OWN_FAILURE_OF_RUN,
            f"ssh ended with {status}: it could not connect, or the connection broke, unless the command itself did so",
            "what ssh says above tells which; --identity names another key, --user another user",
        )
    sys.exit(status)


def _notice(progress: Progress, shell: Shell, pod: Pod) -> None:
    progress.say(f"pod {printable(pod.id or '')}, waiting until ready")
    progress.notice(pod)
    shell.refuse_documentation(pod)


def _tell(progress: Progress) -> None:
    """Says how long the pod lived, and what it cost."""
    pod = progress.last
    if pod is None:
        return
    ran = f", ran {short(progress.running)}" if progress.running else ", never ran"
    cost, hourly = progress.cost, pod.hourly_price
    priced = ""
    if cost is not None and hourly is not None:
        about = f"about {price(rounded(cost))}" if rounded(cost) or not cost else f"less than {SMALLEST_COST}"
        priced = f" and cost {about} at {price(hourly)} an hour"
    say(f"pod {pod.id} lived {short(progress.elapsed)}{ran}{priced}")


class _Follow(logging.Handler):
    """Lets the display say what the temporary pod logs: whoever pressed Ctrl-C sees that something is done about it."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("deleting"):
            self._progress.say("deleting the pod")


@contextmanager
def _following(progress: Progress) -> Iterator[None]:
    handler = _Follow(progress)
    logger = logging.getLogger("yottalabs")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
