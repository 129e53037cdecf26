"""Leases: what is one, when it is over, and who certainly has died."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yottalabs import _lease
from yottalabs._lease import LONGEST_LEASE, Lease, Owner, this_host

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
ELSEWHERE = "elsewhere/0123456789abcdef"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows it")
POSIX = pytest.mark.skipif(os.name != "posix", reason="there is no such thing elsewhere")

owners = st.builds(
    Owner,
    st.from_regex(r"\A[A-Za-z0-9_./-]{1,100}\Z"),
    st.integers(1, 2**31 - 1),
    st.none() | st.integers(0, 2**64 - 1).map(str),
)
zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones)  # noqa: DTZ001  # the zones follow
owned = st.builds(Lease, st.none() | moments, owners)
leases = owned | st.builds(Lease, moments, st.none())


@contextmanager
def running(code: str = "input()") -> Iterator[subprocess.Popen[str]]:
    """Another process, which has begun to run."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"print('here', flush=True); {code}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def owner_of(process: int) -> Owner:
    seen = _lease._Seen.look(process)
    return Owner(this_host(), process, None if seen is None else seen.started)


# --- The text ---------------------------------------------------------------------------------------------------------


@given(leases)
def test_a_lease_is_read_as_it_was_written(lease: Lease) -> None:
    text = lease.text()
    assert Lease.read(text) == lease
    assert len(text) <= LONGEST_LEASE
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
near = st.fixed_dictionaries(
    {},
    optional={
        "expires": st.sampled_from(["2026-11-24T12:00:00+00:00", "2026-11-24T12:00:00", "2026-11-24", ""])
        | json_values,
        "host": st.sampled_from([ELSEWHERE, "", "a b", "\x1b[2J", "ü"]) | json_values,
        "process": st.sampled_from([1, 0, -1, 2**31, 10**300, 1.0, True]) | json_values,
        "started": st.sampled_from(["1", "\u0661", "-1", "", "x"]) | json_values,
        "more": json_values,
    },
)


@given(st.text() | json_values.map(json.dumps) | near.map(lambda found: json.dumps(found, separators=(",", ":"))))
@example("[" * 400)
@example("[" * 1_000_000)
@example("1" * 490)
@example('{"expires":"0001-01-01T00:00:00+23:00","host":"h","process":1,"started":null}')
def test_no_text_is_taken_for_a_lease_that_would_be_written_otherwise(text: str) -> None:
    lease = Lease.read(text)
    assert lease is None or lease.text() == text
    if lease is not None:
        lease.over(NOW)
        assert lease.standing(NOW).isprintable()


VALID = {"expires": "2026-11-24T12:00:00+00:00", "host": ELSEWHERE, "process": 7, "started": "1"}
NOBODY = {"host": None, "process": None, "started": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": "2026-11-24T12:00:00"},
        {"expires": "2026-11-24T13:00:00+01:00"},
        {"expires": "2026-11-24T12:00:00Z"},
        {"expires": 1795521600},
        {"process": 0},
        {"process": -1},
        {"process": True},
        {"process": 7.0},
        {"process": "7"},
        {"process": 2**31},
        {"host": ""},
        {"host": "h" * 101},
        {"host": "h\n"},
        {"host": "h\x1b"},
        {"host": "höst"},
        {"host": None},
        {"host": None, "process": None},
        {"host": None, "started": None},
        {"process": None, "started": None},
        {"expires": None} | NOBODY,
        {"started": 0} | {"host": None, "process": None},
        {"started": 1},
        {"started": "1\n"},
        {"started": ""},
        {"started": "\u0661"},
        {"owner": "somebody"},
    ],
)
def test_what_is_only_almost_a_lease_is_none(changes: dict[str, Any]) -> None:
    def text(found: dict[str, Any]) -> str:
        return json.dumps(found, separators=(",", ":"))

    assert Lease.read(text(VALID)) is not None
    assert Lease.read(text(VALID | changes)) is None


def test_a_lease_of_nobody_says_so() -> None:
    text = '{"expires":"2026-11-24T12:00:00+00:00","host":null,"process":null,"started":null}'
    assert Lease(NOW, None).text() == text
    assert Lease.read(text) == Lease(NOW, None)
    with pytest.raises(ValueError, match="ends at some time, or with its owner"):
        Lease(None, None)


