"""`yottalabs doctor`: finds out why something does not work, and says what to do about it."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from .._text import printable
from .._version import __version__
from .connecting import Connecting, connects
from .failures import CommandError, Status, failure_of
from .output import emit, has_output, write
from .secure_shell import check_there
from .terminal import console, has_unicode, is_terminal

if TYPE_CHECKING:
    from yottalabs_api.reading import View

    from .. import Pod

Verdict = Literal["ok", "note", "wrong"]

MARKS: dict[Verdict, tuple[str, str, str]] = {
    "ok": ("✓", "ok", "green"),
    "note": ("!", "note", "yellow"),
    "wrong": ("✗", "wrong", "red"),
}
"""For each verdict its mark, its word where the mark cannot be shown, and its style."""
MOST_EXAMPLES = 5
LONGEST_VALUE = 40
RECENT = 5.0  # seconds that a list may take before it is remarkable


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing.

    Attributes:
        subject: The thing.
        verdict: Whether it is as it should be.
        told: What was found.
        advice: What to do.
        status: The exit status that it leads to.
    """

    subject: str
    verdict: Verdict
    told: str
    advice: str = ""
    status: int = Status.DONE


@click.command(
    "doctor",
    help="""Find out why something does not work.

    Looks at the installation, the key, the address, whether the API can be reached, and whether it answers anything
    that the documentation does not know. It only looks: the one request is for the list of pods.
    """,
)
@has_output()
@connects
def command(connecting: Connecting, *, output: str) -> None:
    findings: list[Finding] = []
    for finding in examine(connecting):
        findings.append(finding)
        if output == "table":
            _show(finding)
    if output != "table":
        names = ("id", "verdict", "told", "advice")
        records = [
            dict(zip(names, (each.subject, each.verdict, each.told, each.advice), strict=True)) for each in findings
        ]
        emit(output, records, names)
    sys.exit(next((each.status for each in findings if each.verdict == "wrong"), Status.DONE))


def examine(connecting: Connecting) -> Iterator[Finding]:
    """Everything that is looked at, in the order in which one thing needs the other."""
    yield Finding("client", "ok", f"yottalabs-client {__version__}, Python {platform.python_version()}")
    yield _ssh()
    yield _simulator()
    try:
        connection = connecting.connection
    except Exception as error:  # what has no words here is raised again
        failure = failure_of(error)
        if failure is None:
            raise
        yield Finding("key and base URL", "wrong", failure.lines[0], " ".join(failure.lines[1:]), failure.status)
        return
    yield Finding("key", "ok", f"from {connection.api_key_source}")
    yield Finding("base URL", "ok", f"{connection.base_url}, from {connection.base_url_source}")
    yield from _api(connecting)


def _ssh() -> Finding:
    found = shutil.which("ssh")
    if found is not None:
        try:
            check_there()
        except CommandError as error:
            return Finding("ssh", "note", error.lines[0], " ".join(error.lines[1:]))
        return Finding("ssh", "ok", found)
    return Finding("ssh", "note", "there is none on the PATH", "`pods ssh` and `run` need OpenSSH's client")


def _simulator() -> Finding:
    try:
        import jsonschema_rs  # noqa: F401  # whether it is there
        import uvicorn  # noqa: F401  # as above
    except ImportError as error:
        advice = "`yottalabs mock` needs it: install 'yottalabs-client[simulator]'"
        return Finding("simulator", "note", f"{error.name} is not installed", advice)
    return Finding("simulator", "ok", "installed")


# --- The API ----------------------------------------------------------------------------------------------------------


def _api(connecting: Connecting) -> Iterator[Finding]:
    import time

    from .._exceptions import APIConnectionError, YottaLabsError

    began = time.monotonic()
    try:
        with connecting.open() as client:
            pods = client.with_options(max_retries=0).pods.list()
    except YottaLabsError as error:
        failure = failure_of(error)
        if failure is None:
            raise
        if isinstance(error, APIConnectionError):
            subject, advice = _cause(error, connecting.connection.base_url)
        else:
            subject, advice = "API", " ".join(failure.lines[1:]) or "try again; if it stays, ask YottaLabs"
        yield Finding(subject, "wrong", failure.lines[0], advice, failure.status)
        return
    seconds = time.monotonic() - began
    safe = "TLS, certificate accepted" if connecting.connection.base_url.startswith("https") else "no TLS"
    told = f"answers in {seconds * 1000:.0f} ms ({safe}), with {len(pods)} {'pod' if len(pods) == 1 else 'pods'}"
    yield Finding("API", "ok" if seconds < RECENT else "note", told, "" if seconds < RECENT else "that is slow")
    yield from strange(pods)


