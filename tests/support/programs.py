"""A pytest plugin: a test that needs a program which README does not name is skipped where the program is missing.

A test has a marker for that, `@pytest.mark.needs("zsh")`; a fixture calls `needs` or `path_of`. pytest's summary has
one line for each file and reason.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import pytest

FOLDERS_OF_ADMINISTRATORS = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # not on everybody's PATH, and sshd is there
PACKAGES = {  # of Debian, where the package is called otherwise than the program
    "ldd": "libc-bin",
    "objdump": "binutils",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
}


def find(name: str) -> str | None:
    """Return the path of a program, or None."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS_OF_ADMINISTRATORS]))


def needs(*names: str) -> None:
    """Skip the test, or the tests of a fixture, if a program is missing."""
    if missing := [name for name in names if find(name) is None]:
        packages = dict.fromkeys(PACKAGES.get(name, name) for name in missing)
        pytest.skip(f"{' and '.join(missing)} not found (on Debian: apt install {' '.join(packages)})")


def path_of(name: str) -> str:
    """Return the path of a program; skip the test if it is missing."""
    needs(name)
    return str(find(name))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*programs): skipped where one of the programs is missing")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        needs(*marker.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take the line out of the place of a skip: the summary shows those of one file and reason together."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        report.longrepr = (str(item.path), None, report.longrepr[2])  # type: ignore[assignment]  # pytest's summary takes it so
    return report