@pytest.mark.parametrize("valid", [VALID, VALID | NOBODY], ids=["owned", "of nobody"])
def test_a_lease_with_a_part_missing_or_twice_or_with_spaces_is_none(valid: dict[str, Any]) -> None:
    text = json.dumps(valid, separators=(",", ":"))
    assert Lease.read(text) is not None
    for name in valid:
        less = {other: value for other, value in valid.items() if other != name}
        assert Lease.read(json.dumps(less, separators=(",", ":"))) is None
    assert Lease.read(json.dumps(valid)) is None
    assert Lease.read(f" {text}") is None
    assert Lease.read(text.replace("{", '{"process":8,')) is None
    assert Lease.read(None) is None  # type: ignore[arg-type]  # a variable of a pod may have no value


def test_the_end_of_a_lease_has_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Lease(datetime(2026, 1, 1), Owner.current())  # noqa: DTZ001  # this is the mistake


def test_a_lease_tells_no_secret_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOTTA_API_KEY", "canary-key")
    monkeypatch.setattr(socket, "gethostname", lambda: "Zoë's laptop\n\x1b[2J" + "x" * 300)
    text = Lease(NOW, Owner.current()).text()
    assert "canary-key" not in text
    assert text.isascii()
    assert Lease.read(text) is not None
    assert "Zo--s-laptop---2J" in text
    boot = Path("/proc/sys/kernel/random/boot_id")
    if boot.exists():
        assert boot.read_text().strip() not in text


# --- Whether it is over -----------------------------------------------------------------------------------------------


@given(leases, moments)
def test_a_lease_of_nobody_or_of_another_host_is_over_exactly_when_its_time_is(lease: Lease, now: datetime) -> None:
    if lease.owner is not None:
        lease = replace(lease, owner=replace(lease.owner, host=ELSEWHERE))
    assert (lease.over(now) is not None) == (lease.expires is not None and lease.expires <= now)


def test_what_is_over_says_why() -> None:
    other = Owner(ELSEWHERE, 7, "1")
    for holder in (other, None):
        assert Lease(NOW, holder).over(NOW) == "its lease ended at 2026-11-24 12:00:00 UTC"
    with running() as process:
        owner = owner_of(process.pid)
        lease = Lease(NOW, owner)
        assert lease.over(NOW - timedelta(seconds=1)) is None
    expected = f"its owner, process {process.pid} of this host, is dead"
    assert lease.over(NOW - timedelta(seconds=1)) == expected
    assert Lease(None, owner).over(NOW) == expected
    assert Lease(None, owner).standing(NOW) == expected


def test_what_is_not_over_says_how_it_stands() -> None:
    other, this = Owner(ELSEWHERE, 7, "1"), Owner.current()
    later = NOW + timedelta(hours=1)
    assert Lease(later, other).standing(NOW) == f"leased until 2026-11-24 13:00:00 UTC by process 7 of host {ELSEWHERE}"
    assert Lease(later, this).standing(NOW) == (
        f"leased until 2026-11-24 13:00:00 UTC by process {os.getpid()} of this host"
    )
    assert Lease(later, None).over(NOW) is None
    assert Lease(later, None).standing(NOW) == ("leased until 2026-11-24 13:00:00 UTC whatever becomes of its creator")
    assert Lease(None, this).standing(NOW) == f"leased for as long as process {os.getpid()} of this host lives"
    assert Lease(None, other).standing(NOW) == (
        f"leased for as long as process 7 of host {ELSEWHERE} lives, which cannot be told from here"
    )


# --- Who has died -----------------------------------------------------------------------------------------------------


@POSIX
def test_a_process_is_alive_until_it_is_dead() -> None:
    assert Owner.current().is_alive() is True
    with running() as process:
        owner = owner_of(process.pid)
        assert owner.is_alive() is True
        assert replace(owner, started=None).is_alive() is True
    assert owner.is_alive() is False
    assert replace(owner, started=None).is_alive() is False


def test_nobody_of_another_host_is_dead() -> None:
    with running() as process:
        pass
    assert Owner(ELSEWHERE, process.pid, None).is_alive() is None
    assert Owner(ELSEWHERE, os.getpid(), "1").is_alive() is None


@POSIX
def test_a_process_of_somebody_else_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    owner = Owner.current()
    monkeypatch.setattr(os, "kill", refuse)
    assert owner.is_alive() is True


def test_on_windows_nobody_is_dead_and_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    owner = Owner.current()
    monkeypatch.setattr(os, "kill", lambda *of: asked.append(of))  # which there would end the process
    monkeypatch.setattr(os, "name", "nt")
    assert owner.is_alive() is None
    assert asked == []


@LINUX
def test_a_zombie_is_dead() -> None:
    with running() as process:
        owner = owner_of(process.pid)
        process.kill()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)  # nothing tells when it has ended, other than waiting for it, which takes it away
        os.kill(process.pid, 0)  # it still has its number
        assert owner.is_alive() is False
        assert replace(owner, started=None).is_alive() is False


