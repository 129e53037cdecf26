"""`yottalabs pods ssh` and `create --ssh` over a real OpenSSH server; what is made of what the API says of SSH."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yottalabs import Pod, YottaLabs
from yottalabs._cli import secure_shell
from yottalabs._cli.connecting import Connecting
from yottalabs._cli.failures import CommandError
from yottalabs._cli.secure_shell import Reaching, Shell
from yottalabs._ssh import SSHAccess
from yottalabs_api.models import PodStatus
from yottalabs_mock import Simulator, Times

from . import yottalabs
from .forking import Forks
from .secure_shell_server import Server, needs_terminals, serving
from .yottalabs import KEY, SECONDS
from support.processes import kill, with_variable

SHELL = ["sh", "-c", "cat; printf '<%s>' \"$@\"; env >&2; exit 7", "sh"]
WORDS = ["", "two words", "it's $HOME", "a\nb"]


@dataclass
class World:
    """The simulator, whose pods lead to a real server; two pods of it, and the folder of a person."""

    simulator: Simulator
    server: Server
    base_url: str
    folder: Path
    certificates: Path
    forked: Forks
    pods: list[str]

    def variables(self, **changes: str | None) -> dict[str, str]:
        # The name of the folder holds all that ssh might take for something else.
        own: dict[str, str | None] = {
            "PATH": self.server.path,
            "XDG_STATE_HOME": str(self.state),
            "SSL_CERT_FILE": str(self.certificates),
        }
        return yottalabs.environment(self.base_url, self.folder, **{**own, **changes})

    @property
    def state(self) -> Path:
        return self.folder / "100% of the state's %h"

    @property
    def known_hosts(self) -> Path:
        return self.state / "yottalabs" / "known_hosts"

    def ssh(self, pod: str, *options: str, given: str = "", **changes: str | None) -> yottalabs.Done:
        return self.forked.run(["pods", "ssh", pod, *options], self.variables(**changes), given=given)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def lasting(
    server: Server, certificates: Path, forked: Forks, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One for all: each process of the command takes its time."""
    folder = tmp_path_factory.mktemp("person")
    # The key is where the profile says; its name holds what ssh might take for something else.
    key = folder / "100% mine"
    key.write_bytes(Path(server.key).read_bytes())
    key.chmod(0o600)
    (folder / "config.toml").write_text(f'default = "mine"\n[profiles.mine]\nssh_key = "~/{key.name}"\n')
    (folder / "config.toml").chmod(0o600)
    simulator = Simulator(clock="real", times=Times(boot=0.0, healthy=0.0, terminate=0.1), ssh=server.address)
    with simulator.serve() as base_url:
        with YottaLabs(KEY, base_url=base_url) as client:
            pods = [
                client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", name=name, expose=[22])
                for name in ("one", "two")
            ]
        yield World(simulator, server, base_url, folder, certificates, forked, pods)
        for process in with_variable(f"HOME={folder}"):
            kill(process)


@pytest.fixture
def world(lasting: World) -> World:
    """It knows no host yet."""
    lasting.known_hosts.unlink(missing_ok=True)
    return lasting


def test_a_command_in_a_pod(world: World) -> None:
    own = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".ssh" / "known_hosts"  # where ssh looks, whatever HOME is
    before = own.read_bytes() if own.exists() else None
    sends = ["--ssh-option", "SendEnv=YOTTA_* ANOTHER LC_ALL"]
    done = world.ssh("one", *sends, "--", *SHELL, *WORDS, given="from here", ANOTHER=KEY, LC_ALL="C")
    assert done.status == 7
    assert done.output == "from here<><two words><it's $HOME><a\nb>"
    assert "LC_ALL=C\n" in done.errors  # so that variables are sent at all
    assert KEY not in done.errors
    # The host is known from now on, in a file of its own.
    alias = f"yottalabs-pod-{world.pods[0]}"
    assert world.known_hosts.read_text(encoding="utf-8").startswith(alias)
    assert world.known_hosts.parent.stat().st_mode & 0o077 == 0
    assert (own.read_bytes() if own.exists() else None) == before


