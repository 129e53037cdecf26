"""Copies of the checkout for tests that change it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from support.contract import ROOT


def copy(target: Path, source: Path = ROOT) -> Path:
    """What code is generated and built from."""
    target.mkdir(parents=True)
    ignore = shutil.ignore_patterns("node_modules", "__pycache__")
    for name in ("codegen", "generated", "overlays", "mock", "docs"):
        shutil.copytree(source / name, target / name, ignore=ignore)
    for path in source.iterdir():
        if path.is_file():
            shutil.copy(path, target / path.name)
    return target


Environment = Mapping[str, str]


def python(
    *arguments: str, cwd: Path, check: bool = True, environment: Environment | None = None, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the Python of the tests."""
    return run([sys.executable, *arguments], cwd=cwd, check=check, environment=environment, given=given)


def run(
    command: list[str],
    *,
    cwd: Path,
    check: bool = True,
    environment: Environment | None = None,
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command; its output is part of the failure if it fails."""
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False, input=given)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def generate(checkout: Path, environment: Environment | None = None) -> str:
    """`make generate`, without make."""
    return python("codegen/generate.py", cwd=checkout, environment=environment).stdout


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def import_path(checkout: Path) -> dict[str, str]:
    """The environment in which the packages are those of a checkout."""
    return {"PYTHONPATH": os.pathsep.join(str(checkout / name) for name in ("generated", "overlays"))}


def edit(file: Path, old: str, new: str) -> None:
    """Replaces one text in a file by another."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old, text.count(old))
    file.write_text(text.replace(old, new), encoding="utf-8")


def change(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Sets values in a document, each by its place: `components/schemas/X/type`; `~1` is a slash, None removes."""
    for place, value in changes.items():
        *way, last = (part.replace("~1", "/") for part in place.split("/"))
        holder = document
        for part in way:
            holder = holder.setdefault(part, {})
        if value is None:
            holder.pop(last)
        else:
            holder[last] = value
    return document


def change_file(file: Path, changes: Mapping[str, Any]) -> None:
    """Sets values in a YAML file."""
    document = change(yaml.safe_load(file.read_text(encoding="utf-8")), changes)
    file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
