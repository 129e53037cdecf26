"""`yottalabs config`: nobody sees the key, and what is in the file stays there unless somebody wants it changed."""

from __future__ import annotations

import os
import re
import shlex
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from yottalabs._cli import profiles
from yottalabs._cli.failures import CommandError

from .forking import Forks
from .running import begun
from .yottalabs import COMMAND, KEY, SECONDS, Done, environment, terminal
from support.tracebacks import our_frames, shown

pytestmark = pytest.mark.xdist_group("config")

ANOTHER_KEY = "another-key-that-nobody-may-see"
WRITTEN = """# mine
default = "work" # as always

[profiles.work] # in the office
api_key = "a-key-of-the-office"

[profiles.home]
base_url = "https://home.example.com" # no key
"""

Call = Callable[..., Done]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file as somebody has written it."""
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN, encoding="utf-8")
    file.chmod(0o600)
    return file


def test_the_first_profile_is_used_when_none_is_named(call: Call) -> None:
    assert call("add", "one", "--no-key", "--base-url", "https://one.example.com").status == 0
    assert call("add", "two", "--no-key").status == 0
    shown = call("list", "-o", "json").document
    assert [(each["id"], each["default"]) for each in shown] == [("one", True), ("two", False)]


@pytest.fixture
def call(forked: Forks, tmp_path: Path) -> Call:
    """Runs `yottalabs config …`, where nothing is in the environment and no key is ever shown."""

    def config(*arguments: str, given: str = "", umask: int = 0o022, **changes: str | None) -> Done:
        variables = environment(None, tmp_path, **{"YOTTA_API_KEY": None, **changes})
        done = forked.run(["config", *arguments], variables, given=given, umask=umask)
        for key in (KEY, ANOTHER_KEY, "a-key-of-the-office"):
            assert key not in done.output + done.errors
        return done

    return config


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def others_in(folder: Path, *known: str) -> list[str]:
    """What is in a folder beside what is known to be."""
    return sorted(each.name for each in folder.iterdir() if each.name not in known)


# --- A new profile ----------------------------------------------------------------------------------------------------


def test_a_key_from_a_file_or_standard_input_is_for_its_owner_alone(call: Call, tmp_path: Path) -> None:
    source = tmp_path / "key"
    source.write_text(f"{KEY}\n", encoding="utf-8")
    place = {"XDG_CONFIG_HOME": str(tmp_path / "settings"), "YOTTA_CONFIG_FILE": None}
    done = call("add", "work", "--api-key-file", str(source), "--default", umask=0, **place)
    file = tmp_path / "settings" / "yottalabs" / "config.toml"
    assert done == Done(0, "", f"profile work is in {file}\n")
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert call("path", **place).output == f"{file}\n"
    file.chmod(0o666)
    address = ("--base-url", "https://api.example.com/", "--ssh-key", "~/.ssh/id")
    assert (
        call("add", "other", "--api-key-file", "-", *address, given=f" {ANOTHER_KEY} \n", umask=0, **place).status == 0
    )
    assert mode(file) == 0o600
    assert others_in(file.parent, "config.toml") == []
    assert (
        file.read_text(encoding="utf-8").split()
        == (
            f'default = "work" [profiles.work] api_key = "{KEY}" [profiles.other] api_key = "{ANOTHER_KEY}" '
            'base_url = "https://api.example.com" ssh_key = "~/.ssh/id"'
        ).split()
    )


def test_a_key_that_is_asked_for_is_not_on_the_screen(forked: Forks, tmp_path: Path) -> None:
    variables = environment(None, tmp_path, YOTTA_API_KEY=None)
    with forked.terminal(["config", "add", "work"], variables) as shown:
        shown.wait_for("API key:")
        shown.type(f"{KEY}\n")
        assert shown.wait() == 0
    assert KEY.encode() not in shown.written
    assert f'api_key = "{KEY}"' in (tmp_path / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "status"), [("\x03", 130), ("\x04", 130), ("\n", 2)], ids=["Ctrl-C", "Ctrl-D", "Enter"]
)
def test_nothing_is_written_without_a_key_and_what_is_typed_is_seen_again(
    typed: str, status: int, forked: Forks, file: Path
) -> None:
    variables = environment(None, file.parent, YOTTA_API_KEY=None)
    with forked.terminal(["config", "add", "new"], variables) as shown:
        shown.wait_for("API key:")
        shown.type(typed)
        assert shown.wait() == status
        assert shown.echoes
    assert file.read_text(encoding="utf-8") == WRITTEN


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (["work"], "", "this is not a terminal, so the key cannot be asked for; give --api-key-file FILE, or --no-key"),
        (["work", "--api-key-file", "-"], " \n", "--api-key-file: standard input is empty, and holds no API key"),
        (
            ["work", "--api-key-file", "nowhere"],
            "",
            "--api-key-file: nowhere cannot be read: No such file or directory",
        ),
        (
            ["work", "--api-key-file", "-"],
            "a b",
            "the API key holds a space, a line break or a character outside ASCII",
        ),
        (
            ["work", "--api-key-file", "-", "--no-key"],
            "",
            "--no-key and --api-key-file contradict each other; give one",
        ),
        (["a b", "--no-key"], "", "'a b' is no name for a profile; use letters, digits, dots, dashes"),
        (
            ["work", "--no-key", "--base-url", "http://example.com"],
            "",
            "would send the key unencrypted to another machine",
        ),
        (["work", "--no-key", "--base-url", "api.example.com"], "", "is not an http(s) URL"),
    ],
)
def test_what_cannot_be_a_profile_is_refused(
    arguments: list[str], given: str, told: str, call: Call, tmp_path: Path
) -> None:
    done = call("add", *arguments, given=given)
    assert (done.status in {2, 3}, done.output) == (True, "")
    assert told in done.errors
    assert len(done.errors.splitlines()) <= 3
    assert others_in(tmp_path) == []


# --- What is there already --------------------------------------------------------------------------------------------


def test_comments_and_other_profiles_stay(call: Call, file: Path) -> None:
    assert call("add", "new", "--no-key").status == 0
    assert file.read_text(encoding="utf-8").startswith(WRITTEN)
    assert call("use", "home").errors == "profile home is used when none is named\n"
    assert 'default = "home" # as always' in file.read_text(encoding="utf-8")
    assert call("remove", "new", "--yes").status == 0
    assert call("use", "work").status == 0
    assert file.read_text(encoding="utf-8").rstrip() == WRITTEN.rstrip()
    assert call("remove", "work", "--yes").status == 0
    left = file.read_text(encoding="utf-8")
    assert "a-key-of-the-office" not in left
    assert "default" not in left
    assert left.rstrip().endswith('[profiles.home]\nbase_url = "https://home.example.com" # no key')


@pytest.mark.parametrize("command", ["use", "remove"])
@pytest.mark.usefixtures("file")
def test_a_profile_that_is_not_there_is_told_with_those_that_are(command: str, call: Call) -> None:
    done = call(command, "wrok")
    assert (done.status, done.output) == (2, "")
    assert "there is no profile 'wrok'" in done.errors
    assert "home, work" in done.errors


def test_a_profile_is_replaced_or_removed_only_if_that_is_wanted(call: Call, forked: Forks, file: Path) -> None:
    for arguments in (["add", "work", "--no-key"], ["remove", "work"]):
        assert call(*arguments).status == 2  # nobody can be asked
        for answer in ("n\n", "\n", "\x03", "\x04"):
            with forked.terminal(["config", *arguments], environment(None, file.parent)) as shown:
                shown.wait_for("[y/N]")
                shown.type(answer)
                assert shown.wait() == (130 if answer == "\x03" else 1)
        assert file.read_text(encoding="utf-8") == WRITTEN
    with forked.terminal(["config", "add", "work", "--no-key"], environment(None, file.parent)) as shown:
        shown.wait_for("There is a profile work already. Replace it? [y/N]")
        shown.type("y\n")
        assert shown.wait() == 0
    assert "a-key-of-the-office" not in file.read_text(encoding="utf-8")
    assert call("add", "home", "--no-key", "--yes").status == 0


def test_what_is_added_while_a_key_is_asked_for_is_not_lost(call: Call, file: Path) -> None:
    with terminal(["config", "add", "slow"], environment(None, file.parent)) as shown:
        shown.wait_for("API key:")
        assert call("add", "quick", "--api-key-file", "-", given=ANOTHER_KEY).status == 0
        shown.type(f"{KEY}\n")
        assert shown.wait() == 0
    written = file.read_text(encoding="utf-8")
    assert written.startswith(WRITTEN)
    assert KEY in written
    assert ANOTHER_KEY in written


def test_a_profile_that_was_made_while_a_key_was_asked_for_stays(call: Call, file: Path) -> None:
    with terminal(["config", "add", "new"], environment(None, file.parent)) as shown:
        shown.wait_for("API key:")
        assert call("add", "new", "--api-key-file", "-", given=ANOTHER_KEY).status == 0
        shown.type(f"{KEY}\n")
        assert shown.wait() == 1
        assert "a profile new was made meanwhile" in shown.screen
    assert ANOTHER_KEY in file.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="it looks at the locks that Linux shows")
def test_who_changes_the_file_waits_for_whoever_does_so(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(file))
    with ExitStack() as stack:
        with profiles._changing() as document:
            command = [COMMAND, "config", "add", "second", "--no-key"]
            process = stack.enter_context(begun(command, env=environment(None, file.parent)))
            end = time.monotonic() + SECONDS
            while not re.search(rf"-> FLOCK .* {process.pid} ", Path("/proc/locks").read_text(encoding="ascii")):
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.01)  # nothing tells when another process begins to wait
            document.value["profiles"]["first"] = {}
        assert process.wait(SECONDS) == 0
    written = file.read_text(encoding="utf-8")
    assert "[profiles.first]" in written
    assert "[profiles.second]" in written


def test_of_many_that_are_added_at_once_none_is_lost(file: Path) -> None:
    names = [f"new-{number}" for number in range(4)]
    variables = environment(None, file.parent)
    processes = [
        subprocess.Popen([COMMAND, "config", "add", name, "--no-key"], env=variables, stderr=subprocess.PIPE, text=True)
        for name in names
    ]
    try:
        assert [process.communicate(timeout=SECONDS)[1] for process in processes] == [
            f"profile {name} is in {file}\n" for name in names
        ]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    written = file.read_text(encoding="utf-8")
    assert written.startswith(WRITTEN)
    assert all(f"[profiles.{name}]" in written for name in names)
    assert others_in(file.parent, "config.toml") == []


def test_a_write_that_fails_leaves_the_old_file(file: Path) -> None:
    variables = environment(None, file.parent, PYTHONDONTWRITEBYTECODE="1")
    limited = ["sh", "-c", 'ulimit -f 0; exec "$0" "$@"', COMMAND, "config", "add", "new", "--no-key"]
    done = subprocess.run(limited, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (1, f"yottalabs: {file} cannot be written: File too large\n")
    assert file.read_text(encoding="utf-8") == WRITTEN
    assert others_in(file.parent, "config.toml") == []


@pytest.mark.parametrize(
    "arguments", ["add new --api-key-file KEY", "add work --yes --api-key-file KEY", "use work", "remove work --yes"]
)
def test_a_write_that_fails_shows_no_key_of_the_file(
    arguments: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    source = tmp_path / "key"
    source.write_text(KEY, encoding="utf-8")
    file.write_text(f'[profiles.work]\napi_key = "{ANOTHER_KEY}"\n', encoding="utf-8")
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(file))
    monkeypatch.setattr("tempfile.mkstemp", fail)
    with pytest.raises(CommandError, match="No space left") as caught:
        profiles.command.main(arguments.replace("KEY", str(source)).split(), standalone_mode=False)
    frames = our_frames(caught.value)
    assert {"_write", "_changing"} <= {frame.f_code.co_name for frame in frames}
    for where, text in shown(frames):
        assert KEY not in text, where
        assert ANOTHER_KEY not in text, where


def test_a_folder_that_cannot_be_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = call("add", "work", "--no-key", YOTTA_CONFIG_FILE=str(tmp_path / "file" / "config.toml"))
    assert done == Done(1, "", f"yottalabs: {tmp_path}/file/config.toml cannot be written: File exists\n")


def test_a_link_stays_one_and_a_path_may_have_spaces(call: Call, tmp_path: Path) -> None:
    link, target = tmp_path / "a link.toml", tmp_path / "dot files" / "of mine.toml"
    link.symlink_to(target)
    for name in ("work", "home"):
        assert call("add", name, "--no-key", YOTTA_CONFIG_FILE=str(link)).errors == f"profile {name} is in {link}\n"
    assert link.is_symlink()
    assert "[profiles.work]\n\n[profiles.home]" in target.read_text(encoding="utf-8")
    assert mode(target) == 0o600
    assert call("path", YOTTA_CONFIG_FILE=str(link)).output == f"{link}\n"


def device(path: Path) -> None:
    """The device that /dev/null is, of the test's own."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error.strerror}")


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


