"""Text that comes from outside: from the API, a proxy, a file, the environment, a command line.

Such text may hold what a terminal, an editor or a reader of a log acts on. `printable` is the one function that makes
it fit to be shown. The library uses it for the text of errors, for log lines and for reports; the command for all that
it prints. Attributes, `error.message` and `pod.name` for example, keep the text as it came.
"""

from __future__ import annotations

from collections.abc import Callable

SPACES = frozenset(["\xa0", "\u1680", *map(chr, range(0x2000, 0x200B)), "\u202f", "\u205f", "\u3000"])
"""The characters that Python calls not printable and that nothing acts on: spaces of other widths."""
LONGEST_ID = 64  # characters of an id, a status, a name of a request, in a message
LONGEST_QUOTE = 500  # characters of a message that somebody else wrote, in one of ours


def printable(text: str, longest: int | None = None) -> str:
    r"""Return a text in one line, such that a terminal, a log or an editor shows it and does nothing else.

    Replaced by their escapes (`\x1b`, `\n`, `\u202e`, `\U000e0001`) are control characters, format characters (which
    change the direction of text or have no width), line and paragraph separators, halves of surrogate pairs, and
    characters for private use or without a meaning. A text that was made printable stays as it is.

    Args:
        text: The text.
        longest: How many characters are returned at most, the last one "…" where there are more; None returns all.

    Returns:
        The text.
    """
    part = replaced(text if longest is None else text[: longest + 1], _escape)
    return part if longest is None or len(part) <= longest else f"{part[: longest - 1]}…"


def replaced(text: str, escape: Callable[[str], str]) -> str:
    """Return a text of which each character that is not printable is replaced.

    Args:
        text: The text.
        escape: Gives what stands for a character.

    Returns:
        The text.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in SPACES else escape(each) for each in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
