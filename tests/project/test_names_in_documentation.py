"""What the documentation names is there: commands, options, targets, files, links and their anchors."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from yottalabs._cli.program import root
from yottalabs_mock import _command as simulator

from .checkout import run
from .documents import DOCUMENTS, SHELL, anchors, blocks, code_in_text, links, name
from support.contract import ROOT

OPTIONS_OF_OTHERS = {
    "--durations": "pytest",
    "--isolated": "ruff",
    "--resolution": "uv",
    "--showlocals": "pytest",
    "--write-screens": "tests/cli/test_screens.py",
    "--write-table": "tests/reliability/test_matrix.py",
}
# Where a page means a file: the names of modules are those of the folder that its section is about.
FOLDERS = (
    "",
    "benchmarks",
    "codegen",
    "generated/yottalabs_api",
    "mock",
    "mock/yottalabs_mock",
    "overlays/yottalabs",
    "overlays/yottalabs/_cli",
    "tests",
    "tests/contract",
    "tests/reliability",
)
FILE = re.compile(r"[\w.-][\w.{},/-]*(/|\.(json|md|mjs|py|svg|toml|yaml|yml))")
NO_FILES_HERE = {
    "config.toml": "in the home directory",
    "scenario.json": "an example",
    "my_program.py": "an example",
}

CURRENT = [document for document in DOCUMENTS if document.name != "CHANGELOG.md"]  # which names what has been, too
each_current_document = pytest.mark.parametrize("document", CURRENT, ids=name)


def lines_of_blocks(document: Path) -> list[str]:
    return [line for block in blocks(document, *SHELL) for line in block.code.splitlines()]


def commands(lines: Iterable[str]) -> Iterator[list[str]]:
    """The words of each command of ours, without what a shell does with them."""
    for line in lines:
        if re.match(r"(yottalabs|yottalabs-mock|make)( |$)", line):
            words = shlex.split(line.replace("…", ""))
            yield list(itertools.takewhile(lambda word: word not in {"|", ">", "&"}, words))


def refuse_unknown(words: list[str], *, complete: bool) -> None:
    """Parses the words of a command as the command does.

    Args:
        words: The command.
        complete: Whether each required argument must be there, with a valid value. A sentence may name a command alone.

    Raises:
        click.UsageError: A command or an option does not exist.
        SystemExit: It does not, of the simulator.
    """
    program, *arguments = words
    if program == "yottalabs-mock" or arguments[:1] == ["mock"]:
        simulator._parser(program).parse_args([word for word in arguments if word not in {"mock", "--help"}])
        return
    command: click.Command = root
    context = click.Context(root, info_name=program)
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    if complete:
        command.make_context(command.name, arguments, parent=context).close()
    else:
        command.make_parser(context).parse_args(arguments)


def options_of(command: click.Command) -> Iterator[str]:
    for parameter in command.get_params(click.Context(command)):
        yield from [*parameter.opts, *parameter.secondary_opts]
    if isinstance(command, click.Group):
        for found in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), found)
            assert inner is not None
            yield from options_of(inner)


@each_current_document
def test_each_command_that_is_shown_exists(document: Path) -> None:
    for lines, complete in ((lines_of_blocks(document), True), (code_in_text(document), False)):
        for words in commands(lines):
            if words[0] != "make":
                refuse_unknown(words, complete=complete)


@pytest.mark.parametrize(
    ("words", "complete"),
    [
        ("yottalabs pod list", False),
        ("yottalabs pods list --al", False),
        ("yottalabs pods create --image x --gpus-type y", False),
        ("yottalabs pods create --image x --gpu y --gpus many", True),
        ("yottalabs pods wait", True),
    ],
)
def test_a_command_that_does_not_exist_is_found(words: str, *, complete: bool) -> None:
    with pytest.raises(click.UsageError):
        refuse_unknown(words.split(), complete=complete)


@each_current_document
def test_each_option_in_the_text_exists(document: Path) -> None:
    known = {*options_of(root), *simulator._parser("")._option_string_actions, *OPTIONS_OF_OTHERS}
    text = " ".join(code_in_text(document))
    assert set(re.findall(r"(?<!\S)--[a-z][a-z-]*", text)) <= known


@each_current_document
def test_each_target_of_make_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^  make (\S+)", run(["make", "help"], cwd=ROOT).stdout, re.MULTILINE))
    assert {"setup", "demo", "test", "generate", "check", "mock", "simulator", "contract", "live", "bench"} <= targets
    found = commands([*lines_of_blocks(document), *code_in_text(document)])
    assert {word for words in found if words[0] == "make" for word in words[1:2]} <= targets


@each_current_document
def test_each_file_that_is_named_exists(document: Path) -> None:
    for text in code_in_text(document):
        if FILE.fullmatch(text) and text not in NO_FILES_HERE:
            prefix, *variants = re.split(r"[{},]", text)
            names = [f"{prefix}{variant}{variants[-1]}" for variant in variants[:-1]] or [text]
            for named in names:
                assert any((ROOT / folder / named).exists() for folder in FOLDERS), text


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_each_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        if not link.startswith(("https:", "http:")):
            path, _, anchor = unquote(link).partition("#")
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link