OTHER_KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a device": (device, "a device"),
    "a pipe": (os.mkfifo, "a pipe"),
    "a socket": (listener, "a socket"),
    "a folder": (Path.mkdir, "a folder"),
}
CHANGES = (
    ["add", "new", "--no-key"],
    ["add", "new", "--api-key-file", "-"],
    ["use", "work"],
    ["remove", "work", "--yes"],
)


@pytest.mark.parametrize("is_linked", [False, True], ids=["itself", "by a link"])
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_what_is_no_regular_file_is_never_replaced(kind: str, is_linked: bool, call: Call, tmp_path: Path) -> None:
    make, called = OTHER_KINDS[kind]
    target = tmp_path / "target"
    make(target)
    before = target.lstat()
    named = target
    if is_linked:
        named = tmp_path / "link"
        named.symlink_to(target)
    for arguments in CHANGES:
        done = call(*arguments, given=KEY, YOTTA_CONFIG_FILE=str(named))
        assert (done.status, done.output) == (1, "")
        said = f"yottalabs: {named} cannot be written: it is {called}, not a regular file\n  set YOTTA_CONFIG_FILE to"
        assert done.errors.startswith(said)
        after = target.lstat()
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert named.is_symlink() is is_linked
    assert others_in(tmp_path, "target", "link") == []


