"""Which profiles there are: those of our file, and those of the vendor's.

Ours is TOML, `config.toml` in the folder where the platform keeps such files, or the file that YOTTA_CONFIG_FILE names:

    default = "work"               # the profile that is used when none is named

    [profiles.work]                # each of the three may be left out
    api_key = "…"
    base_url = "https://…"
    ssh_key = "~/.ssh/id_ed25519"  # for the command line alone

The vendor's is `~/.yotta/config`, INI, with a section for each profile. It may hold what we know nothing of.

The files hold keys, and an error of a parser has the text that it could not read. So what is raised here is raised
after such an error, not within it, and tells the file and the line alone.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ._exceptions import ConfigurationError
from ._files import (
    LONGEST_TEXT,
    UnreadableError,
    decoded,
    expanded,
    home_folder,
    open_to_read,
    platform_folder,
)
from ._secrecy import HiddenBytes, HiddenDict, HiddenText, hidden, type_name

logger = logging.getLogger("yottalabs")

CONFIG_FILE_VARIABLE = "YOTTA_CONFIG_FILE"
DEFAULT = "default"
"""The name of a profile that is used when none is named, and no default is set. The vendor's file has no other."""
PROFILE_KEYS = ("api_key", "base_url", "ssh_key")
FILE_KEYS = (DEFAULT, "profiles")
MOST_LEVELS = 20  # of arrays and inline tables in each other
_TOML_BRACKET = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|\#[^\n]*|[\[\]{}]""", re.DOTALL
)
"""A bracket of TOML; what is matched besides it, so that no bracket is found in it, is text or a comment."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO

_told: set[Path] = set()  # the files of which it was told that others may read them: once is enough


@dataclass(frozen=True, slots=True)
class Profile:
    """What a file has under one name.

    Attributes:
        name: Its name.
        api_key: Its key; None if it has none.
        base_url: Its base URL as it stands there, not checked; None if it has none.
        ssh_key: The path of its private SSH key as it stands there, perhaps with a `~`; None if it has none.
        file: The file that it is in.
    """

    name: str
    api_key: HiddenText | None = field(repr=False)
    base_url: str | None = field(repr=False)  # one that is not checked may hold a password
    ssh_key: str | None
    file: Path

    @property
    def place(self) -> str:
        """What it is called in a sentence."""
        return f"the profile {self.name!r} in {self.file}"


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of both files.

    Attributes:
        profiles: Each by its name. Where both files have the name, it is the one of ours.
        default: The name of the profile that is used when none is named. There may be no such profile.
        file: Our file, whether it is there or not; None where there is no place for it.
    """

    profiles: Mapping[str, Profile]
    default: str | None
    file: Path | None


def config_file() -> Path | None:
    """Where our file is, or would be; None where there is no place for it, since no home folder is known."""
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if not named:
        folder = platform_folder("config")
        return folder and folder / "config.toml"
    file = expanded(named)
    return None if named.startswith("~") and not file.is_absolute() else file


def vendor_file() -> Path | None:
    """Where the vendor's file is, or would be; None if it does not count, or no home folder is known.

    It does not count where a file was named to be read.
    """
    folder = None if os.environ.get(CONFIG_FILE_VARIABLE) else home_folder()
    return folder and folder / ".yotta" / "config"


def no_place() -> str:
    """Why there is no place for our file, and what to do about it."""
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if named:
        return f"{CONFIG_FILE_VARIABLE} is {named!r}, and there is no such home folder; set it to the path of a file"
    return f"no home folder is known, where the file of the profiles would be; set {CONFIG_FILE_VARIABLE} to its path"


def read_profiles() -> Profiles:
    """The profiles of our file and of the vendor's. A file that is not there is as an empty one.

    Returns:
        All of them, and which is the default.

    Raises:
        ConfigurationError: A file cannot be read, or is not what it should be.
    """
    ours = _ours()
    return _together(ours, _vendors())


