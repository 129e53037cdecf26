"""The files of a user: the one rule for text, and places that are not there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import ConfigurationError, YottaLabs
from yottalabs._files import (
    LONGEST_TEXT,
    UnreadableError,
    decoded,
    expanded,
    home_folder,
    open_to_read,
    platform_folder,
)
from yottalabs._guard import _resolved
from yottalabs._profiles import config_file, read_profiles, vendor_file
from yottalabs._secrecy import HiddenText

SECONDS = 30  # that nothing here should ever take
UNKNOWN_USER = 54321
MARK = b"\xef\xbb\xbf"

# --- The text ---------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), st.booleans())
def test_text_is_what_was_written_without_the_mark(text: str, has_mark: bool) -> None:
    content = (MARK if has_mark else b"") + text.encode()
    found = decoded(content)
    assert found == (text if has_mark else text.removeprefix("\ufeff"))
    assert isinstance(found, HiddenText)


WRONG: dict[str, tuple[bytes, str]] = {
    "UTF-16": ("a\nb".encode("utf-16"), "it is UTF-16 or UTF-32, which is not supported; save it as UTF-8"),
    "UTF-16, the other order": (b"\xfe\xff" + "a\nb".encode("utf-16-be"), "it is UTF-16 or UTF-32, which is not"),
    "UTF-32": ("a\nb".encode("utf-32"), "it is UTF-16 or UTF-32, which is not"),
    "UTF-32, the other order": (b"\0\0\xfe\xff" + "a".encode("utf-32-be"), "it is UTF-16 or UTF-32, which is not"),
    "a mark before another one": (MARK + b"\xff\xfea\0", "it is UTF-16 or UTF-32, which is not"),
    "UTF-16 without a mark": (
        "a\nb".encode("utf-16-le"),
        "it holds a NUL byte, as UTF-16 does; save it as UTF-8 (line 1)",
    ),
    "a NUL": (b"a\nb\nc\0", "it holds a NUL byte, as UTF-16 does; save it as UTF-8 (line 3)"),
    "Latin-1": (b"a\nb\xe4\n", "it is no text in UTF-8 (line 2)"),
    "half a character": (b"a\xc3", "it is no text in UTF-8 (line 1)"),
    "half of a pair": (b"\xed\xa0\x80", "it is no text in UTF-8 (line 1)"),
    "too much": (b"a" * (LONGEST_TEXT + 1), "it is too long: more than 1000000 bytes"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_text_is_refused_with_its_line(wrong: str) -> None:
    content, said = WRONG[wrong]
    with pytest.raises(UnreadableError) as caught:
        decoded(content)
    assert str(caught.value).startswith(said)


def test_as_much_as_is_allowed_is_read_and_a_mark_is_not_counted() -> None:
    assert decoded(MARK + b"abc", 3) == "abc"
    with pytest.raises(UnreadableError, match="more than 3 bytes"):
        decoded(b"abcd", 3)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    for name in ("a\0b", "~\0/x"):
        with pytest.raises(UnreadableError, match="no file can have such a name"):
            open_to_read(expanded(name), waits=True)


# --- What is no file --------------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def terminal(path: Path) -> None:
    master, slave = os.openpty()
    path.symlink_to(f"/proc/self/fd/{slave}")
    _open.extend([master, slave])


_open: list[int] = []


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A path that YOTTA_CONFIG_FILE names."""
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(tmp_path / "named"))
    yield tmp_path / "named"
    while _open:
        os.close(_open.pop())


EMPTY: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a pipe that nobody writes to": fifo,
    "a device without an end": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.skipif(os.name != "posix", reason="such files are of POSIX")
