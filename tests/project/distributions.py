"""What is installed here, for the environments of tests: nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from support.contract import ROOT

NOT_IN_WHEELS = {"INSTALLER", "REQUESTED", "direct_url.json"}  # pip writes them where it installs


def is_meant(requirement: Requirement, extras: Iterable[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def needed(requirements: Iterable[str], extra: str = "") -> Iterator[metadata.Distribution]:
    """The distributions that are required, and what those require, each once."""
    wanted, found = [(Requirement(text), {"", extra}) for text in requirements], set[str]()
    while wanted:
        requirement, extras = wanted.pop()
        if not is_meant(requirement, extras) or requirement.name in found:
            continue
        distribution = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(distribution.version), requirement
        yield distribution
        found.add(requirement.name)
        wanted += [(Requirement(text), {"", *requirement.extras}) for text in distribution.requires or []]


def files(distribution: metadata.Distribution) -> Iterator[metadata.PackagePath]:
    """The files of a distribution, without its programs."""
    for file in distribution.files or []:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            yield file


def provide(interpreter: Path, requirements: Iterable[str], extra: str = "") -> None:
    """Gives an environment the distributions that are required, and what those require."""
    (site_packages,) = (interpreter.parents[1] / "lib").glob("python*/site-packages")
    for distribution in needed(requirements, extra):
        for file in files(distribution):
            target = site_packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)


def project_requirements() -> list[str]:
    """What pip needs to build this project and to install it with both extras."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    extras = project["optional-dependencies"].values()
    return [
        *document["build-system"]["requires"],
        *project["dependencies"],
        *(text for extra in extras for text in extra),
    ]


def empty_environment(folder: Path) -> dict[str, str]:
    """The variables of a machine where Python is installed, and no package: PATH and HOME.

    Args:
        folder: The home directory, which is made. Its settings let pip install what this project requires, and pytest,
            from wheels that are made of what is installed here, and nothing else.
    """
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for distribution in needed([*project_requirements(), "pytest"]):
        described = (distribution.read_text("WHEEL") or "").splitlines()
        (tag, *_) = (line.split()[1] for line in described if line.startswith("Tag: "))
        name = distribution.name.replace("-", "_").replace(".", "_")
        with zipfile.ZipFile(wheels / f"{name}-{distribution.version}-{tag}.whl", "w") as wheel:
            for file in files(distribution):
                if file.name not in NOT_IN_WHEELS:
                    wheel.write(str(file.locate()), file.as_posix())
    settings = folder / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True)
    options = f"no-index = true\nfind-links = {wheels.as_uri()}\ndisable-pip-version-check = true\n"
    settings.write_text(f"[global]\n{options}", encoding="utf-8")
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    own = str(Path(sys.executable).parent)
    path = [str(folder / "bin"), *(part for part in os.environ["PATH"].split(os.pathsep) if part != own)]
    return {"PATH": os.pathsep.join(path), "HOME": str(folder)}
