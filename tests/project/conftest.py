from __future__ import annotations

import pytest

from .distributions import empty_environment


@pytest.fixture(scope="session")
def nothing_installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine on which only Python is installed; pip can install what this project requires."""
    return empty_environment(tmp_path_factory.mktemp("machine") / "home")
