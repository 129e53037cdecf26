"""What the pages of the documentation hold: blocks, code in the text, headings and links."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from support.contract import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHELL = {"", "sh"}  # an indented block has no language


class Block(NamedTuple):
    """A block of code."""

    document: str
    language: str
    code: str

    @property
    def place(self) -> str:
        """The page, and the first line."""
        return f"{self.document}: {self.code.partition(chr(10))[0]}"


def blocks(document: Path, *languages: str) -> list[Block]:
    """The blocks of a page, of all languages or of some."""
    found = [
        Block(name(document), token.info.partition(" ")[0], token.content)
        for token in _tokens(document)
        if token.type in {"fence", "code_block"}
    ]
    return [block for block in found if not languages or block.language in languages]


def code_in_text(document: Path) -> list[str]:
    """Each piece of code inside a sentence or a table."""
    return [token.content for token in _tokens(document) if token.type == "code_inline"]


def links(document: Path) -> list[str]:
    """Where the links and the pictures of a page lead."""
    return [str(token.attrs[key]) for token in _tokens(document) for key in ("href", "src") if key in token.attrs]


def anchors(document: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    tokens = list(_tokens(document))
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def _tokens(document: Path) -> Iterator[Token]:
    for token in MarkdownIt().enable("table").parse(document.read_text(encoding="utf-8")):
        yield token
        yield from token.children or []
