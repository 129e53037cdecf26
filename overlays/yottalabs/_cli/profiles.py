"""`yottalabs config`: keeps keys and addresses in profiles."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import expanded
from .._profiles import CONFIG_FILE_VARIABLE, DEFAULT, config_file, content, no_place, read_profiles
from .._secrecy import Hidden, HiddenDict, HiddenText
from .._settings import ARGUMENT, check_api_key, checked_base_url, shown_url
from .advice import STANDARD_INPUT
from .asking import confirm
from .connecting import Connecting, connects
from .failures import CommandError, Status
from .input import secret_from, unseen_answers
from .output import emit, has_output, write
from .tables import Column, show
from .terminal import can_ask, say

if TYPE_CHECKING:
    import tomlkit

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
FOLDER_MODE = 0o700


@click.group(
    "config",
    no_args_is_help=True,
    help="""Keep keys and addresses in profiles.

    A setting comes from the command line, else from the environment (YOTTA_API_KEY, YOTTA_BASE_URL), else from the
    profile that YOTTA_PROFILE names, else from the default one. A profile that --profile names comes before the
    environment. The profiles of the vendor's own command, in ~/.yotta/config, are read too, and never written.
    """,
)
def command() -> None:
    pass


@command.command("list", help="Show the profiles there are. Keys are not shown.")
@has_output()
def list_profiles(*, output: str) -> None:
    known = read_profiles()
    records: list[dict[str, Any]] = [
        {
            "id": profile.name,
            "default": profile.name == known.default,
            "apiKey": profile.api_key is not None,
            "baseUrl": profile.base_url and shown_url(profile.base_url),
            "sshKey": profile.ssh_key,
            "file": str(profile.file),
        }
        for profile in known.profiles.values()
    ]
    if output != "table":
        emit(output, records, list(records[0]) if records else ["id"])
        return
    columns = (
        Column("PROFILE", lambda each: f"{each['id']}{' (default)' if each['default'] else ''}", is_whole=True),
        Column("KEY", lambda each: "yes" if each["apiKey"] else "no", is_whole=True),
        Column("BASE URL", lambda each: each["baseUrl"] or ""),
        Column("SSH KEY", lambda each: each["sshKey"] or ""),
        Column("FILE", lambda each: each["file"]),
    )
    if records:
        show(records, columns)
    else:
        say("there are no profiles; `yottalabs config add NAME` makes one")


@command.command(
    "show",
    help="Show which key and which address are used, and where they come from. The key itself is not shown.",
)
@has_output()
@connects
def show_settings(connecting: Connecting, *, output: str) -> None:
    found = connecting.connection
    record = {
        "id": found.profile.name if found.profile is not None else None,
        "apiKeySource": found.api_key_source,
        "baseUrl": found.base_url,
        "baseUrlSource": found.base_url_source,
        "sshKey": found.profile.ssh_key if found.profile is not None else None,
    }
    if output != "table":
        emit(output, record, list(record))
        return
    write(f"key       from {found.api_key_source}\n")
    write(f"base URL  {found.base_url}, from {found.base_url_source}\n")
    if record["sshKey"]:
        write(f"ssh key   {record['sshKey']}\n")


@command.command("path", help="Print where the file of the profiles is.")
def show_path() -> None:
    write(f"{_place()}\n")


@command.command(
    "add",
    help="""Make a profile, or replace one.

    The key is asked for on a terminal, and not shown. It is never a part of the command: everybody on a machine can see
    the commands that run there.
    """,
)
@click.argument("name")
@click.option(
    "--api-key-file", metavar="FILE", help="Read the key from a file; - is standard input. Else it is asked for."
)
@click.option("--no-key", is_flag=True, help="A profile without a key: any key may go to its address.")
@click.option("--base-url", metavar="URL", help="Where the API is.")
@click.option("--ssh-key", metavar="FILE", help="The file of your private key, for `pods ssh` and `run`.")
@click.option("--default", "is_default", is_flag=True, help="Use it when no profile is named, as the first one is.")
@click.option("--yes", "-y", is_flag=True, help="Replace a profile of this name without asking.")
def add(
    *,
    name: str,
    api_key_file: str | None,
    no_key: bool,
    base_url: str | None,
    ssh_key: str | None,
    is_default: bool,
    yes: bool,
) -> None:
    _check(name, api_key_file, ssh_key, no_key=no_key)
    settings: dict[str, str] = {}
    if base_url is not None:
        from yottalabs_api.client import BASE_URL

        settings["base_url"] = checked_base_url(base_url, ARGUMENT, BASE_URL, allow_insecure_http=False)
    if ssh_key is not None:
        settings["ssh_key"] = ssh_key
    _check_writable()
    is_new = name not in _read().get("profiles", {})
    source = api_key_file or STANDARD_INPUT
    is_typed = not no_key and (source == STANDARD_INPUT or not expanded(source).is_file())
    # A key that is typed before it is asked for, as the answer to the question, must not be seen either.
    with unseen_answers() if is_typed else nullcontext():
        if not is_new:
            question = f"There is a profile {name} already. Replace it?"
            confirm(question, yes=yes, otherwise="it stays as it is", is_shown=not is_typed)
        if not no_key:
            key = HiddenText(secret_from(source, "--api-key-file", "API key").strip())
            check_api_key(key, ARGUMENT)
            settings = HiddenDict({"api_key": str(key), **settings})
    with _changing() as document:
        known = list(document.value.setdefault("profiles", {}))
        if is_new and name in known and not yes:
            raise CommandError(Status.REFUSED, f"a profile {name} was made meanwhile, and stays; --yes replaces it")
        is_first = not known and DEFAULT not in document.value
        document.value["profiles"][name] = settings
        if is_default or is_first:
            document.value[DEFAULT] = name
    say(f"profile {name} is in {config_file()}")


def _check(name: str, api_key_file: str | None, ssh_key: str | None, *, no_key: bool) -> None:
    """Refuses what cannot be a profile, before anything is asked."""
    if not NAME.fullmatch(name):
        raise CommandError(Status.USAGE, f"{name!r} is no name for a profile; use letters, digits, dots, dashes")
    if ssh_key is not None and not ssh_key.isprintable():
        raise CommandError(Status.USAGE, f"--ssh-key: {ssh_key!r} is no name of a file that could be written down")
    if no_key and api_key_file is not None:
        raise CommandError(Status.USAGE, "--no-key and --api-key-file contradict each other; give one")
    if not no_key and api_key_file is None and not can_ask():
        raise CommandError(
            Status.USAGE,
            "this is not a terminal, so the key cannot be asked for; give --api-key-file FILE, or --no-key",
        )


@command.command("use", help="Use a profile when none is named.")
@click.argument("name")
def use(*, name: str) -> None:
    _check_writable()
    known = read_profiles()
    if name not in known.profiles:
        raise _unknown(name, known.profiles)
    with _changing() as document:
        document.value[DEFAULT] = name
    say(f"profile {name} is used when none is named")


@command.command("remove", help="Remove a profile, and its key.")
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask first.")
def remove(*, name: str, yes: bool) -> None:
    _check_writable()
    known = list(_read().get("profiles", {}))
    if name not in known:
        raise _unknown(name, known)
    confirm(f"Remove profile {name}, and the key in it?", yes=yes, otherwise="it stays as it is")
    with _changing() as document:
        document.value.get("profiles", {}).pop(name, None)
        if document.value.get(DEFAULT) == name:
            del document.value[DEFAULT]
    say(f"profile {name} is removed")


def _unknown(name: str, known: Any) -> CommandError:
    others = ", ".join(sorted(known)) or "none"
    return CommandError(Status.USAGE, f"there is no profile {name!r} that could be changed; there are: {others}")


# --- The file ---------------------------------------------------------------------------------------------------------


def _place() -> Path:
    """Where the file is, or would be.

    Raises:
        CommandError: There is no place for it.
    """
    file = config_file()
    if file is None:
        raise CommandError(Status.REFUSED, no_place())
    return file


def _read() -> tomlkit.TOMLDocument:
    """The file as it is written, comments and all."""
    import tomlkit

    read_profiles()  # which says what is wrong with it, if anything is
    return tomlkit.parse(content(_place())[0])


@contextmanager
def _changing() -> Iterator[Hidden[tomlkit.TOMLDocument]]:
    """The file, to be changed in the block, and written at its end. Whoever else changes it waits, or is waited for.

    Nobody is asked anything in the block: what was read before a question may be another file after it.
    """
    with _alone():
        document = Hidden(_read())
        yield document
        _write(document)


@contextmanager
def _alone() -> Iterator[None]:
    """Waits until no other such program is in its block, where the system can do that."""
    if os.name != "posix":
        yield
        return
    import fcntl

    try:
        descriptor = os.open(_folder(), os.O_RDONLY)
    except OSError as error:
        raise _unwritable(error) from None
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which ends it


def _folder() -> Path:
    """The folder of the file; of a link, that of what it leads to. It is made where there is none."""
    folder = Path(os.path.realpath(_place())).parent
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return folder


def _unwritable(error: OSError) -> CommandError:
    return CommandError(Status.REFUSED, f"{_place()} cannot be written: {error.strerror}")


KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def _check_writable() -> os.stat_result | None:
    """Return what is known of the file that a new one would replace; None where there is none.

    Raises:
        CommandError: It is no regular file, or another user's, so that it must not be replaced.
    """
    file = _place()
    try:
        found = file.stat()  # of a link, what it leads to
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unwritable(error) from None
    if not stat.S_ISREG(found.st_mode):
        kind = KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise CommandError(
            Status.REFUSED,
            f"{file} cannot be written: it is {kind}, not a regular file",
            f"set {CONFIG_FILE_VARIABLE} to the path of a regular file, or of a new one",
        )
    if os.name == "posix" and os.geteuid() not in {0, found.st_uid}:
        raise CommandError(Status.REFUSED, f"{file} cannot be written: it belongs to another user")
    return found


def _write(document: Hidden[tomlkit.TOMLDocument]) -> None:
    """Put a new file in the place of the old one, at once. Only its owner may ever read it, who stays the same."""
    import tomlkit

    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".config-", dir=_folder())  # mode 600
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(tomlkit.dumps(document.value))
            stream.flush()
            os.fsync(stream.fileno())
        replaced = _check_writable()
        if replaced is not None and os.name == "posix":
            os.chown(temporary, replaced.st_uid, replaced.st_gid)
        Path(temporary).replace(os.path.realpath(_place()))  # a link stays, and what it leads to is replaced
        temporary = ""
    except OSError as error:
        raise _unwritable(error) from None
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
