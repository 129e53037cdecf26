"""The simulator answers this machine, and the hosts and origins that were named: by the table of Prism's front."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn
from yottalabs_mock import Simulator

from .asking import Caller
from support import access
from support.access import ask, assert_foreign
from support.processes import started
from support.raw import CREATE, KEY, LIST

ALLOWED: Mapping[str, Any] = {"allow_hosts": access.HOSTS, "allow_origins": access.ORIGINS}
ADMIN: dict[str, list[str]] = {
    "health": ["GET"],
    "reset": ["POST"],
    "advance": ["POST"],
    "faults": ["GET", "POST", "DELETE"],
    "requests": ["GET"],
    "state": ["GET"],
    "nothing": ["GET"],
}


@pytest.fixture(scope="module", params=["our own server", "another ASGI server"])
def served(request: pytest.FixtureRequest) -> Iterator[str]:
    simulator = Simulator(**ALLOWED)
    with simulator.serve() if request.param == "our own server" else under_uvicorn(simulator) as base_url:
        yield base_url


@contextmanager
def under_uvicorn(simulator: Simulator) -> Iterator[str]:
    config = uvicorn.Config(
        simulator.app, port=0, http="h11", ws="none", log_level="critical", h11_max_incomplete_event_size=2**20
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("host", access.GOOD_HOSTS)
def test_a_host_of_this_machine_or_one_that_was_named_is_answered(served: str, host: str) -> None:
    assert ask(served, host=host)[0] == 200


@pytest.mark.parametrize("host", access.BAD_HOSTS)
def test_another_host_is_403(served: str, host: str) -> None:
    assert_foreign(ask(served, host=host), "Host", "--allow-host", "allow_hosts")
    assert_foreign(ask(served, "GET", "/_mock/state", host=host), "Host")


@pytest.mark.parametrize(("host", "origin"), access.OWN_ORIGINS)
def test_its_own_origin_is_answered(served: str, host: str, origin: str) -> None:
    assert ask(served, host=host, origin=origin)[0] == 200
    assert ask(served, "GET", "/_mock/health", host=host, origin=origin)[0] == 200


@pytest.mark.parametrize("origin", access.FOREIGN_ORIGINS)
def test_another_origin_is_403(served: str, origin: str) -> None:
    assert_foreign(ask(served, origin=origin), "Origin", "--allow-origin", "allow_origins")
    assert_foreign(ask(served, "GET", "/_mock/state", origin=origin), "Origin", "admin paths")


@pytest.mark.parametrize("site", access.FOREIGN_SITES)
def test_a_request_of_another_site_is_403(served: str, site: str) -> None:
    assert_foreign(ask(served, sec_fetch_site=site), "Sec-Fetch-Site", "--allow-origin")
    assert_foreign(ask(served, sec_fetch_site=site, origin="http://localhost:{port}"), "Sec-Fetch-Site")


@pytest.mark.parametrize(
    "check",
    [
        access.check_several_hosts,
        access.check_absolute_targets,
        access.check_old_requests,
        access.check_allowed_origins,
        access.check_preflights,
        access.check_own_origin,
    ],
)
def test_it_obeys_the_table(served: str, check: access.Check) -> None:
    check(served)


@pytest.mark.parametrize("path", ADMIN)
def test_an_admin_path_answers_no_foreign_origin(served: str, path: str) -> None:
    for method in ADMIN[path]:
        for origin in (*access.ORIGINS, "https://evil.example", "null", "http://localhost:1"):
            for site in (None, "cross-site", "same-origin"):
                answer = ask(served, method, f"/_mock/{path}", origin=origin, sec_fetch_site=site)
                assert_foreign(answer, "Origin", "not even one that --allow-origin names")
            assert_foreign(access.preflight(served, f"/_mock/{path}", origin, method), "Origin")
        for site in ("cross-site", "same-site"):
            assert_foreign(ask(served, method, f"/_mock/{path}", sec_fetch_site=site), "Sec-Fetch-Site")


def test_a_foreign_page_changes_nothing_and_leaves_nothing_in_the_journal() -> None:
    sim = Simulator(allow_origins=[access.ALLOWED_ORIGIN])
    with sim.serve() as base_url, Caller(base_url) as caller:
        pod_id = caller.create()
        sim.faults.add("*", "status_403")
        before = sim.time, len(sim.requests)
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}, {"sec_fetch_site": "cross-site"}):
            for method, path in (
                ("POST", "/_mock/reset"),
                ("DELETE", "/_mock/faults"),
                ("GET", LIST),
                ("POST", CREATE),
            ):
                assert_foreign(ask(base_url, method, path, **headers))
            assert_foreign(ask(base_url, "DELETE", f"/openapi/v1/pods/{pod_id}", **headers))
        access.assert_allows(access.preflight(base_url, CREATE, access.ALLOWED_ORIGIN), access.ALLOWED_ORIGIN)
        assert (sim.time, len(sim.requests)) == before
        assert [str(rule.fault) for rule in sim.faults.pending] == ["status_403"]
        assert [pod.status for pod in sim.pods.values()] == ["INITIALIZE"]


FAULTS = ("status_429", "status_500_before", "status_503_after", "html_502", "html_200", "redirect", "business_code")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_page_of_an_allowed_origin_reads_what_a_fault_answers(fault: str) -> None:
    sim = Simulator(allow_origins=[access.ALLOWED_ORIGIN])
    with sim.serve() as base_url, httpx2.Client(base_url=base_url, headers=KEY) as http:
        sim.faults.add("list", fault)
        answer = http.get(LIST, headers={"origin": access.ALLOWED_ORIGIN})
        assert answer.headers["access-control-allow-origin"] == access.ALLOWED_ORIGIN
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert "x-request-id" in exposed
        assert "x-request-id" in answer.headers
        if fault == "status_429":
            assert "retry-after" in answer.headers
            assert "retry-after" in exposed


def test_the_page_of_an_allowed_origin_reads_that_the_simulator_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = Simulator(allow_origins=[access.ALLOWED_ORIGIN])
    monkeypatch.setattr(sim, "exchange", lambda _: 1 / 0)
    with sim.serve() as base_url:
        access.assert_readable(ask(base_url, origin=access.ALLOWED_ORIGIN), access.ALLOWED_ORIGIN, 500)


def test_without_arguments_it_answers_this_machine_alone() -> None:
    with Simulator().serve() as base_url:
        assert ask(base_url)[0] == 200
        assert_foreign(ask(base_url, host=access.ALLOWED_HOST))
        for origin in access.ORIGINS:
            assert_foreign(ask(base_url, origin=origin))
            assert_foreign(access.preflight(base_url, LIST, origin))


def test_a_loaded_simulator_has_the_hosts_and_origins_that_it_is_given() -> None:
    saved = Simulator(**ALLOWED).to_json()
    for allowed, status in ((ALLOWED, 200), ({}, 403)):
        with Simulator.load(saved, **allowed).serve() as base_url:
            assert ask(base_url, host=access.ALLOWED_HOST)[0] == status
            assert ask(base_url, origin=access.ALLOWED_ORIGIN)[0] == status


# --- In process -------------------------------------------------------------------------------------------------------


def get(simulator: Simulator, base_url: str, headers: Mapping[str, str] | None = None) -> int:
    async def asked() -> int:
        transport = httpx2.ASGITransport(app=simulator.app)
        async with httpx2.AsyncClient(transport=transport, base_url=base_url, headers=KEY) as http:
            return (await http.get(LIST, headers=headers)).status_code

    return asyncio.run(asked())


@pytest.mark.parametrize(
    "base_url",
    ["http://test", "http://testserver", "http://simulator:4020", "https://API.example", "http://192.0.2.1"],
)
def test_in_process_the_url_may_have_any_host(base_url: str) -> None:
    assert get(Simulator(), base_url) == 200
    assert get(Simulator(), base_url, {"origin": base_url.lower()}) == 200


@pytest.mark.parametrize("base_url", ["http://test", "http://127.0.0.1", "http://localhost:4020"])
def test_in_process_a_header_may_not_name_another_host_or_origin(base_url: str) -> None:
    for headers in (
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ):
        assert get(Simulator(), base_url, headers) == 403
    assert get(Simulator(allow_hosts=["evil.example"]), base_url, {"host": "evil.example"}) == 200


async def app_status(simulator: Simulator, server: object, host: bytes) -> int:
    """The status of an answer under a server that says this of itself."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": LIST,
        "query_string": b"",
        "headers": [(b"host", host), (b"x-api-key", b"k")],
        **({} if server is ... else {"server": server}),
    }
    await simulator.app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("server", [..., None, ("127.0.0.1", 80), ("::1", 80), ("/run/socket", None), ("", None)])
