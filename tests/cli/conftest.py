from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from .forking import Forks, forks
from .staging import Stage, staged


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-screens", action="store_true", help="write what commands show into tests/cli/screens")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs certificates of servers here; no machine trusts it."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one certificate: SSL_CERT_FILE with it spares a command reading those of the machine."""
    file = tmp_path_factory.mktemp("certificates") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Where commands are forked, in a folder that is empty at first."""
    with forks(tmp_path_factory.mktemp("forked")) as made:
        yield made


@pytest.fixture(scope="module")
def whole_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    """A simulator, and the command: as if nothing had been before."""
    whole_stage.clear()
    return whole_stage
