"""Which hosts and origins a request may name: one table, which both servers are held to.

A server is started with ARGUMENTS. `{port}` in a header stands for its port.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from support.raw import CREATE, LIST, Answer, assert_refused, raw, request

ALLOWED_HOST = "simulator.test"
ALLOWED_ADDRESS = "192.0.2.7"
ALLOWED_ORIGIN = "https://app.example"
ALLOWED_LOOPBACK_ORIGIN = "http://localhost:3000"
ALLOWED_EXTENSION = "chrome-extension://abcdefghijklmnop"
HOSTS = (ALLOWED_HOST.upper(), ALLOWED_ADDRESS, "2001:db8::1")
ORIGINS = (ALLOWED_ORIGIN, ALLOWED_LOOPBACK_ORIGIN, ALLOWED_EXTENSION)
ARGUMENTS = [f"--allow-host={host}" for host in HOSTS] + [f"--allow-origin={origin}" for origin in ORIGINS]
Check: TypeAlias = Callable[[str], None]
EXPOSED = {"allow", "location", "retry-after", "x-request-id"}

GOOD_HOSTS = (
    *("localhost", "localhost:{port}", "localhost:1", "localhost:", "LOCALHOST", "LocalHost:{port}", "localhost."),
    *("a.localhost", "a.b.localhost:{port}", "A.LOCALHOST", "my_app.localhost"),
    *("127.0.0.1", "127.0.0.1:{port}", "127.0.0.1:65535", "127.255.255.255", "127.1.2.3:{port}", "127.0.0.0"),
    *("[::1]", "[::1]:{port}", "[0:0:0:0:0:0:0:1]", "[0000::0001]:80"),
    *("simulator.test", "simulator.test:{port}", "simulator.test:8080", "SIMULATOR.Test", "simulator.test."),
    *("192.0.2.7", "192.0.2.7:{port}", "[2001:db8::1]", "[2001:DB8:0::1]:{port}"),
)
BAD_HOSTS = (
    *("evil.example", "evil.example:{port}", "mock", "127.0.0.1.evil.example", "127.0.0.1.evil.example:{port}"),
    *("localhost.evil.example", "evillocalhost", "localhost-evil", "xlocalhost:{port}", ".localhost", "localhost.."),
    *("evil.example.", "a.simulator.test", "simulator.test.evil.example", "xsimulator.test"),
    *("0.0.0.0", "0.0.0.0:{port}", "0", "127", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1"),
    *("0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0.1.", "128.0.0.1", "126.255.255.255", "192.0.2.70"),
    *("127.0.0.1.0", "192.168.0.1", "169.254.169.254"),
    *("[::]", "[::2]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1%25lo]", "[::1%lo]", "::1", "[::1", "[]"),
    *("[127.0.0.1]", "[localhost]", "[::1].evil.example", "[fe80::1]"),
    *("user@127.0.0.1", "user:pw@localhost", "127.0.0.1@evil.example", "localhost:{port}@evil.example"),
    *(
        "localhost:port",
        "localhost:-1",
        "localhost:123456",
        "localhost:80:80",
        "localhost/",
        "localhost?",
        "localhost#",
    ),
    *(
        "http://localhost",
        "localhost evil.example",
        "localhost,evil.example",
        "localhost, localhost",
        "*",
        "%6cocalhost",
    ),
    *("localhost\\evil", "l\u00f6calhost", "evil.example\x80\x85\x9b", "evil" + "l" * 5000),
)
OWN_ORIGINS = (
    ("localhost:{port}", "http://localhost:{port}"),
    ("localhost:{port}", "HTTP://LOCALHOST:{port}"),
    ("127.0.0.1:{port}", "http://127.0.0.1:{port}"),
    ("[::1]:{port}", "http://[::1]:{port}"),
    ("localhost", "http://localhost"),
    ("localhost:80", "http://localhost"),
    ("localhost", "http://localhost:80"),
    ("simulator.test:{port}", "http://simulator.test:{port}"),
)
"""A host, and an origin that is the server's own where it is reached by that host."""
FOREIGN_ORIGINS = (
    *("null", "NULL", "", "https://evil.example", "http://evil.example:{port}", "http://127.0.0.1:{port}"),
    *("http://localhost", "http://localhost:1", "http://localhost:80", "https://localhost:{port}", "localhost:{port}"),
    *(
        "http://a.localhost:{port}",
        "http://localhost:{port}/",
        "http://localhost:{port} ,",
        "http://localhost:{port}.evil",
    ),
    *("http://user@localhost:{port}", "http://localhost:{port}@evil.example", "//localhost:{port}", "file://", "*"),
    *("http://localhost:{port}, http://localhost:{port}", "http://localhost:{port} http://evil.example"),
    *("http://app.example", "https://app.example:8443", "https://www.app.example", "https://app.example.evil.example"),
    *("https://app.example/", "https://app.example@evil.example", "http://127.0.0.1:3000", "http://localhost:3001"),
    *("https://localhost:3000", "chrome-extension://abcdefghijklmnoq", "https://app.example\x85", "x" * 5000),
)
"""Foreign to a server that is reached by `localhost:{port}`."""
FOREIGN_SITES = ("same-site", "cross-site", "", "Same-Origin", "none, cross-site", "unknown", "same-origin same-site")
OWN_SITES = ("same-origin", "none")


