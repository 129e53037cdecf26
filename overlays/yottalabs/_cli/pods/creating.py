"""`yottalabs pods create`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from ..._creation import Fresh, Request, interrupted_token
from ..._exceptions import CreateOutcomeUnknownError, YottaLabsError
from ..._ssh import SSHAccess
from ..._wait import DEFAULT_WAIT_SECONDS, Until
from .. import signals
from ..advice import command_line
from ..connecting import Connecting, connects
from ..failures import CommandError, Status, failure_of
from ..output import NEVER_DELIVERED, as_yaml, emit, has_output, shows_secrets, write
from ..probe import wait_for_login
from ..progress import Display, Progress
from ..request import Asked, describes_pod
from ..secure_shell import HOW_TO_SIMULATE_SSH, Reaching, Shell, become, check_there, nothing_answers, reaches_pod
from ..tables import document_of, emit_pods, hidden, price
from ..terminal import is_terminal, say
from ..times import DURATION, exact, short

if TYPE_CHECKING:
    from ... import Pod, YottaLabs


@click.command(
    "create",
    help="""Create a pod; print its id.

    It costs money from when it runs until it is deleted. A create that times out is looked up, never sent twice.
    """,
)
@click.option("--wait", is_flag=True, help="Wait until it is ready, or running where it exposes no SSH.")
@click.option("--ssh", is_flag=True, help="Wait, and open a shell in it. The pod stays when the shell ends.")
@click.option(
    "--timeout",
    type=DURATION,
    default=DEFAULT_WAIT_SECONDS,
    help=f"How long to wait ({short(DEFAULT_WAIT_SECONDS)}).",
)
@click.option(
    "--max-lifetime",
    type=DURATION,
    help="Delete it after this time: a process that stays behind on this machine does so.",
)
@click.option("--create-token", metavar="TOKEN", help="If a living pod was created with this token, give that one.")
@click.option("--dry-run", is_flag=True, help="Print the request, secrets masked, and send nothing.")
@has_output("id")
@shows_secrets
@describes_pod
@reaches_pod
@connects
def command(
    connecting: Connecting,
    reaching: Reaching,
    asked: Asked,
    /,
    *,
    wait: bool,
    ssh: bool,
    timeout: float,
    max_lifetime: float | None,
    create_token: str | None,
    dry_run: bool,
    output: str,
    show_secrets: bool,
) -> None:
    if create_token is not None and max_lifetime is not None:
        raise CommandError(
            Status.USAGE, "--max-lifetime would end a pod that has the --create-token already, and is not yours to end"
        )
    if ssh and output not in {"id", "table"}:
        raise CommandError(Status.USAGE, f"--ssh opens a shell, and --output {output} is one document; give one")
    if ssh:
        asked.expose_ssh()
    if dry_run:
        _show_request(asked, create_token, "json" if output == "id" else output, show_secrets=show_secrets)
        return
    if sys.stdout is None:
        raise CommandError(Status.REFUSED, f"{NEVER_DELIVERED}, and nobody would learn the id; nothing was created")
    shell = reaching.shell(connecting) if ssh else None
    if ssh:
        check_there()
    with connecting.open() as client, signals.raised():
        pod_id = _create(client, asked, create_token, max_lifetime)
        # At once: whatever happens while it is waited for, the id is known.
        if output == "id":
            _show(client, pod_id, None, output, show_secrets=show_secrets)
        else:
            say(f"pod {pod_id} is created")
        pod = _waited(client, pod_id, asked, timeout, shell) if wait or ssh else None
        if output != "id":
            _show(client, pod_id, pod, output, show_secrets=show_secrets)
    if shell is not None and pod is not None:
        say(f"the pod stays when the shell ends; `{command_line('pods delete', pod_id)}` deletes it")
        shell.announce(pod)
        become(shell.command(pod, ()))


def _create(client: YottaLabs, asked: Asked, create_token: str | None, max_lifetime: float | None) -> str:
    token: dict[str, Any] = {} if create_token is None else {"create_token": create_token}
    end = None if max_lifetime is None else exact(datetime.now(UTC) + timedelta(seconds=max_lifetime))
    guarded = "" if end is None else f"should there be one, a process of this machine deletes it at {end}"
    try:
        pod_id = client.pods.create(
            **token,
            max_lifetime=max_lifetime,
            guard="detached" if max_lifetime is not None else False,
            extra_fields=asked.extra_fields,
            **asked.fields,
        )
    except (KeyboardInterrupt, SystemExit) as interruption:
        made = interrupted_token(interruption)
        if made is not None:
            say(
                "a pod may have been created, and may cost money; in a minute the list of pods tells:",
                f"  {command_line('pods get', options=('--create-token', made))}",
                *([f"  {guarded}"] if guarded else ()),
            )
        raise
    except CreateOutcomeUnknownError as error:
        failure = failure_of(error)
        if not guarded or failure is None:
            raise
        # With its token, a second create would give a pod that is not to live.
        raise CommandError(failure.status, *failure.lines[:2], guarded) from error
    if max_lifetime is not None:
        guard = client.pods._guard_of(pod_id)  # noqa: SLF001  # there for this command
        by = "" if guard is None else f", by process {guard.process_id} of this machine"
        sweep = command_line("pods sweep --delete")
        say(f"pod {pod_id} is deleted at {end}{by}; should that fail, `{sweep}` deletes it")
    return pod_id


def _waited(client: YottaLabs, pod_id: str, asked: Asked, timeout: float, shell: Shell | None) -> Pod:
    """The pod, once it is ready, and lets the person log in if there is a shell for that."""
    until: Until = "ready" if asked.request.exposes_ssh else "running"
    progress = Progress(f"pod {pod_id}, waiting until {until}")
    end = time.monotonic() + timeout

    def notice(pod: Pod) -> None:
        progress.notice(pod)
        if shell is not None:
            shell.refuse_documentation(pod)

    try:
        with Display(progress) as display:
            pod = client.pods.wait(pod_id, until, timeout=timeout, on_change=notice)
            if shell is not None:
                wait_for_login(client, shell, pod, end - time.monotonic(), show=display.say)
    except (KeyboardInterrupt, SystemExit, CommandError):
        delete = command_line("pods delete", pod_id)
        say(f"pod {pod_id} goes on, and costs money: `{delete}` deletes it")
        raise
    hourly = f" at {price(pod.hourly_price)} an hour" if pod.hourly_price is not None else ""
    say(f"pod {pod_id} is {until} after {short(progress.elapsed)}{hourly}")
    if shell is None and pod.ssh_command and is_terminal(sys.stderr):
        _suggest_ssh(pod)
    return pod


def _suggest_ssh(pod: Pod) -> None:
    address = SSHAccess.of(pod).address
    if address is not None and address.is_for_documentation:
        say(nothing_answers(pod, address), f"  {HOW_TO_SIMULATE_SSH}")
    else:
        say(f"`{command_line('pods ssh', pod.id or '')}` opens a shell in it")


def _show(client: YottaLabs, pod_id: str, pod: Pod | None, output: str, *, show_secrets: bool) -> None:
    """Prints the pod, or says its id where that is impossible: it must not be lost."""
    try:
        if output == "table":
            emit_pods(output, [pod or _looked_up(client, pod_id)])
            return
        from ... import Pod

        document = {"id": pod_id} if pod is None else document_of(pod, show_secrets=show_secrets)
        emit(output, document, ["id"] if pod is None else list(Pod.json_names.values()))
    except BaseException:  # whatever it is, the pod exists
        say(f"pod {pod_id} was created, and its id could not be printed")
        raise


def _looked_up(client: YottaLabs, pod_id: str) -> Pod:
    """The pod by the list, which may not show it yet."""
    from ... import Pod

    try:
        return client.pods.get(pod_id)
    except YottaLabsError:
        return Pod({Pod.json_names["id"]: pod_id})


def _show_request(asked: Asked, create_token: str | None, output: str, *, show_secrets: bool) -> None:
    """Prints what would be sent, but for the variables of this client's own."""
    token = Fresh.TOKEN if create_token is None else create_token
    request = Request.read(asked.fields, asked.extra_fields, token)
    _ = request.body  # or what cannot be sent would be noticed by a create alone
    fields = dict(request.fields)
    document = fields if show_secrets else hidden(fields)
    if output == "table":
        write(as_yaml(document))
    else:
        emit(output, document, list(document))