def test_a_circle_of_links_is_never_replaced(call: Call, tmp_path: Path) -> None:
    (tmp_path / "config.toml").symlink_to("config.toml")
    for arguments in CHANGES:
        done = call(*arguments, given=KEY)
        assert (
            done.errors == f"yottalabs: {tmp_path}/config.toml cannot be written: Too many levels of symbolic links\n"
        )
        assert (tmp_path / "config.toml").is_symlink()


def test_a_pipe_by_its_name_is_never_written(file: Path) -> None:
    """As `YOTTA_CONFIG_FILE=<(decrypt)` is: it can be read, and no more."""
    script = f'YOTTA_CONFIG_FILE=<(cat {shlex.quote(str(file))}) "$0" config "$@"'
    variables = environment(None, file.parent)
    for arguments, status, said in ((["list"], 0, b"home"), (["add", "new", "--no-key"], 1, b"it is a pipe")):
        command = ["bash", "-c", script, COMMAND, *arguments]
        done = subprocess.run(command, env=variables, capture_output=True, timeout=SECONDS, check=False)
        assert (done.returncode, said in done.stdout + done.stderr) == (status, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_stays_its_owner_s(call: Call, file: Path) -> None:
    os.chown(file, 54321, 54322)
    link = file.parent / "link"
    link.symlink_to(file)
    assert call("add", "new", "--no-key", YOTTA_CONFIG_FILE=str(link)).status == 0
    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (54321, 54322, 0o600)
    assert "[profiles.new]" in file.read_text(encoding="utf-8")


def test_a_file_of_somebody_else_is_refused(call: Call, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(file))
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(CommandError, match="it belongs to another user"):
        profiles._check_writable()
    assert call("list").status == 0


def test_lines_as_on_windows_stay(call: Call, file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + WRITTEN.replace("\n", "\r\n").encode())
    assert call("use", "home").status == 0
    assert b'\r\ndefault = "home" # as always\r\n' in file.read_bytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[profiles.work]\napi_key = a-key-that-nobody-may-see\n", "line 2: it is no TOML"),
        ('api_key = "a-key-that-nobody-may-see"\n', "'api_key' is not known; it belongs to a profile"),
        ("profiles = 3\n", "profiles is of the type int"),
    ],
)
def test_a_file_that_is_wrong_is_told_and_left_alone(text: str, told: str, call: Call, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    for arguments in (["list"], ["add", "new", "--no-key"], ["use", "work"], ["remove", "work", "--yes"], ["show"]):
        done = call(*arguments)
        assert done.status == 2, done
        assert f"yottalabs: {file}" in done.errors
        assert told in done.errors
    assert file.read_text(encoding="utf-8") == text


# --- What counts ------------------------------------------------------------------------------------------------------


def settings(done: Done) -> dict[str, Any]:
    """What `config show` tells, as JSON, without what is not there."""
    assert (done.status, done.errors) == (0, "")
    document: dict[str, Any] = done.document
    return {name: value for name, value in document.items() if value is not None}


def test_show_says_where_each_setting_comes_from(call: Call, file: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY, encoding="utf-8")
    place = f"the profile 'work' in {file}"
    of_contract = {"baseUrl": settings(call("show", "-o", "json"))["baseUrl"], "baseUrlSource": "the contract"}
    assert settings(call("show", "-o", "json")) == {"id": "work", "apiKeySource": place, **of_contract}
    in_environment = {"YOTTA_API_KEY": KEY, "YOTTA_BASE_URL": "http://127.0.0.1:9"}
    assert settings(call("show", "-o", "json", **in_environment)) == {
        "apiKeySource": "YOTTA_API_KEY",
        "baseUrl": "http://127.0.0.1:9",
        "baseUrlSource": "YOTTA_BASE_URL",
    }
    given = ("--api-key-file", str(key), "--base-url", "http://127.0.0.1:8")
    assert settings(call("show", "-o", "json", *given, **in_environment)) == {
        "apiKeySource": "the argument",
        "baseUrl": "http://127.0.0.1:8",
        "baseUrlSource": "the argument",
    }
    home = f"the profile 'home' in {file}"
    assert settings(call("show", "-o", "json", YOTTA_PROFILE="home", YOTTA_API_KEY=KEY)) == {
        "id": "home",
        "apiKeySource": "YOTTA_API_KEY",
        "baseUrl": "https://home.example.com",
        "baseUrlSource": home,
    }
    named = settings(call("show", "-o", "json", "--profile", "work", **in_environment))
    assert (named["id"], named["apiKeySource"], named["baseUrlSource"]) == ("work", place, "YOTTA_BASE_URL")
    assert call("show").output.startswith(f"key       from {place}\nbase URL  ")


def test_without_a_key_it_is_said_where_one_may_be(call: Call) -> None:
    done = call("show")
    assert (done.status, done.output) == (3, "")
    assert "there is no API key; set YOTTA_API_KEY, keep it in a profile (`yottalabs config add NAME`)" in done.errors
    assert "--api-key-file" in done.errors
    assert len(done.errors.splitlines()) <= 3


def test_the_profiles_of_the_vendor_are_read_and_never_written(call: Call, tmp_path: Path) -> None:
    vendors = tmp_path / ".yotta" / "config"
    vendors.parent.mkdir()
    text = f"[default]\napi_key = {KEY}\nbase_url = https://vendor.example.com\n[eu]\napi_key = {ANOTHER_KEY}\n"
    vendors.write_text(text, encoding="utf-8")
    vendors.chmod(0o600)
    own = tmp_path / "settings" / "yottalabs" / "config.toml"
    place = {"YOTTA_CONFIG_FILE": None, "XDG_CONFIG_HOME": str(tmp_path / "settings")}
    shown = settings(call("show", "-o", "json", **place))
    assert shown["apiKeySource"] == shown["baseUrlSource"] == f"the profile 'default' in {vendors}"
    assert call("use", "eu", **place).status == 0
    assert settings(call("show", "-o", "json", **place))["apiKeySource"] == f"the profile 'eu' in {vendors}"
    assert call("remove", "eu", "--yes", **place).status == 2  # it is not ours
    assert call("add", "mine", "--no-key", **place).status == 0
    listed = call("list", "-o", "json", **place).document
    assert [(each["id"], each["default"], each["apiKey"], each["file"]) for each in listed] == [
        ("default", False, True, str(vendors)),
        ("eu", True, True, str(vendors)),
        ("mine", False, False, str(own)),
    ]
    assert vendors.read_text(encoding="utf-8") == text


def test_the_list_shows_no_key_and_no_password_of_an_address(call: Call, file: Path) -> None:
    text = '[profiles.odd]\nbase_url = "https://me:a-password@example.com/?token=a-token"\n'
    file.write_text(text, encoding="utf-8")
    done = call("list")
    assert done.status == 0
    assert (
        done.output
        == f"PROFILE  KEY  BASE URL              SSH KEY  FILE\nodd      no   https://example.com/  -        {file}\n"
    )
    assert "a-password" not in call("show", YOTTA_PROFILE="odd", YOTTA_API_KEY=KEY).errors
    file.unlink()
    assert call("list") == Done(0, "", "there are no profiles; `yottalabs config add NAME` makes one\n")
    assert call("list", "-o", "json").document == []
    assert call("list", "-o", "id").output == ""


def test_that_others_may_read_the_keys_is_told(call: Call, file: Path) -> None:
    file.chmod(0o644)
    done = call("list")
    assert done.status == 0
    assert f"others on this machine may read the keys in {file} (mode 644): chmod 600 {file}" in done.errors