@LINUX
def test_a_process_with_the_number_of_the_owner_is_not_the_owner() -> None:
    owner = Owner.current()
    assert owner.started is not None
    assert replace(owner, started=str(int(owner.started) - 1)).is_alive() is False


@LINUX
@pytest.mark.parametrize("name", ["a) Z 1 (b", ") R (", "two words", "((", "))"])
def test_the_name_of_a_command_does_not_hide_when_it_started(name: str) -> None:
    rename = (
        f"import pathlib; pathlib.Path('/proc/self/comm').write_text({name!r}); print('renamed', flush=True); input()"
    )
    with running() as process:
        plain = _lease._Seen.look(process.pid)
    with running(rename) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert psutil.Process(process.pid).name() == name
        seen = _lease._Seen.look(process.pid)
        assert plain is not None
        assert seen is not None
        assert not seen.is_zombie
        assert int(plain.started) <= int(seen.started) < int(plain.started) + 10_000
        assert owner_of(process.pid).is_alive() is True


@LINUX
def test_a_process_whose_first_thread_has_ended_is_alive() -> None:
    end_this_thread = (
        "import ctypes, threading; threading.Thread(target=input).start(); "
        "print('soon', flush=True); ctypes.CDLL(None).syscall(ctypes.c_long(60), 0)"  # exit, of one thread
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the system call has another number")
    with running(end_this_thread) as process:
        owner = owner_of(process.pid)
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)  # nothing tells when a thread has ended
        assert owner.is_alive() is True


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a host shows of itself, to be changed."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("9d2f\n")
    own = tmp_path / str(os.getpid())
    (own / "ns").mkdir(parents=True)
    (tmp_path / "self").symlink_to(str(os.getpid()))
    (own / "ns/pid").symlink_to("pid:[1]")
    (own / "ns/time").symlink_to("time:[1]")
    (own / "stat").write_text(f"{os.getpid()} (python) R " + " ".join(map(str, range(4, 53))))
    monkeypatch.setattr(_lease, "_PROC", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(socket, "gethostname", lambda: "twin")
    return tmp_path


def change(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


@POSIX
@pytest.mark.parametrize("what", ["boot", "pid", "time", "name"])
def test_hosts_that_differ_in_anything_are_different(proc: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    here, owner = this_host(), Owner.current()
    assert here == this_host()
    assert here.startswith("twin/")
    assert (owner.started, owner.is_alive()) == ("22", True)
    if what == "boot":
        (proc / "sys/kernel/random/boot_id").write_text("beef\n")
    elif what == "name":
        monkeypatch.setattr(socket, "gethostname", lambda: "other")
    else:
        change(proc / "self/ns" / what, f"{what}:[2]")
    assert this_host() != here
    assert owner.is_alive() is None


@POSIX
@pytest.mark.parametrize("what", ["sys/kernel/random/boot_id", "self/ns/pid"])
def test_a_host_that_does_not_say_which_it_is_equals_none(proc: Path, what: str) -> None:
    (proc / what).unlink()
    assert this_host() != this_host()
    assert Owner.current().is_alive() is None


@POSIX
def test_an_older_kernel_has_one_time_for_all(proc: Path) -> None:
    (proc / "self/ns/time").unlink()
    assert this_host() == this_host()


@POSIX
def test_processes_of_another_container_are_not_taken_for_ours(proc: Path) -> None:
    owner = replace(Owner.current(), started="1")
    assert owner.is_alive() is False
    (proc / "its-number-there").symlink_to(str(os.getpid()))
    change(proc / "self", "its-number-there")
    assert owner.is_alive() is True
    assert Owner.current().started is None


@pytest.mark.parametrize(("node", "is_known"), [(0x0242AC110002, True), (0x0342AC110002, False)])
def test_a_mac_is_known_by_its_network_card_unless_that_is_made_up(
    monkeypatch: pytest.MonkeyPatch, node: int, is_known: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(uuid, "getnode", lambda: node)
    assert (this_host() == this_host()) is is_known
    assert Owner.current().started is None


def test_a_system_of_which_nothing_is_known_equals_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert this_host() != this_host()


@POSIX
def test_a_forked_process_is_an_owner_of_its_own() -> None:
    code = (
        "import os\n"
        "from yottalabs._lease import Owner\n"
        "before = Owner.current()\n"
        "reading, writing = os.pipe()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    after = Owner.current()\n"
        "    os.write(writing, f'{after.process == os.getpid()} {after.host == before.host}'.encode())\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(os.read(reading, 100).decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "True True\n"