def test_what_is_printed_works_in_a_shell(world: World) -> None:
    printed = world.ssh("two", "--print", "--", *SHELL, *WORDS)
    assert (printed.status, printed.errors) == (0, "")
    done = subprocess.run(
        ["sh", "-c", printed.output],
        env=world.variables(),
        input=b"from here",
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, b"from here<><two words><it's $HOME><a\nb>")


def test_each_pod_has_a_key_of_its_own_and_a_changed_one_is_refused(world: World) -> None:
    one, two = world.pods
    other_key = (world.server.folder / "stranger.pub").read_text(encoding="utf-8").rpartition(" ")[0]
    world.known_hosts.parent.mkdir(parents=True, exist_ok=True)
    # As if another machine had been at the address of the first pod before.
    world.known_hosts.write_text(f"yottalabs-pod-{one} {other_key}\n", encoding="utf-8")
    refused = world.ssh(one, "--", "true")
    assert refused.status == 255
    assert "IDENTIFICATION HAS CHANGED" in refused.errors
    assert world.ssh(two, "--", "true").status == 0
    assert [line.split()[0] for line in world.known_hosts.read_text(encoding="utf-8").splitlines()] == [
        f"yottalabs-pod-{one}",
        f"yottalabs-pod-{two}",
    ]


def test_a_shell_in_a_terminal_as_somebody_else_is_named(world: World) -> None:
    needs_terminals()
    user = world.server.address.partition("@")[0]
    arguments = ["pods", "ssh", world.pods[0], "--identity", world.server.key, "--user", user]
    with yottalabs.terminal(arguments, world.variables()) as terminal:
        terminal.type("echo $((6 * 7)), $(stty size), $(tty); exit 5\r")
        assert terminal.wait() == 5
        assert "42, 50 80, /dev/" in terminal.screen


def test_nobody_of_that_name_and_a_key_that_is_not_let_in(world: World) -> None:
    done = world.ssh("one", "--user", "nobody-of-that-name", "--identity", world.server.stranger, "--", "true")
    assert done.status == 255
    assert "nobody-of-that-name@127.0.0.1: Permission denied" in done.errors
    assert "Invalid user nobody-of-that-name" in world.server.log


def test_a_new_pod_and_a_shell_in_it(world: World) -> None:
    needs_terminals()
    arguments = ["pods", "create", "--image", "ubuntu", "--gpu", "NVIDIA_L4_24G", "--ssh", "--name", "third"]
    with yottalabs.terminal(arguments, world.variables()) as terminal:
        terminal.wait_for("the pod stays when the shell ends")
        terminal.type("echo $((6 * 7)).; exit 4\r")
        assert terminal.wait() == 4
        assert "42." in terminal.screen
    (pod,) = (pod for pod in world.simulator.pods.values() if pod.document["podName"] == "third")
    assert pod.status == "RUNNING"
    assert f"\n{pod.id}\n" in f"\n{terminal.screen}\n"
    assert [entry["port"] for entry in pod.document["expose"]] == [22]


def test_a_pod_that_boots_is_waited_for(server: Server, certificates: Path, forked: Forks, tmp_path: Path) -> None:
    needs_terminals()
    simulator = Simulator(clock="real", times=Times(boot=1000.0, healthy=0.0), ssh=server.address)
    with simulator.serve() as base_url:
        with YottaLabs(KEY, base_url=base_url) as client:
            pod_id = client.pods.create(image="ubuntu", gpu_type="NVIDIA_L4_24G", expose=[22])
        world = World(simulator, server, base_url, tmp_path, certificates, forked, [pod_id])
        early = world.ssh(pod_id, "--identity", server.key, "--", "true")
        assert early.status == 1
        assert early.errors == (
            f"yottalabs: pod {pod_id} is INITIALIZE, and its SSH cannot be reached yet\n"
            f"  wait for it: yottalabs pods wait {pod_id}\n"
        )
        arguments = ["pods", "ssh", pod_id, "--wait", "--identity", server.key, "--", "echo", "it is", "there"]
        with yottalabs.terminal(arguments, world.variables()) as terminal:
            terminal.wait_for("INITIALIZE")
            simulator.advance(1000)
            assert terminal.wait() == 0
            assert "it is there" in terminal.screen
            assert "INITIALIZE" not in terminal.screen


