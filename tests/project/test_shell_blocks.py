"""Each shell block of the documentation works as it is pasted into bash and zsh, or is one that rents real pods."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .checkout import copy
from .documents import DOCUMENTS, SHELL, Block, blocks
from .shells import SHELLS, free_port, interactive
from support.contract import ROOT
from support.programs import path_of

BLOCKS = {block.place: block for document in DOCUMENTS for block in blocks(document, *SHELL)}
MAKE = "README.md: make demo"
TERMINAL = "README.md: python3 -m venv my-environment"
SERVERS = [
    "docs/simulator.md: yottalabs-mock --port 4020",
    "docs/simulator.md: yottalabs-mock --port 4020 --ssh me@127.0.0.1:22",
]
NOT_RUN = {
    "README.md: yottalabs run --image IMAGE --gpu NVIDIA_L4_24G --max-hourly-price 1 -- nvidia-smi": "rents real pods",
}
QUICK = "yottalabs mock --port 0 --boot 0.1 --healthy 0.1 --terminate 0.1"
POD = "33186\\d+"

shells = pytest.mark.parametrize("shell", SHELLS)


def variables(home: Path, **more: str) -> dict[str, str]:
    """The environment of a shell, with the commands of this project."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home), **more}


def test_each_block_is_run_or_has_a_reason() -> None:
    assert {MAKE, TERMINAL, *SERVERS, *NOT_RUN} == BLOCKS.keys()


def test_each_other_block_has_a_language_that_is_tested() -> None:
    others = {block.language for document in DOCUMENTS for block in blocks(document)} - SHELL
    assert others == {"python", "toml", "yaml", "text", "mermaid"}  # the last two are for people


@shells
@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_each_block_parses(shell: str, block: Block, tmp_path: Path) -> None:
    (tmp_path / "block").write_text(block.code, encoding="utf-8")
    options = ["-n"] if shell == "bash" else ["-n", "-o", "no_interactive_comments"]
    subprocess.run([path_of(shell), *options, str(tmp_path / "block")], check=True, timeout=30)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_no_block_relies_on_what_differs_between_interactive_shells(block: Block) -> None:
    assert not re.search(r"(^|\s)#", block.code, re.MULTILINE), "zsh takes a comment for arguments"
    assert not re.search(r"\bsleep\b", block.code), "a fixed pause is too short on some machine"
    assert not re.search(r"%\d", block.code), "the number of a job depends on the other jobs"
    assert not re.search(r"(?<!\$)!", block.code), "an exclamation mark is a reference to the history"


@shells
def test_the_block_of_the_readme_for_a_terminal_works_twice(
    shell: str, nothing_installed: dict[str, str], tmp_path: Path
) -> None:
    checkout = copy(tmp_path / "checkout")
    block = BLOCKS[TERMINAL].code
    assert block.count("yottalabs mock --port 0") == 1
    block = block.replace("yottalabs mock --port 0", QUICK)
    with interactive(shell, nothing_installed, checkout) as started:
        for enter in (started.type, started.paste):
            written = enter(block)
            assert re.search(rf"pod {POD} is ready after \d+s at 0.6126 an hour", written), written
            assert re.search(rf"{POD}  demo  RUNNING ", written), written
            assert re.search(rf"deleted {POD} \(demo\)", written), written
        assert "unset" in started.type("echo ${YOTTA_API_KEY-unset}\n").splitlines()


@shells
def test_the_targets_that_the_readme_names_first_are_there(shell: str, tmp_path: Path) -> None:
    with interactive(shell, variables(tmp_path, MAKEFLAGS="n"), ROOT) as started:
        written = started.type(BLOCKS[MAKE].code)
    assert "mock/demo.py" in written
    assert "-m pytest" in written


@shells
@pytest.mark.parametrize("block", SERVERS)
def test_a_server_serves_until_control_c(shell: str, block: str, tmp_path: Path) -> None:
    with interactive(shell, variables(tmp_path), tmp_path) as started:
        for _ in range(2):
            port = free_port()
            started.serve(BLOCKS[block].code.replace("4020", port), f"ready http://127.0.0.1:{port}\r\n")