def ask(base_url: str, method: str = "GET", path: str = LIST, /, **headers: str | None) -> Answer:
    """The answer to a request with these headers; one that is None is left out."""
    port = str(urlsplit(base_url).port)
    named = {"host": "localhost:{port}", "connection": "close", "x_api_key": "k", **headers}
    lines = "".join(
        f"{name.replace('_', '-')}: {value.replace('{port}', port)}\r\n"
        for name, value in named.items()
        if value is not None
    )
    return raw(base_url, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))


def assert_foreign(answer: Answer, *words: str) -> None:
    """The answer is 403, says why in one short line, and no page can read it."""
    assert_refused(answer, 403, *words)
    _, headers, envelope = answer
    assert envelope["code"] == 10004
    assert envelope["message"].isprintable()
    assert len(envelope["message"]) < 400
    assert not any(name.startswith("access-control-") for name in headers)


def assert_readable(answer: Answer, origin: str, status: int) -> None:
    """A page of an origin can read the answer, and no other page can."""
    found, headers, _ = answer
    assert (found, headers["access-control-allow-origin"], headers["vary"]) == (status, origin, "Origin")
    exposed = {name.strip().lower() for name in headers["access-control-expose-headers"].split(",")}
    assert exposed >= EXPOSED
    assert "access-control-allow-credentials" not in headers


def preflight(base_url: str, path: str, origin: str, method: str = "POST", **headers: str | None) -> Answer:
    """The answer to a CORS preflight."""
    asked = {"access-control-request-method": method, "access-control-request-headers": "content-type,x-api-key"}
    named: Mapping[str, Any] = {"origin": origin, **asked, **headers}
    return ask(base_url, "OPTIONS", path, **named)


def assert_allows(answer: Answer, origin: str) -> None:
    """The answer to a preflight lets the page send the request."""
    assert_readable(answer, origin, 204)
    headers = answer[1]
    assert {"GET", "POST", "DELETE"} <= {name.strip() for name in headers["access-control-allow-methods"].split(",")}
    assert headers["access-control-allow-headers"] == "content-type,x-api-key"
    assert int(headers["access-control-max-age"]) > 0
    assert "content-length" not in headers
    assert answer[2] is None


def check_several_hosts(base_url: str) -> None:
    """Two hosts are never one of this machine."""
    for first, second in (("localhost", "evil.example"), ("evil.example", "localhost"), ("localhost", "localhost")):
        data = f"GET {LIST} HTTP/1.1\r\nhost: {first}\r\nHost: {second}\r\nx-api-key: k\r\nconnection: close\r\n\r\n"
        assert raw(base_url, data.encode())[0] == 400


def check_absolute_targets(base_url: str) -> None:
    """A whole URL as the target: neither it nor `Host` may name another host."""
    port = urlsplit(base_url).port
    for host in ("localhost", "127.0.0.1", "[::1]", "a.localhost", "SIMULATOR.test", "192.0.2.7"):
        target = f"http://{host}:{port}{LIST}"
        assert raw(base_url, request("GET", target))[0] == 200, target
        assert_foreign(raw(base_url, request("GET", target, host=f"evil.example:{port}")), "Host", "evil.example")
    for authority in (
        f"evil.example:{port}",
        f"user@localhost:{port}",
        f"localhost:{port}@evil.example",
        "localhost:1",
    ):
        assert_refused(raw(base_url, request("GET", f"http://{authority}{LIST}")), 400, "cannot be read")