@pytest.mark.parametrize("kind", EMPTY)
def test_a_named_file_that_holds_nothing_is_as_none(kind: str, named: Path) -> None:
    EMPTY[kind](named)
    assert read_profiles().profiles == {}
    YottaLabs("a-key").close()


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "Is a directory"),
    "a socket": (listener, "No such device or address"),
    "a circle of links": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "a device that has no end": (lambda path: path.symlink_to("/dev/zero"), "it is too long"),
    "a terminal": (terminal, "it is a terminal"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the words are those of Linux")
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_named_file_that_cannot_be_read_is_an_error(kind: str, named: Path) -> None:
    make, said = UNREADABLE[kind]
    make(named)
    with pytest.raises(ConfigurationError) as caught:
        YottaLabs("a-key")
    assert str(named) in str(caught.value)
    assert said in str(caught.value)


# --- No place ---------------------------------------------------------------------------------------------------------

PLACES = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "YOTTA_CONFIG_FILE", "YOTTA_PROFILE")
NO_HOME: dict[str, dict[str, str]] = {
    "no home": {},
    "an empty home": {"HOME": ""},
    "a relative home": {"HOME": "somewhere"},
    "a home of nobody": {"HOME": "~nobody-there"},
    "a home that is no folder": {"HOME": "/dev/null"},
    "a home with a name that is too long": {"HOME": "/" + "x" * 5000},
    "a relative folder of settings": {"XDG_CONFIG_HOME": "settings", "XDG_STATE_HOME": "state"},
    "an empty folder of settings": {"XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""},
    "a named file at a home": {"YOTTA_CONFIG_FILE": "~/config.toml"},
    "a named file at another's home": {"YOTTA_CONFIG_FILE": "~nobody-there/config.toml"},
    "a named file at a relative home": {"HOME": "somewhere", "YOTTA_CONFIG_FILE": "~/config.toml"},
}


@contextmanager
def without_user(variables: dict[str, str], folder: Path) -> Iterator[None]:
    """A process, as far as Python knows, of a user whom the system does not know, for the length of a block."""
    import pwd

    def unknown(uid: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pwd, "getpwuid", unknown)
        for name in PLACES:
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield


@pytest.mark.skipif(os.name != "posix", reason="it is the user database of POSIX that is asked")
@pytest.mark.parametrize("case", NO_HOME)
def test_a_place_that_is_not_there_is_as_a_file_that_is_not_there(case: str, tmp_path: Path) -> None:
    with without_user(NO_HOME[case], tmp_path):
        YottaLabs("a-key").close()
        assert read_profiles().profiles == {}
        for folder in (home_folder(), platform_folder("config"), platform_folder("state"), vendor_file()):
            assert folder is None or folder.is_absolute()
        found = config_file()
        assert found is None or found.is_absolute()
        with pytest.raises(ConfigurationError, match="there is no profile 'work'") as caught:
            YottaLabs(profile="work")
        assert ("YOTTA_CONFIG_FILE" in str(caught.value)) is (found is None)
        with pytest.raises(ConfigurationError, match="there is no API key"):
            YottaLabs()
    assert list(tmp_path.iterdir()) == []


AS_ANOTHER_USER = f"""
import os
from yottalabs import ConfigurationError, YottaLabs
try:
    YottaLabs("a-key").close()  # all that is loaded late is loaded now: the other user may not read it
    YottaLabs(profile="nobody")
except ConfigurationError:
    pass
os.setgroups([])
os.setgid({UNKNOWN_USER})
os.setuid({UNKNOWN_USER})
try:
    YottaLabs("a-key").close()
    YottaLabs(profile="work")
except ConfigurationError as error:
    print(error)
"""


def as_another_user(folder: Path, **variables: str) -> str:
    """What a client says that is made by a user whom the system does not know."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can become a user whom the system does not know")
    kept = {name: value for name, value in os.environ.items() if name not in PLACES}
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER_USER],
        env={**kept, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a file of profiles, which nobody but its owner may read; the folders up to it are for everybody."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / ".config" / "yottalabs" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text('[profiles.work]\napi_key = "a-key"\n', encoding="utf-8")
        file.chmod(0o600)
        for each in (Path(folder), file.parent.parent, file.parent):
            each.chmod(0o755)
        yield Path(folder)


def test_a_user_whom_the_system_does_not_know_needs_no_file(tmp_path: Path) -> None:
    assert "no home folder is known, where the file of the profiles would be; set YOTTA_C" in as_another_user(tmp_path)


def test_a_home_that_may_not_be_entered_is_as_one_without_files(home: Path) -> None:
    home.chmod(0o700)
    assert "there is no profile 'work'" in as_another_user(home, HOME=str(home))


def test_a_file_that_is_seen_and_cannot_be_read_is_an_error(home: Path) -> None:
    file = home / ".config" / "yottalabs" / "config.toml"
    assert as_another_user(home, HOME=str(home)) == f"{file} cannot be read: Permission denied\n"
    home.chmod(0o700)
    said = as_another_user(Path("/"), YOTTA_CONFIG_FILE=str(file))
    assert said == f"{file} cannot be read: Permission denied\n"


def test_a_current_folder_that_is_gone_is_no_place(tmp_path: Path) -> None:
    program = """
import os, sys
from yottalabs import YottaLabs
from yottalabs._guard import _environment
from yottalabs._settings import Settings
os.rmdir(os.getcwd())
os.environ["PYTHONPATH"] = "relative"
YottaLabs("a-key").close()
print("relative" in _environment(Settings("a-key", "http://127.0.0.1")).get("PYTHONPATH", ""))
"""
    folder = tmp_path / "gone"
    folder.mkdir()
    done = subprocess.run(
        # -P: for an attribute that a module does not have, Python 3.13.0 looks at the current folder, and fails.
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "YOTTA_CONFIG_FILE": "config.toml"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_a_circle_of_links_is_no_folder_of_packages(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    found = list(_resolved([str(tmp_path / "circle"), str(tmp_path)]))
    assert tmp_path.resolve() in found
