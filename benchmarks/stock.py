"""The client that the stock generator makes of the contract, without our templates: made once, kept in build/."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .pods import CONTRACT, ROOT

BUILD = ROOT / "build"
GENERATOR = "openapi-python-client"
PACKAGE = "stock_client"


class NotMadeError(Exception):
    """The stock generator fails; the message is what it says."""


@cache
def stock_models() -> Any:
    """The models of the stock client."""
    folder = str(made())
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(f"{PACKAGE}.models")


def made() -> Path:
    """The folder that has the stock client; another one for another contract and for another generator."""
    contract = CONTRACT.read_bytes()
    digest = hashlib.sha256(contract + version(GENERATOR).encode()).hexdigest()[:16]
    folder = BUILD / f"stock-{digest}"
    if not folder.is_dir():
        unfinished = BUILD / f".stock-{digest}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _generate(unfinished)
        unfinished.rename(folder)  # whole, or not there
    return folder


def _generate(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text("post_hooks: []\n", encoding="utf-8")  # the formatting changes nothing
    options = ["--path", str(CONTRACT), "--meta", "none", "--config", str(config)]
    done = subprocess.run(  # noqa: S603  # a program of this environment
        [str(Path(sys.executable).with_name(GENERATOR)), "generate", *options, "--output-path", str(folder / PACKAGE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not (folder / PACKAGE / "models").is_dir():
        raise NotMadeError((done.stdout + done.stderr).strip())
