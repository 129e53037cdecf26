"""What the environment says about the way to the API: read where it matters, refused by name, and never shown."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yottalabs import APIConnectionError, ConfigurationError, YottaLabs, _environment
from yottalabs._environment import find_way

from .test_secrecy import Told, call
from support.scripted import Scripted

Make = Callable[..., Any]
SECRET = "canary-key"
REMOTE = "https://api.yottalabs.ai"
PROXY = "http://proxy.example:3128"
LOCAL = ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1", "https://localhost"]
BAD_PROXIES = [
    f"http://u:{SECRET}/x@h:1",
    f"http://{SECRET}/x@h",
    f"http://u:p/{SECRET}@h:1",
    f"http://u:{SECRET}?x@h:1",
    f"http://u:{SECRET}#x@h:1",
    f"http://h:{SECRET}",
    f"http://u:{SECRET}@h:99999",
    f"http://u:{SECRET}@h:0",
    f"http://u:{SECRET}@h:-1",
    f"http://u:{SECRET}@[::1",
    f"http://u:{SECRET}@",
    f"http://u:{SECRET}@:8080",
    f"http://u:{SECRET}@a b:1",
    f"http://u:{SECRET}@256.1.1.1:1",
    f"http://u:{SECRET}\udcff@h:1",
    f"http://u:{SECRET}\x01@h:1",
    f"http://u:{SECRET}\n@h:1",
    f"gopher://u:{SECRET}@h:1",
    f"{SECRET}://h:1",
    f"u:{SECRET}/@h",
    f"socks4://u:{SECRET}@h:1",
    f"socks5://u:{SECRET}@h:1",  # without the package for it
    f"http://u:{SECRET}@h:1" + "x" * 70_000,
]


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """To read those of the system takes most of the time of a client, and only some of the tests are about them."""
    if "certificates" not in request.node.name:
        monkeypatch.setattr(httpx2, "create_ssl_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@pytest.fixture(autouse=True)
def no_socks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setattr(_environment, "find_spec", lambda _: None)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Told]:
    found = Told()
    with caplog.at_level(logging.DEBUG):
        yield found
    found.add("log", *(f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("call")))
    found.add("output", *capfd.readouterr())
    found.assert_no_secret()


def refused(told: Told, make: Make, **options: Any) -> ConfigurationError:
    """The error of a client that cannot be made; nothing else may have led to it that a tool could show."""
    error = call(told, lambda: make("k", **options))
    assert isinstance(error, ConfigurationError)
    assert (error.__cause__, error.__context__) == (None, None)
    return error


@pytest.mark.parametrize("value", BAD_PROXIES)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_used_is_named_and_not_shown(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert name in str(refused(told, make))


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(SECRET.__add__))
def test_whatever_a_proxy_is_set_to_is_used_or_refused_by_name(value: str) -> None:
    told = Told()
    with pytest.MonkeyPatch.context() as environment:
        for each in ("https_proxy", "all_proxy", "no_proxy", "ALL_PROXY", "NO_PROXY"):
            environment.delenv(each, raising=False)
        environment.setenv("HTTPS_PROXY", f"http://u:{value}@h:1")
        error = call(told, lambda: YottaLabs("k").close())
    assert error is None or (isinstance(error, ConfigurationError) and "HTTPS_PROXY" in str(error))
    told.assert_no_secret()


@pytest.mark.parametrize("base_url", LOCAL)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])
def test_no_proxy_is_read_for_this_machine(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, base_url: str, name: str
) -> None:
    monkeypatch.setenv(name, BAD_PROXIES[0])
    monkeypatch.setenv("NO_PROXY", "[::1,host:99999")
    make("k", base_url=base_url).close()
    assert find_way(base_url).proxy is None
    assert not caplog.records


@pytest.mark.parametrize(
    ("base_url", "irrelevant", "relevant"),
    [(REMOTE, "HTTP_PROXY", "HTTPS_PROXY"), ("http://api.example", "HTTPS_PROXY", "HTTP_PROXY")],
)
def test_the_variable_of_another_scheme_does_not_matter(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch, base_url: str, irrelevant: str, relevant: str
) -> None:
    options = {"base_url": base_url, "allow_insecure_http": True}
    monkeypatch.setenv(irrelevant, BAD_PROXIES[0])
    make("k", **options).close()
    monkeypatch.setenv(relevant, PROXY)
    monkeypatch.setenv("ALL_PROXY", BAD_PROXIES[0])  # which the variable of the scheme comes before
    make("k", **options).close()
    monkeypatch.setenv(relevant, BAD_PROXIES[0])
    assert relevant in str(refused(told, make, **options))


def test_of_two_names_the_one_in_lower_case_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", BAD_PROXIES[0])
    monkeypatch.setenv("https_proxy", PROXY)
    proxy = find_way(REMOTE).proxy
    assert proxy is not None
    assert proxy.url == PROXY
    monkeypatch.setenv("https_proxy", "")  # which unsets the other one
    assert find_way(REMOTE).proxy is None


@pytest.mark.parametrize(
    ("value", "url", "auth"),
    [
        ("proxy.example:3128", "http://proxy.example:3128", None),
        ("http://proxy.example:3128/", "http://proxy.example:3128/", None),
        ("https://proxy.example", "https://proxy.example", None),
        ("http://user:p%2Fw%40@proxy.example:1", "http://proxy.example:1", ("user", "p/w@")),
        ("http://user:p@w@proxy.example:1", "http://proxy.example:1", ("user", "p@w")),
        ("http://a-token@[2001:db8::1]:1", "http://[2001:db8::1]:1", ("a-token", "")),
    ],
)
def test_a_proxy_that_can_be_used_is(
    monkeypatch: pytest.MonkeyPatch, value: str, url: str, auth: tuple[str, str] | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    way = find_way(REMOTE)
    assert way.proxy is not None
    assert (str(way.proxy.url), way.proxy.auth) == (url, auth)
    assert (way.proxy.ssl_context is way.tls) == url.startswith("https")


def test_a_given_transport_reads_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, BAD_PROXIES[0])
    monkeypatch.setenv("NO_PROXY", "[::1")
    assert make("k", transport=Scripted([])).pods.list() == []


# --- NO_PROXY ---------------------------------------------------------------------------------------------------------

ENTRIES: list[tuple[str, str, bool]] = [
    ("*", REMOTE, True),
    ("yottalabs.ai", REMOTE, True),
    ("api.yottalabs.ai", REMOTE, True),
    ("API.YottaLabs.AI", REMOTE, True),
    ("api.yottalabs.ai.", REMOTE, True),
    (".yottalabs.ai", REMOTE, True),
    ("*.yottalabs.ai", REMOTE, True),
    (".api.yottalabs.ai", REMOTE, False),
    ("labs.ai", REMOTE, False),
    ("api.yottalabs.ai:443", REMOTE, True),
    ("api.yottalabs.ai:444", REMOTE, False),
    ("yottalabs.ai:8443", "https://api.yottalabs.ai:8443", True),
    ("https://api.yottalabs.ai", REMOTE, True),
    ("all://yottalabs.ai", REMOTE, True),
    ("http://api.yottalabs.ai", REMOTE, False),
    ("ftp://api.yottalabs.ai", REMOTE, False),
    ("cafe:443", "https://cafe", True),
    ("192.0.2.1", "https://192.0.2.1", True),
    ("192.0.2.1:443", "https://192.0.2.1", True),
    ("192.0.2.2", "https://192.0.2.1", False),
    ("192.0.2.0/24", "https://192.0.2.1", True),
    ("192.0.2.77/24", "https://192.0.2.1", True),
    ("198.51.100.0/24", "https://192.0.2.1", False),
    ("0.0.0.0/0", "https://192.0.2.1", True),
    ("0.0.0.0/0", REMOTE, False),
    ("::/0", "https://[2001:db8::1]", True),
    ("::/0", "https://192.0.2.1", False),
    ("::/0", REMOTE, False),
    ("[::1]", REMOTE, False),
    ("::1", REMOTE, False),
    ("2001:db8::1", "https://[2001:db8::1]", True),
    ("[2001:db8::1]", "https://[2001:DB8:0::1]", True),
    ("[2001:db8::1]:443", "https://[2001:db8::1]", True),
    ("[2001:db8::1]:444", "https://[2001:db8::1]", False),
    ("[2001:db8::]/32", "https://[2001:db8::1]", True),
    ("2001:db8::/32", "https://[2001:db8::1]", True),
    ("b\u00fccher.example", "https://www.b\u00fccher.example", True),
    ("xn--bcher-kva.example", "https://b\u00fccher.example", True),
    ("", REMOTE, False),
    ("  ", REMOTE, False),
    (" api.yottalabs.ai ", REMOTE, True),
    ("elsewhere.example,api.yottalabs.ai", REMOTE, True),
]
UNUSABLE = [
    "host:99999",
    "host:port",
    "host:",
    "api.yottalabs.ai/24",
    "192.0.2.0/33",
    "192.0.2.*",
    "256.0.0.1",
    "[::1",
    "::1]",
    "[api.yottalabs.ai]",
    "[::1]x",
    "2001:db8::/129",
    "1:2:3:4:5:6:7:8:9",
    "a b",
    "a..b",
    "a" * 64,
    f"http://u:{SECRET}@h",
    "://",
    "**",
    "*x",
    "\udcff",
]


@pytest.mark.parametrize(("entry", "base_url", "is_exempt"), ENTRIES)
def test_an_entry_of_no_proxy_names_hosts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, entry: str, base_url: str, is_exempt: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entry)
    assert (find_way(base_url).proxy is None) == is_exempt
    assert not caplog.records


@pytest.mark.parametrize("entry", UNUSABLE)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_an_entry_that_cannot_be_used_is_passed_over_with_a_line_of_the_log(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, entry: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv(name, f"x.example,,{entry}, ,y.example,{entry}")
    assert call(told, lambda: make("k").close()) is None
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("yottalabs", logging.WARNING)
    assert record.getMessage() == f"{name}: passed over, because it cannot be used: entry 3, 6"
    monkeypatch.setenv(name, f"{entry},yottalabs.ai")
    assert find_way(REMOTE).proxy is None


def test_an_entry_that_cannot_be_used_and_does_not_matter_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NO_PROXY", "[::1")
    with caplog.at_level(logging.INFO, logger="yottalabs"):
        find_way(REMOTE)
    assert [record.levelno for record in caplog.records] == [logging.INFO]


def test_a_host_that_no_proxy_names_is_reached_whatever_the_proxy_is(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", BAD_PROXIES[0])
    monkeypatch.setenv("NO_PROXY", "yottalabs.ai")
    make("k").close()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_no_proxy_may_be_anything(entries: str) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HTTPS_PROXY", PROXY)
        environment.setenv("NO_PROXY", entries)
        find_way(REMOTE)


# --- Certificates -----------------------------------------------------------------------------------------------------


def bad_certificates(folder: Path) -> Iterator[str]:
    yield str(folder / SECRET)
    yield f"{folder}\udcff"
    yield str(folder)
    for name, content in {
        "empty": b"",
        "other": SECRET.encode(),
        "broken": b"-----BEGIN CERTIFICATE-----\ncanary",
    }.items():
        (folder / name).write_bytes(content)
        yield str(folder / name)


def test_certificates_that_cannot_be_read_are_named_and_not_shown(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for value in bad_certificates(tmp_path):
        monkeypatch.setenv("SSL_CERT_FILE", value)
        assert "SSL_CERT_FILE" in str(refused(told, make))
        assert value not in str(refused(told, make))
        make("k", base_url="http://127.0.0.1:1").close()  # where nothing is encrypted
        make("k", transport=Scripted([])).close()


def test_plain_http_through_an_encrypted_proxy_needs_certificates(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"/{SECRET}")
    options = {"base_url": "http://api.example", "allow_insecure_http": True}
    make("k", **options).close()
    monkeypatch.setenv("HTTP_PROXY", "https://proxy.example")
    assert "SSL_CERT_FILE" in str(refused(told, make, **options))


# --- Over sockets -----------------------------------------------------------------------------------------------------


def test_the_credentials_of_a_proxy_are_sent_to_it_and_shown_nowhere(
    make: Make, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = b64encode(f"user:{SECRET}".encode()).decode()
    heads: list[bytes] = []

    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            heads.append(connection.recv(65536))
            connection.sendall(f"HTTP/1.1 407 no {encoded} {SECRET}\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", url.replace("http://", f"http://user:{SECRET}@"))
        with make("k", base_url="https://api.invalid", max_retries=0) as yotta:
            told.show("client", yotta)
            error = call(told, yotta.pods.list)
        thread.join(5)
    assert isinstance(error, APIConnectionError)
    assert error.maybe_sent is False
    assert heads[0].startswith(b"CONNECT api.invalid:443 ")
    assert f"Basic {encoded}\r\n".encode() in heads[0]
    assert str(error).endswith("407 no <hidden> <hidden>")
    for channel, texts in told.channels.items():
        assert not any(encoded in text for text in texts), channel


def test_the_guard_takes_the_same_way(make: Make, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    """Its process reads the same environment; what cannot be used there is told by the owner, without the value."""
    with make("k", base_url="https://api.invalid", max_retries=0, timeout=1) as yotta:
        monkeypatch.setenv("HTTPS_PROXY", BAD_PROXIES[0])  # after the client was made
        error = call(told, lambda: yotta.pods.create(image="x", gpu_type="NVIDIA_L4_24G", max_lifetime=60))
    assert isinstance(error, ConfigurationError)
    assert error.setting == "guard"
    assert "HTTPS_PROXY" in str(error)


@pytest.mark.parametrize("base_url", [REMOTE, "http://127.0.0.1:1"])
def test_certificates_are_verified(base_url: str) -> None:
    tls = find_way(base_url).tls
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
