"""The SSH address of a pod, from each form in which the API may return it; and from what it must not be."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yottalabs import Pod
from yottalabs._ssh import SSHAccess, SSHAddress, parse_ssh_address

KEY = "<private key file>"


def pod(*, ssh_cmd: str = "", **entry: Any) -> Pod:
    exposed = {"port": 22, "protocol": "SSH", "host": "", "proxyPort": None, "ingressUrl": "", **entry}
    return Pod({"id": "7", "status": "RUNNING", "expose": [exposed], "sshCmd": ssh_cmd})


def parts(address: SSHAddress | None) -> tuple[str, int, str | None] | None:
    return None if address is None else (address.host, address.port, address.user)


UNDERSTOOD = [
    # Commands. Where nothing but destination, port, user and key file is in them, they are returned as they are.
    (f"ssh user@34.19.26.12 -p 32002 -i {KEY}", ("34.19.26.12", 32002, "user")),
    (f"ssh -i {KEY} -p 32002 user@34.19.26.12", ("34.19.26.12", 32002, "user")),
    (f"ssh -i '{KEY}' user@34.19.26.12 -p 32002", ("34.19.26.12", 32002, "user")),
    ("ssh -p 22 root@h", ("h", 22, "root")),
    ("ssh root@h", ("h", 22, "root")),
    ("ssh h -l root -p2222", ("h", 2222, "root")),
    ("ssh -l root h", ("h", 22, "root")),
    ("ssh -lroot -p 7 h", ("h", 7, "root")),
    ("ssh -l first second@h", ("h", 22, "first")),
    ("ssh first@h -l second", ("h", 22, "first")),
    ("ssh h -p 5", ("h", 5, None)),
    ("ssh h", ("h", 22, None)),
    ("  ssh\troot@h -p 5 -p 6\n", ("h", 5, "root")),
    ("ssh -- root@h", ("h", 22, "root")),
    ("/usr/bin/ssh root@h -p 5", ("h", 5, "root")),
    ("ssh -tt -i '~/my key' root@a-host.example.org -p 5", ("a-host.example.org", 5, "root")),
    ("ssh pod-1+a.b_c@gateway_1.internal. -p 5", ("gateway_1.internal.", 5, "pod-1+a.b_c")),
    ("ssh 1000@h", ("h", 22, "1000")),
    ("ssh root@2001:db8::7 -p 5", ("2001:db8::7", 5, "root")),
    ("ssh root@[2001:db8::7] -p 5", ("2001:db8::7", 5, "root")),
    ("ssh root@[2001:db8::7]:5", ("2001:db8::7", 5, "root")),
    ("ssh root@fe80::1%eth0 -p 5", ("fe80::1%eth0", 5, "root")),
    ("ssh root@h:5", ("h", 5, "root")),
    ("ssh ssh://root@h:5", ("h", 5, "root")),
    ("ssh -p 6 ssh://root@h:5", ("h", 6, "root")),
    # With other options.
    ("ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@h -p 5", ("h", 5, "root")),
    ("ssh -p 1 -o A=b root@h", ("h", 1, "root")),
    ("ssh -oA=b root@h", ("h", 22, "root")),
    ("ssh root@h -o 'A b' -p 4", ("h", 4, "root")),
    ("ssh -o Port=5 -o User=root h", ("h", 5, "root")),
    ("ssh -o 'port 5' -o 'USER = root' h -p 6", ("h", 5, "root")),
    ("ssh -o HostName=10.0.0.1 root@pod", ("10.0.0.1", 22, "root")),
    ("ssh -A -X -C -N -T -q -v -4 root@h", ("h", 22, "root")),
    ("ssh -L 8080:localhost:80 -D 1080 root@h", ("h", 22, "root")),
    ("ssh -F /dev/null -o ProxyCommand=none -o ProxyJump=none root@h", ("h", 22, "root")),
    # URLs.
    ("ssh://root@h:1", ("h", 1, "root")),
    ("SSH://root@h:1/", ("h", 1, "root")),
    ("ssh://root@h", ("h", 22, "root")),
    ("ssh://h", ("h", 22, None)),
    ("ssh://[2001:db8::7]:5", ("2001:db8::7", 5, None)),
    ("ssh://ro%6Ft@h:1", ("h", 1, "root")),
    ("ssh://root:a-password@h:1", ("h", 1, "root")),
    ("tcp://h:5", ("h", 5, None)),
    ("tcp://root@h:5", ("h", 5, "root")),
    ("tcp://h", ("h", 22, None)),
    # Addresses.
    ("root@h:1", ("h", 1, "root")),
    ("root@h", ("h", 22, "root")),
    ("h:1", ("h", 1, None)),
    ("34.19.26.12", ("34.19.26.12", 22, None)),
    ("a.host.net", ("a.host.net", 22, None)),
    ("[::1]:22", ("::1", 22, None)),
    ("[::1]", ("::1", 22, None)),
    ("::1", ("::1", 22, None)),
    ("root@[::1]:5", ("::1", 5, "root")),
]
NOT_UNDERSTOOD = [
    # As the page of the documentation shows it to anyone who copies it.
    f"ssh [email protected] -p 32002 -i {KEY}",
    "ssh [email protected]",
    *("ssh", "ssh ''", "ssh -p 22", "ssh root@", "ssh 'root@h", "rm -rf /", "?", "none", "pending", "N/A", "-"),
    *(f"ssh root@h -p {port}" for port in ("0", "65536", "-1", "\u0663", "22x", "''", "99999999999")),
    *(f"root@h:{port}" for port in ("", "0", "65536", "-1", "\u0663", "22x", "99999999999")),
    *(f"ssh://root@h:{port}" for port in ("", "0", "65536", "x")),
    # The way to the pod, without which the host may be another machine.
    *(
        f"ssh {way} root@10.0.0.5"
        for way in ("-J jump", "-Jjump", "-F file", "-S socket", "-W h:1", "-o ProxyJump=jump")
    ),
    *(f"ssh root@10.0.0.5 {way}" for way in ("-J jump", "-o proxyjump=jump", "-o 'ProxyCommand nc h 1'", "-F file")),
    *("ssh -oProxyCommand=touch$IFS/x root@h", "ssh root@h -o ProxyCommand=x", "ssh -o ControlPath=x root@h"),
    # Other programs, other protocols, more than one.
    *("telnet h", "http://h:1", "https://root@h", "sftp://root@h:1", "ssh://root@h:1/path", "ssh://root@h?x"),
    *(
        "sudo ssh root@h",
        "sshpass -p x ssh root@h",
        "ssh root@h; id",
        "ssh root@h && id",
        "ssh root@h | sh",
        "SSH root@h",
    ),
    *(
        "ssh root@h rm -rf /",
        "ssh -- root@h -p 5",
        "ssh root@h -- id",
        "ssh root@h #x",
        "ssh root@h\nid",
        "ssh root@h\r\nid",
    ),
    *("root@h root@i", "h:1,i:2"),
    # What would be an option, or is not a name.
    *(
        "-oProxyCommand=x",
        "-oProxyCommand=x@h",
        "root@-oProxyCommand=x",
        "root@-h",
        "ssh://-oProxyCommand=x",
        "ssh://-l@h",
    ),
    *("ssh -- -oProxyCommand=x", "ssh '-oProxyCommand=x@h'", "ssh -l -oX h", "ssh 'ro ot@h'", "ssh -l 'a b' h"),
    *("ssh root@-h", "ssh 'root@h h'", "ssh 'root@h;id'", "ssh 'root@$(id)'", "ssh '$(id)@h'", "ssh `id`@h"),
    *("ssh root@[h]", "ssh root@[h", "ssh a@b@h", "ssh <user>@h", "ssh root@<host>", "<user>@h:1", "ssh://<user>@h:1"),
    *(
        "ssh 'root@fe80::1%;id'",
        "ssh 'root@fe80::1%$(id)'",
        "ssh 'root@fe80::1%a b'",
        "ssh r\u00f6\u00f6t@h",
        "root@h\u00e9.net",
    ),
    *("ssh -o HostName=%h root@h", "ssh -o 'HostName=-x' root@h", "ssh -o User= root@h", "ssh -o Port root@h"),
    # What does something to a terminal, or is too long.
    *(
        "root@h\x1b[2J",
        "ssh root@h -i \x1b]0;x\x07",
        "ssh root@h\x00",
        "ssh root@h -i a\u202eb",
        "ssh root@h\u2028-p 5",
    ),
    f"ssh root@{'a' * 254}",
    f"ssh {'-t ' * 1000}root@h",
]


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD)
def test_a_text_is_understood(text: str, expected: tuple[str, int, str | None]) -> None:
    assert parts(parse_ssh_address(text)) == expected
    assert parts(SSHAccess.of(pod(ingressUrl=text)).address) == expected
    assert parts(SSHAccess.of(Pod({"id": "7", "expose": [], "sshCmd": text})).address) == expected
    # The command of the library leads to the same place, and is understood as a whole.
    command = pod(ingressUrl=text).ssh_command
    assert command is not None
    again = parse_ssh_address(command)
    assert parts(again) == expected
    assert again is not None
    assert again.left_out == ()


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_a_text_is_not_understood_and_neither_the_user_nor_the_text_is_dropped(text: str) -> None:
    for host, port in (("", None), ("h.net", 5)):
        found = pod(ingressUrl=text, host=host, proxyPort=port)
        access = SSHAccess.of(found)
        assert access.unread == (text,)
        assert access.address is None or access.is_without_user
        assert found.ssh_command is None
    assert SSHAccess.of(pod(ssh_cmd=text)).unread == (text,)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (f"ssh user@34.19.26.12 -p 32002 -i {KEY}", None),
        (f"ssh -i {KEY} root@h -p 1", None),
        ("ssh me@there", None),
        (" ssh me@there\n", "ssh me@there"),
        ("ssh me@there  -p 5", f"ssh me@there -p 5 -i {KEY}"),
        ("ssh://root@h:1", f"ssh root@h -p 1 -i {KEY}"),
        ("ssh -o A=b root@h -p 3", f"ssh root@h -p 3 -i {KEY}"),
        ("ssh -i $(id) root@h", f"ssh root@h -p 22 -i {KEY}"),
        ("ssh root@h:5", f"ssh root@h -p 5 -i {KEY}"),  # ssh does not understand it
        ("[::1]:22", f"ssh ::1 -p 22 -i {KEY}"),
    ],
)
def test_the_command_is_the_api_s_own_unless_a_shell_or_ssh_would_make_something_else_of_it(
    text: str, command: str | None
) -> None:
    assert pod(ingressUrl=text).ssh_command == command or text


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("ssh -p 1 -o A=b root@h", ("-o A=b",)),
        ("ssh -o StrictHostKeyChecking=no root@h -tt", ("-o StrictHostKeyChecking=no", "-t", "-t")),
        ("ssh -o LocalCommand=id -L 1:h:2 root@h", ("-o LocalCommand=id", "-L 1:h:2")),
        ("ssh -o ProxyCommand=none -F none root@h", ("-o ProxyCommand=none", "-F none")),
        ("ssh -i a -o IdentityFile=b root@h", ()),
        ("ssh://root:a-password@h", ("the password",)),
    ],
)
def test_what_is_left_out_is_known(text: str, left_out: tuple[str, ...]) -> None:
    address = parse_ssh_address(text)
    assert address is not None
    assert address.left_out == left_out


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"host": "h", "proxyPort": 5}, ("h", 5, None)),
        ({"host": "root@h", "proxyPort": 5}, ("h", 5, "root")),
        ({"host": "2001:db8::7", "proxyPort": 5}, ("2001:db8::7", 5, None)),
        ({"host": "[2001:db8::7]", "proxyPort": 5}, ("2001:db8::7", 5, None)),
        ({"host": "h:7", "proxyPort": 5}, None),
        ({"host": "h"}, None),
        ({"proxyPort": 5}, None),
        ({"host": "h", "proxyPort": 65536}, None),
        ({"host": "-oProxyCommand=x", "proxyPort": 5}, None),
        # A text without a port.
        ({"ingressUrl": "root@h", "proxyPort": 5}, ("h", 5, "root")),
        ({"ingressUrl": "h", "host": "h", "proxyPort": 5}, ("h", 5, None)),
        ({"ingressUrl": "root@gateway", "host": "h", "proxyPort": 5}, ("gateway", 5, "root")),
        ({"ingressUrl": "tcp://h", "proxyPort": 5}, ("h", 5, None)),
        ({"ingressUrl": "ssh root@h", "host": "h", "proxyPort": 5}, ("h", 5, "root")),
        ({"ingressUrl": "ssh://root@h", "host": "h", "proxyPort": 5}, ("h", 5, "root")),
        ({"ingressUrl": "ssh root@gateway", "host": "h", "proxyPort": 5}, ("gateway", 22, "root")),
        # The text that names a user comes first.
        ({"ingressUrl": "h:5", "ssh_cmd": "ssh root@h -p 5"}, ("h", 5, "root")),
        ({"ingressUrl": "ssh one@h", "ssh_cmd": "ssh two@i"}, ("h", 22, "one")),
        ({"ingressUrl": "?", "ssh_cmd": "ssh me@there", "host": "h", "proxyPort": 5}, ("there", 22, "me")),
        ({"ingressUrl": "", "ssh_cmd": "", "host": "h", "proxyPort": 5}, ("h", 5, None)),
    ],
)
def test_the_fields_beside_the_text(entry: dict[str, Any], expected: tuple[str, int, str | None] | None) -> None:
    assert parts(SSHAccess.of(pod(**entry)).address) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(
            (host, True)
            for host in ("192.0.2.1", "198.51.100.255", "203.0.113.26", "2001:db8::1", "::ffff:203.0.113.1")
        ),
        *(
            (host, True)
            for host in ("example", "a.example", "example.com", "a.b.EXAMPLE.org", "example.net.", "x.invalid")
        ),
        *((host, False) for host in ("127.0.0.1", "10.0.0.1", "203.0.114.1", "::1", "2001:db9::1", "localhost", "h")),
        *((host, False) for host in ("myexample.com", "example.com.evil.net", "invalid.net", "a.test")),
    ],
)
def test_addresses_that_are_reserved_for_documentation(host: str, expected: bool) -> None:
    assert SSHAddress(host, 22).is_for_documentation is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        ("ssh://root@h:1", "ssh://root@h:1"),
        *(
            (text, "http://h:5")
            for text in ("see http://x/", "http://x/\x1b[2J", "http://x/\nhttp://y/", "://", "http://x y")
        ),
        ("http://x/\u202e", "http://h:5"),
    ],
)
def test_only_a_url_is_a_url(text: str, expected: str) -> None:
    found = pod(port=8000, protocol="HTTP", ingressUrl=text, host="h", proxyPort=5)
    assert found.url(8000) == expected


# --- Held against ssh itself ------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,6}[a-z0-9]", fullmatch=True)
PORTS = st.integers(1, 65535).map(str)
OPTIONS = st.one_of(
    PORTS.map(lambda port: ["-p", port]),
    PORTS.map(lambda port: [f"-p{port}"]),
    PORTS.map(lambda port: ["-o", f"Port={port}"]),
    PORTS.map(lambda port: [f"-oport {port}"]),
    NAMES.map(lambda name: ["-l", name]),
    NAMES.map(lambda name: ["-o", f"User = {name}"]),
    NAMES.map(lambda name: ["-o", f"HostName={name}"]),
    st.sampled_from([["-tt"], ["-4"], ["-i", "/a key"], ["-o", "BatchMode=yes"], ["-A"], ["-L", "1:h:2"], ["-qN"]]),
)
DESTINATIONS = st.one_of(
    NAMES,
    st.builds("{}@{}".format, NAMES, NAMES),
    st.builds("ssh://{}@{}:{}".format, NAMES, NAMES, PORTS),
    st.builds("ssh://{}".format, NAMES),
    st.builds("{}@2001:db8::{}".format, NAMES, st.integers(1, 9)),
)


@pytest.mark.needs("ssh")
@settings(max_examples=50, deadline=None)
@given(st.lists(OPTIONS, max_size=4), DESTINATIONS, st.lists(OPTIONS, max_size=4))
def test_a_command_is_understood_as_ssh_understands_it(
    before: list[list[str]], destination: str, after: list[list[str]]
) -> None:
    words = [*chain.from_iterable(before), destination, *chain.from_iterable(after)]
    address = parse_ssh_address(shlex.join(["ssh", *words]))
    assert address is not None
    shown = subprocess.run(
        ["ssh", "-G", "-F", os.devnull, *words], capture_output=True, text=True, check=True, timeout=20
    ).stdout
    meant = dict(line.split(" ", 1) for line in shown.splitlines() if " " in line)
    assert address.host == meant["hostname"]
    assert str(address.port) == meant["port"]
    assert (address.user or getpass.getuser()) == meant["user"]


PIECES = st.sampled_from(
    [
        *("ssh", "-p", "-l", "-o", "-i", "-J", "--", "root@h", "@", ":", "[", "]", "22", "::1", "%", ";id", "$(id)"),
        *("'", '"', "\\", "\n", "\0", "<", ">", "-", " ", "=", "ssh://", "tcp://", "/", "\x1b", "é"),
        *("ProxyCommand=x", "User=", "Port="),
    ]
)
TEXTS = st.one_of(
    st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda words: "ssh " + " ".join(words))
)


@given(TEXTS, TEXTS, TEXTS, st.one_of(st.none(), st.integers()))
def test_whatever_the_api_says_no_part_is_an_option_and_no_user_is_dropped(
    text: str, other: str, host: str, port: int | None
) -> None:
    found = pod(ingressUrl=text, ssh_cmd=other, host=host, proxyPort=port)
    access = SSHAccess.of(found)
    said = [each for each in (text, other) if each.strip()]
    assert set(access.unread) <= set(said)
    address = access.address
    command = found.ssh_command
    if address is None or access.is_without_user:
        assert command is None
        return
    assert command is not None
    assert command.isascii()
    assert command.isprintable()
    assert not set(command.replace(KEY, "")) & set("$`;&|<>\\'\"()*?!#{}[]\n")
    for part in (address.host, address.user or "x"):
        assert not part.startswith("-")
        assert not set(part) & set(" /@$`;&|<>\\'\"()*?!#{}[]=\n")
    assert address.user is not None or not access.unread  # such a text might name one