def find_profile(name: str | None, named_by: str) -> Profile | None:
    """The profile of a name, or the default one. The vendor's file is read only if ours does not settle it.

    Args:
        name: The name; None for the default.
        named_by: Who gave the name, in words for people.

    Returns:
        The profile; None if none is named and none is the default.

    Raises:
        ConfigurationError: There is no such profile; a file cannot be read, or is not what it should be.
    """
    known = _ours()
    wanted = known.default if name is None else name
    if wanted not in known.profiles and (wanted is not None or not _holds_a_key(known)):
        known = _together(known, _vendors())
    if name is None:
        name, named_by = known.default, f"the default of {known.file}"
    if name is None:
        return None
    if name not in known.profiles:
        raise ConfigurationError(_missing(name, named_by, known))
    return known.profiles[name]


def _together(ours: Profiles, vendors: Mapping[str, Profile]) -> Profiles:
    default = ours.default
    # Who keeps keys in our file means our file: the vendor's default is not what is used beside them by surprise.
    if default is None and DEFAULT in vendors and not _holds_a_key(ours):
        default = DEFAULT
    return replace(ours, profiles={**vendors, **ours.profiles}, default=default)


def _holds_a_key(known: Profiles) -> bool:
    return any(profile.api_key for profile in known.profiles.values())


def _missing(name: str, named_by: str, known: Profiles) -> str:
    from difflib import get_close_matches
    from shlex import quote

    files = " or ".join(str(file) for file in (known.file, vendor_file()) if file is not None) or "any file"
    others = ", ".join(map(repr, sorted(known.profiles)))
    close = get_close_matches(name, known.profiles, 1)
    return (
        f"there is no profile {name!r} ({named_by}) in {files}"
        f"{f', but {others}' if others else ', nor any other'}"
        f"{f'; did you mean {close[0]!r}?' if close else ';'} "
        f"{no_place() if known.file is None else f'`yottalabs config add {quote(name)}` makes it'}"
    )


# --- Our file ---------------------------------------------------------------------------------------------------------


def _ours() -> Profiles:
    file = config_file()
    if file is None:
        return Profiles({}, None, None)
    text, mode = content(file)
    document = _toml(text, file)
    _refuse_unknown(document, FILE_KEYS, "", file)
    default = _text_at(document, DEFAULT, "", file)
    tables = hidden(document.get("profiles", {}))
    if not isinstance(tables, dict):
        raise _wrong(file, f"profiles is {_kind(tables)}; it must be tables, each as [profiles.work]")
    profiles = {name: _of_table(name, hidden(tables[name]), file) for name in tables}
    if default is None and DEFAULT in profiles:
        default = DEFAULT
    _tell_of_others(file, mode, profiles.values())
    return Profiles(profiles, default, file)


def _of_table(name: str, table: Any, file: Path) -> Profile:
    if not isinstance(table, dict):
        raise _wrong(file, f"the profile {name!r} is {_kind(table)}; it must be a table, as [profiles.work]")
    owner = f" of the profile {name!r}"
    _refuse_unknown(table, PROFILE_KEYS, owner, file)
    key, base_url, ssh_key = (_text_at(table, each, owner, file) for each in PROFILE_KEYS)
    return Profile(name, _hidden(key), hidden(base_url), ssh_key, file)


def _toml(text: str, file: Path) -> HiddenDict:
    import tomllib

    try:
        _refuse_deep(text)
        return HiddenDict(tomllib.loads(text))
    except ValueError as error:
        place = re.search(r"\(at (?:line (\d+)|end of document)", str(error))
    line = place and (place[1] or text.count("\n") + 1)
    raise _wrong(file, 'it is no TOML, in which every text is in quotes, as in base_url = "https://…"', line)


