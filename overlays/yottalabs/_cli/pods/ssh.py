"""`yottalabs pods ssh`."""

from __future__ import annotations

import shlex
import time

import click

from ..._wait import DEFAULT_WAIT_SECONDS
from ..connecting import Connecting, connects
from ..naming import complete_pod, find_pod
from ..output import write
from ..probe import wait_briefly, wait_for_login
from ..progress import Display, Progress
from ..secure_shell import Reaching, become, check_there, reaches_pod
from ..times import DURATION, short


class CommandAfterDashes(click.Command):
    """A command whose last words are another one's, and stand behind `--`: none of their options is taken for ours."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses them, and refuses words that do not stand behind it."""
        before = args[: args.index("--")] if "--" in args else args
        rest = super().parse_args(ctx, list(args))
        if ctx.params.get("words") and "--" not in args:
            raise click.UsageError("write -- before the command that is to run in the pod", ctx)
        if before != args and not ctx.params.get("words"):
            raise click.UsageError("there is no command behind --", ctx)
        return rest


@click.command(
    "ssh",
    cls=CommandAfterDashes,
    help="""Open a shell in a pod, or run a command there.

    POD is an id, the beginning of one, or a name. The words of COMMAND arrive as they are; for pipes and variables, run
    a shell: `-- sh -c 'nvidia-smi | head'`. The exit status is that of ssh, which is the command's, or 255.
    """,
)
@click.argument("pod", shell_complete=complete_pod)
@click.argument("words", nargs=-1, metavar="[-- COMMAND...]")
@click.option("--print", "only_print", is_flag=True, help="Print the ssh command, and do not run it.")
@click.option("--wait", is_flag=True, help="Wait first, until the pod is ready and lets you log in.")
@click.option(
    "--timeout",
    type=DURATION,
    default=DEFAULT_WAIT_SECONDS,
    help=f"How long --wait waits ({short(DEFAULT_WAIT_SECONDS)}).",
)
@reaches_pod
@connects
def command(
    connecting: Connecting,
    reaching: Reaching,
    /,
    *,
    pod: str,
    words: tuple[str, ...],
    only_print: bool,
    wait: bool,
    timeout: float,
) -> None:
    shell = reaching.shell(connecting)
    if not only_print:
        check_there()
    end = time.monotonic() + timeout
    with connecting.open() as client:
        found = find_pod(client.pods.list(), pod)
        if not only_print:
            shell.refuse_documentation(found)
        if wait:
            progress = Progress("waiting until ready")
            with Display(progress) as display:
                found = client.pods.wait(found, timeout=timeout, on_change=progress.notice)
                if not only_print:
                    left = end - time.monotonic()
                    wait_for_login(client, shell, found, left, show=display.say)
    shell.announce(found)
    made = shell.command(found, words)
    if only_print:
        write(f"{shlex.join(made)}\n")
        return
    if not wait:
        wait_briefly(shell, found)
    become(made)
