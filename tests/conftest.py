from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from yottalabs import AsyncYottaLabs, YottaLabs
from yottalabs_mock import Simulator

from prism import running_prism
from support.clients import Waited

pytest_plugins = ["support.leftovers", "support.programs"]

# Deterministic, offline, and without a database that would leave files behind.
hypothesis.settings.register_profile("repository", derandomize=True, database=None, deadline=None, print_blob=False)
hypothesis.settings.load_profile("repository")


PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
NO_CONFIG_FILE = str(Path(__file__).with_name("there-is-no-such-file.toml"))
MAKE = {"makeflags", "mflags", "makelevel", "makefiles"}


@pytest.fixture(scope="session", autouse=True)
def no_make_around() -> Iterator[None]:
    """A `make` that a test starts is not part of the one that runs the tests, and does not talk of folders."""
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.lower() in MAKE:
                environment.delenv(name)
        yield


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has in the environment, or in a file of profiles, must not decide a test."""
    for name in list(os.environ):
        if name.startswith(("YOTTA_", "YOTTALABS_")) or name.lower() in PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("YOTTA_CONFIG_FILE", NO_CONFIG_FILE)


@pytest.fixture(scope="session")
def prism() -> Iterator[str]:
    """The base URL of a real Prism, shared by the tests of a worker: it has no state."""
    with running_prism() as base_url:
        yield base_url


@pytest.fixture
def simulator() -> Iterator[str]:
    """The base URL of a simulator of its own for each test, on a real socket, in real time."""
    with Simulator(clock="real").serve() as base_url:
        yield base_url


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a client; each test that uses it runs with the synchronous and with the asynchronous one."""
    if request.param == "sync":
        yield YottaLabs
        return
    with asyncio.Runner() as runner:
        yield lambda *args, **kwargs: Waited(AsyncYottaLabs(*args, **kwargs), runner)


TOLD = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says something at the end of the run, whatever captures the output and in whichever process the test runs."""
    config = request.config
    workeroutput: dict[str, list[str]] = getattr(config, "workeroutput", {})
    return workeroutput.setdefault("told", config.stash.setdefault(TOLD, [])).append


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash.setdefault(TOLD, []).extend(getattr(node, "workeroutput", {}).get("told", []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    told = config.stash.get(TOLD, [])
    if told:
        terminalreporter.section("what was covered")
        terminalreporter.write_line("\n".join(sorted(told)))