def test_a_server_that_does_not_have_the_host_answers_this_machine_alone(server: object) -> None:
    assert asyncio.run(app_status(Simulator(), server, b"evil.example")) == 403
    assert asyncio.run(app_status(Simulator(), server, b"localhost")) == 200


@pytest.mark.parametrize("argument", ["allow_hosts", "allow_origins"])
def test_an_argument_that_cannot_be_right_is_named(argument: str) -> None:
    arguments: Any
    for arguments in ("localhost", b"localhost", 5, None, [5], [None], [b"localhost"], ["a/b"], ["\x1b"]):
        with pytest.raises(ValueError, match="allow") as caught:
            Simulator(**{argument: arguments})
        assert str(caught.value).isprintable()


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("option", "shown"), access.BAD_OPTIONS.items())
def test_an_option_that_cannot_be_right_is_named(option: str, shown: str) -> None:
    command = [sys.executable, "-m", "yottalabs_mock", "--port=0", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("yottalabs-mock: the allowed ")
    assert shown in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-m", "yottalabs_mock", "--port=0", *access.ARGUMENTS],
        [sys.executable, "-m", "yottalabs", "mock", "--port=0", *access.ARGUMENTS],
        ["make", "simulator", "PORT=0", f"OPTIONS={' '.join(access.ARGUMENTS)}"],
    ],
    ids=["yottalabs-mock", "yottalabs mock", "make simulator"],
)
def test_each_command_takes_the_options(command: list[str]) -> None:
    with started(command) as (_, base_url):
        assert ask(base_url, host=access.ALLOWED_HOST)[0] == 200
        assert_foreign(ask(base_url, host="evil.example"))
        access.assert_allows(access.preflight(base_url, LIST, access.ALLOWED_ORIGIN), access.ALLOWED_ORIGIN)