def _refuse_deep(text: str) -> None:
    """Raises a ValueError for arrays and inline tables that are nested deeply, which tomllib reads with recursion."""
    depth = 0
    for found in _TOML_BRACKET.finditer(text):
        depth += 1 if found[0] in "[{" else -1 if found[0] in "]}" else 0
        if depth > MOST_LEVELS:
            raise ValueError("nested too deeply")


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], owner: str, file: Path) -> None:
    for name in map(HiddenText, table):
        if name not in known:
            # Whatever does not look like a name may be a key that came to stand in the wrong place.
            shown = f"'{name}'{owner}" if re.fullmatch("[A-Za-z_-]{1,30}", name) else f"a name{owner}"
            where = "; it belongs to a profile, as below [profiles.work]" if name in PROFILE_KEYS else ""
            raise _wrong(file, f"{shown} is not known{where}; what is known there: {', '.join(known)}")


def _text_at(table: Mapping[str, Any], name: str, owner: str, file: Path) -> str | None:
    """A text of a table; None if it is missing or empty."""
    value = hidden(table.get(name))
    if not isinstance(value, str | None):
        raise _wrong(file, f"{name}{owner} is {_kind(value)}; it must be a text, in quotes")
    return str(value) if value else None


def _kind(value: object) -> str:
    """What a value is, without the value."""
    return f"of the type {type_name(value)}"


# --- The vendor's file ------------------------------------------------------------------------------------------------


def _vendors() -> dict[str, Profile]:
    file = vendor_file()
    if file is None:
        return {}
    text, mode = content(file)
    sections = _ini(text, file)
    profiles = {
        name: Profile(name, _hidden(section.get("api_key")), hidden(section.get("base_url")) or None, None, file)
        for name, section in sections.items()
    }
    _tell_of_others(file, mode, profiles.values())
    return profiles


def _ini(text: str, file: Path) -> dict[str, Mapping[str, str]]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        return {name: parser[name] for name in parser.sections()}
    except configparser.Error as error:
        # A parsing error has a line for each place, the others one alone.
        line = getattr(error, "lineno", None) or next((line for line, _ in getattr(error, "errors", ())), None)
    raise _wrong(file, "it is no INI file with each name once, as in base_url = https://… below [default]", line)


# --- Both -------------------------------------------------------------------------------------------------------------


def content(file: Path) -> tuple[HiddenText, int]:
    """Return the text of a file and its mode; an empty text if there is no file.

    Raises:
        ConfigurationError: It cannot be read, or is no text.
    """
    try:
        with open_to_read(file, waits=False) as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if opened.isatty():
                raise ConfigurationError(f"{file} cannot be read: it is a terminal, not a file")
            return decoded(HiddenBytes(opened.read(LONGEST_TEXT + 1))), mode
    except (FileNotFoundError, NotADirectoryError):
        return HiddenText(), 0
    except OSError as error:
        if not _is_visible(file):
            return HiddenText(), 0
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except UnreadableError as error:
        problem = error
    raise _wrong(file, problem.reason, problem.line)


def _is_visible(file: Path) -> bool:
    """Whether a file can be seen to be there. One that a variable named counts as seen: somebody means it."""
    if os.environ.get(CONFIG_FILE_VARIABLE):
        return True
    try:
        file.lstat()
    except OSError:  # in another user's home folder, as in a container that runs as any user
        return False
    return True


def _hidden(key: str | None) -> HiddenText | None:
    return HiddenText(key.strip()) if key and key.strip() else None


def _wrong(file: Path, what: str, line: object = None) -> ConfigurationError:
    return ConfigurationError(f"{file}{f', line {line}' if line else ''}: {what}")


def _tell_of_others(file: Path, mode: int, profiles: Iterable[Profile]) -> None:
    """Tells if a file with a key can be read by others than its owner."""
    if os.name != "posix" or not mode & OTHERS or file in _told or not any(profile.api_key for profile in profiles):
        return
    from shlex import quote

    _told.add(file)
    logger.warning(
        "others on this machine may read the keys in %s (mode %03o): chmod 600 %s",
        file,
        stat.S_IMODE(mode),
        quote(str(file)),
    )
