"""Prism's front answers this machine, and the hosts and origins that were named: by the table of the simulator."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

import prism as prism_module
from support import access
from support.access import ask, assert_foreign
from support.processes import started
from support.raw import LIST


@pytest.fixture(scope="module")
def front() -> Iterator[str]:
    with prism_module.running_prism(*access.ARGUMENTS) as base_url:
        yield base_url


@pytest.mark.parametrize("host", access.GOOD_HOSTS)
def test_a_host_of_this_machine_or_one_that_was_named_is_answered(front: str, host: str) -> None:
    assert ask(front, host=host)[0] == 200


@pytest.mark.parametrize("host", access.BAD_HOSTS)
def test_another_host_is_403(front: str, host: str) -> None:
    assert_foreign(ask(front, host=host), "Host", "--allow-host")


@pytest.mark.parametrize(("host", "origin"), access.OWN_ORIGINS)
def test_its_own_origin_is_answered(front: str, host: str, origin: str) -> None:
    assert ask(front, host=host, origin=origin)[0] == 200


@pytest.mark.parametrize("origin", access.FOREIGN_ORIGINS)
def test_another_origin_is_403(front: str, origin: str) -> None:
    assert_foreign(ask(front, origin=origin), "Origin", "--allow-origin")


@pytest.mark.parametrize("site", access.FOREIGN_SITES)
def test_a_request_of_another_site_is_403(front: str, site: str) -> None:
    assert_foreign(ask(front, sec_fetch_site=site), "Sec-Fetch-Site", "--allow-origin")
    assert_foreign(ask(front, sec_fetch_site=site, origin="http://localhost:{port}"), "Sec-Fetch-Site")


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
def test_it_obeys_the_table(front: str, check: access.Check) -> None:
    check(front)


def test_a_page_reads_an_answer_that_was_wished_for(front: str) -> None:
    for wish in ("code=500", "code=429", "dynamic=true"):
        answer = ask(front, origin=access.ALLOWED_ORIGIN, prefer=wish)
        access.assert_readable(answer, access.ALLOWED_ORIGIN, answer[0])


def test_a_tunnel_for_another_host_is_403(front: str) -> None:
    assert_foreign(ask(front, "CONNECT", "mock:80", host="evil.example"), "Host")
    assert ask(front, "CONNECT", "mock:80")[0] == 405


def test_without_options_it_answers_this_machine_alone(prism: str) -> None:
    assert ask(prism)[0] == 200
    assert_foreign(ask(prism, host=access.ALLOWED_HOST))
    for origin in access.ORIGINS:
        assert_foreign(ask(prism, origin=origin))
        assert_foreign(access.preflight(prism, LIST, origin))


@pytest.mark.parametrize(("option", "shown"), access.BAD_OPTIONS.items())
def test_an_option_that_cannot_be_right_is_named(option: str, shown: str) -> None:
    done = subprocess.run(
        prism_module.command("--port=0", option), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("mock: the allowed ")
    assert shown in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


def test_make_passes_the_options_on() -> None:
    with started(["make", "mock", "PORT=0", f"OPTIONS={' '.join(access.ARGUMENTS)}"]) as (_, base_url):
        assert ask(base_url, host=access.ALLOWED_HOST)[0] == 200
        access.assert_allows(access.preflight(base_url, LIST, access.ALLOWED_ORIGIN), access.ALLOWED_ORIGIN)


def test_the_environment_has_no_options_for_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIONS", "--nonsense")
    with started(["make", "mock", "PORT=0"]) as (_, base_url):
        assert ask(base_url)[0] == 200