def _cause(error: BaseException, base_url: str) -> tuple[str, str]:
    """What kept an answer from coming: where that lies, and what to do."""
    import socket
    import ssl

    led = list(_led_to(error))
    text = " ".join(str(each) for each in led).lower()
    if any(isinstance(each, ssl.SSLError) for each in led) or "ssl" in text or "certificate" in text:
        return "TLS", (
            "check the date of this machine, and the certificates of a proxy in between: "
            "SSL_CERT_FILE names a file with more of them"
        )
    if any(isinstance(each, socket.gaierror) for each in led) or "name or service" in text or "getaddrinfo" in text:
        return "network", f"the name in {base_url} has no address: check the URL, the network, and the DNS"
    if any(isinstance(each, ConnectionRefusedError) for each in led) or "refused" in text:
        return "network", f"nothing listens there: check {base_url}; for a simulator, start `yottalabs mock`"
    if "timed out" in text or "no whole answer" in text:
        return (
            "network",
            "a firewall or a proxy may be in between (HTTPS_PROXY, NO_PROXY); --request-timeout gives it longer",
        )
    return "network", "check the URL, the network, and the proxy (HTTPS_PROXY, NO_PROXY)"


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# --- What the contract does not know ----------------------------------------------------------------------------------


def strange(pods: Sequence[Pod]) -> Iterator[Finding]:
    """What the API answered that the contract does not know: fields, values, types. None of it does any harm."""
    found: dict[str, list[str]] = {"fields": [], "values": [], "types": []}
    for pod in pods:
        _look(pod, "", found)
        for entry in pod.expose:
            _look(entry, "expose[].", found)
    advice = {
        "fields": "they are kept in `raw`; `pods get` shows them",
        "values": "they are passed on as they are",
        "types": "such a field reads as unknown; what came is in `raw`, and `--output json` shows it",
    }
    for kind, examples in found.items():
        if not examples:
            continue
        different = list(dict.fromkeys(examples))
        more = f" and {len(different) - MOST_EXAMPLES} more" if len(different) > MOST_EXAMPLES else ""
        told = f"{', '.join(different[:MOST_EXAMPLES])}{more}"
        yield Finding(
            f"unknown {kind}", "note", told, f"{advice[kind]}; a newer yottalabs-client, or an issue, may help"
        )
    if pods and not any(found.values()):
        yield Finding("contract", "ok", "every answer is as documented")


def _look(view: View, place: str, found: dict[str, list[str]]) -> None:
    names = {json_name: name for name, json_name in view.json_names.items()}
    for json_name, value in view.raw.items():
        name = names.get(json_name)
        if name is None:
            found["fields"].append(printable(f"{place}{json_name}"))
        elif value or value == 0:  # an empty text or list tells nothing
            read = getattr(view, name)
            is_secret = name in view.secrets
            # A mapping may be empty because what it holds is this client's own.
            if read is None or read == () or (read == {} and not isinstance(value, list)):
                shown = type(value).__name__ if is_secret else repr(value)[:LONGEST_VALUE]
                found["types"].append(printable(f"{place}{json_name}: {shown}"))
            elif getattr(read, "is_known", True) is False:
                found["values"].append(printable(f"{place}{json_name} {str(read)!r}"[: 2 * LONGEST_VALUE]))


def _show(finding: Finding) -> None:
    mark, word, style = MARKS[finding.verdict]
    if not is_terminal(sys.stdout):
        advice = f"; {finding.advice}" if finding.advice else ""
        write(f"{word:5}  {finding.subject}: {printable(f'{finding.told}{advice}')}\n")
        return
    from rich.padding import Padding
    from rich.text import Text

    screen = console(sys.stdout)
    line = Text(f"{mark if has_unicode(sys.stdout) else word} ", style=style)
    line.append(f"{finding.subject}: ", style="bold")
    line.append(printable(finding.told), style="default")
    screen.print(line)
    if finding.advice:
        screen.print(Padding(Text(printable(finding.advice)), (0, 0, 0, 4)))