def check_old_requests(base_url: str) -> None:
    """No browser sends a request without a host."""
    head = f"GET {LIST} HTTP/1.0\r\nx-api-key: k\r\n"
    assert raw(base_url, f"{head}\r\n".encode())[0] == 200
    assert_foreign(raw(base_url, f"{head}origin: http://none\r\n\r\n".encode()), "Origin")
    assert_foreign(raw(base_url, f"{head}host: evil.example\r\n\r\n".encode()), "Host")
    assert_foreign(raw(base_url, f"{head}host:\r\n\r\n".encode()), "Host")


def check_allowed_origins(base_url: str) -> None:
    """The page of an allowed origin may ask, and reads every answer, that of a refusal too."""
    for origin in ORIGINS:
        for site in (None, "cross-site", "same-site", "same-origin"):
            assert_readable(ask(base_url, origin=origin, sec_fetch_site=site), origin, 200)
        assert_readable(ask(base_url, origin=origin, x_api_key=None), origin, 401)
        assert_readable(ask(base_url, "GET", "/nowhere", origin=origin), origin, 404)
        assert_readable(ask(base_url, "PUT", LIST, origin=origin), origin, 405)
        assert_readable(ask(base_url, "OPTIONS", LIST, origin=origin), origin, 405)
        assert_readable(ask(base_url, "POST", CREATE, origin=origin, content_length="0"), origin, 400)
        assert_readable(ask(base_url, "GET", "/%", origin=origin), origin, 400)
        assert_readable(ask(base_url, "GET", "/" + "a" * 10_000, origin=origin), origin, 414)
        assert_readable(ask(base_url, origin=origin, x="y" * 20_000), origin, 431)
        assert_foreign(ask(base_url, origin=origin, host="evil.example"), "Host")
    for origin in ("HTTPS://App.Example", "https://app.example:443"):  # as no browser writes them
        assert_readable(ask(base_url, origin=origin), origin, 200)


def check_preflights(base_url: str) -> None:
    """The preflight of an allowed origin is answered, that of no other one."""
    for origin in ORIGINS:
        for path in (CREATE, LIST, "/openapi/v1/pods/1", "/nowhere"):
            assert_allows(preflight(base_url, path, origin, sec_fetch_site="cross-site"), origin)
    for origin in ("https://evil.example", "null", "http://localhost:3001"):
        assert_foreign(preflight(base_url, CREATE, origin), "Origin")
    assert_foreign(preflight(base_url, CREATE, ALLOWED_ORIGIN, host="evil.example"), "Host")
    local = preflight(base_url, CREATE, ALLOWED_ORIGIN, access_control_request_private_network="true")
    assert local[1]["access-control-allow-private-network"] == "true"
    assert "access-control-allow-private-network" not in preflight(base_url, CREATE, ALLOWED_ORIGIN)[1]
    for names in ("a\x80", "<script>", "a" * 5000):
        answer = preflight(base_url, CREATE, ALLOWED_ORIGIN, access_control_request_headers=names)
        assert answer[0] == 204
        assert "access-control-allow-headers" not in answer[1]


def check_own_origin(base_url: str) -> None:
    """What the server's own page, or a person, asks is answered, without headers for other pages."""
    for site in (*OWN_SITES, None):
        answer = ask(base_url, origin="http://localhost:{port}", sec_fetch_site=site)
        assert answer[0] == 200
        assert not any(name.startswith("access-control-") for name in answer[1])


BAD_OPTIONS = {
    "--allow-host=": "",
    "--allow-host=localhost:80": "localhost:80",
    "--allow-host=http://a.test": "http://a.test",
    "--allow-host=*": "*",
    "--allow-host=a b": "a b",
    "--allow-host=a\n": "a",
    "--allow-host=[::1]:80": "[::1]:80",
    "--allow-host=1:2:3": "1:2:3",
    "--allow-origin=": "",
    "--allow-origin=*": "*",
    "--allow-origin=null": "null",
    "--allow-origin=localhost:3000": "localhost:3000",
    "--allow-origin=http://a.test/": "http://a.test/",
    "--allow-origin=http://u@a.test": "http://u@a.test",
    "--allow-origin=http://a.test:port": "http://a.test:port",
    "--allow-origin=https://*.a.test": "https://*.a.test",
    "--allow-origin=http://\x1b[2J": "http://",
}
"""Options that cannot be right, and what of each is in the message."""