# --- What is said before anything is run ------------------------------------------------------------------------------


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A state folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("YOTTA_API_KEY", KEY)
    monkeypatch.setenv("YOTTA_BASE_URL", "http://127.0.0.1:9")


def pod(*, status: str = "RUNNING", **entry: Any) -> Pod:
    exposed = {"port": 22, "protocol": "SSH", "host": "", "proxyPort": None, "ingressUrl": "", **entry}
    return Pod({"id": "7", "status": status, "expose": [exposed], "sshCmd": ""})


@pytest.mark.usefixtures("no_files")
@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (Pod({"id": "7", "status": "RUNNING", "expose": []}), ["exposes no SSH port", "--expose 22/SSH"]),
        *((pod(status=status, host="h", proxyPort=5), [f"is {status}", "pods wait 7"]) for status in ("PAUSED",)),
        *(
            (pod(status=status, ingressUrl="ssh a@h"), [f"is {status}", "pods list"])
            for status in ("TERMINATING", "TERMINATED", "FAILED")
        ),
        (pod(), ["is RUNNING", "pods wait 7"]),
        (pod(ingressUrl="telnet h"), ["'telnet h'", "run it yourself"]),
        (pod(ingressUrl="ssh -J j root@h"), ["'ssh -J j root@h'", "run it yourself"]),
        (
            pod(ingressUrl="ssh -J j root@h", host="h", proxyPort=5),
            ["'ssh -J j root@h'", "run it yourself; --user NAME connects to h port 5 as that user"],
        ),
    ],
)
def test_a_pod_without_a_way_in_is_told(found: Pod, lines: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        Shell(None, None, ()).command(found, ())
    assert caught.value.status == 1
    for said, wanted in zip(caught.value.lines, lines, strict=True):
        assert wanted in said


@pytest.mark.usefixtures("no_files")
def test_a_status_that_nobody_knows_is_no_hindrance() -> None:
    assert Shell(None, None, ()).command(pod(status="RESIZING", ingressUrl="ssh a@h"), ())[-1] == "h"


@pytest.mark.usefixtures("no_files")
def test_a_key_that_cannot_be_read_and_a_user_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = tmp_path / "config.toml"
    profiles.write_text('default = "mine"\n[profiles.mine]\nssh_key = "~/none"\n', encoding="utf-8")
    profiles.chmod(0o600)
    monkeypatch.setenv("YOTTA_CONFIG_FILE", str(profiles))
    for reaching, wanted in [
        (Reaching(None, None, ()), "ssh_key of the profile 'mine' in "),
        (Reaching(str(tmp_path / "none"), None, ()), "--identity"),
        (Reaching(str(tmp_path), None, ()), "--identity"),
        (Reaching(None, "-oProxyCommand=x", ()), "--user"),
        (Reaching(None, "", ()), "--user"),
    ]:
        with pytest.raises(CommandError) as caught:
            reaching.shell(Connecting())
        assert caught.value.status == 2
        assert caught.value.lines[0].startswith(wanted)


@pytest.mark.usefixtures("no_files")
def test_what_a_person_asks_for_comes_before_what_is_written_here() -> None:
    asked = ("ConnectTimeout=1", "StrictHostKeyChecking=yes", "IdentityFile=/a")
    command = Shell("/the key", "me", asked).command(pod(ingressUrl="ssh you@h -p 5"), ["a b"])
    options = [value for option, value in pairwise(command) if option == "-o"]
    assert tuple(options[: len(asked)]) == asked
    assert command[command.index("-i") + 1] == "/the key"
    assert command[command.index("-l") + 1] == "me"
    assert command[-3:] == ["--", "h", "'a b'"]


def test_a_state_folder_that_cannot_be_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", 'a"quote', "back\\slash", "${HOME}"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / folder))
        assert f'UserKnownHostsFile="{os.devnull}"' in Shell(None, None, ()).command(pod(ingressUrl="ssh a@h"), ())


# --- What the API says ------------------------------------------------------------------------------------------------


PARTS = st.sampled_from(
    [
        *(
            "ssh",
            "-p",
            "-l",
            "-i",
            "-o",
            "--",
            "-oProxyCommand=id",
            "-J",
            "root@h",
            "[",
            "]",
            "@",
            ":",
            "22",
            "h",
            "::1",
        ),
        *("%", ";id", "$(id)", "`id`", "'", '"', "\\", "\n", "\0", "<", ">", "-", " ", "fe80::1%", "é", "%h", "$HOME"),
    ]
)
MANY = st.lists(PARTS)
ALMOST = st.one_of(st.just(""), st.just(""), PARTS)  # what stands where it should not, in a command that is one else
TEXTS = st.one_of(
    *(st.text(), MANY.map(" ".join), MANY.map("".join), PARTS.map("ssh {}".format)),
    st.builds("ssh {}root{}@{}h{} {}-p {}5{} {}".format, *[ALMOST] * 8),
    st.builds("ssh root@fe80::1%{}{}".format, PARTS, ALMOST),
    st.builds("ssh -p 5 'ro{}ot@h{}h'".format, ALMOST, ALMOST),
    st.builds("h{}h".format, PARTS),
    st.builds("ssh -p 5 '{}root@h{}'".format, ALMOST, ALMOST),
)
OPTIONS = {"HostKeyAlias", "StrictHostKeyChecking", "UserKnownHostsFile", "ConnectTimeout", "ConnectionAttempts"} | {
    "ServerAliveInterval",
    "ServerAliveCountMax",
    "ControlMaster",
    "ControlPath",
}


@given(TEXTS, TEXTS, TEXTS, st.one_of(st.none(), st.integers(), TEXTS), TEXTS)
@example("ssh root@fe80::1%;id", "", "", None, "7\nProxyCommand=id")
def test_whatever_the_api_says_only_what_is_written_here_is_run(
    told: str, other: str, host: str, port: object, pod_id: str
) -> None:
    found = Pod({**pod(ingressUrl=told, host=host, proxyPort=port).raw, "sshCmd": other, "id": pod_id})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secure_shell, "_known_hosts", lambda: "/known")
        try:
            command = Shell(None, None, ()).command(found, ())
        except CommandError as error:
            assert error.status == 1
            return
    *options, dashes, name = command
    assert dashes == "--"
    assert name.replace("%", "").isascii()
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-%")
    assert not name.startswith("-")
    assert options.pop(0) == "ssh"
    given_options = list(zip(options[::2], options[1::2], strict=True))
    assert {option for option, _ in given_options} <= {"-p", "-o", "-l"}
    if SSHAccess.of(found).is_without_user:
        pytest.fail("the user may have been dropped")
    for option, value in given_options:
        if option == "-o":
            option_name, _, text = value.partition("=")
            assert option_name in OPTIONS
            assert text == '"/known"' or set(text) <= set(shlex.quote(text))
            assert not any(character.isspace() or not character.isprintable() for character in text)
        elif option == "-p":
            assert value.isascii()
            assert 0 < int(value) < 65536
        else:
            assert value.isascii()
            assert ("_" + value.translate(dict.fromkeys(map(ord, ".-+"), "_"))).isidentifier()
            assert value[0].isalnum() or value[0] == "_"


def test_every_status_that_is_known_but_one_is_closed() -> None:
    assert {status for status in PodStatus if not secure_shell._is_closed(pod(status=status))} == {PodStatus.RUNNING}
