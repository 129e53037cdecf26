"""Text as an attacker writes it, and what may come to a terminal of it."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "a\nyottalabs: b",
    "a\r\nb\tc\0d\x7f",
    "\x85\x9b31m\x90",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "\u2028\u2029\u200b\u200d\ufeff\xad\u2060\u180e",
    "\ud800\udfff",
    "\U000e0041\U000f0000\ue000\U0010ffff\uffff",
    "=1+1",
]
anything = st.one_of(
    st.text(), st.text(st.characters(categories=["Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"])), st.sampled_from(HOSTILE)
)


def is_harmless(character: str) -> bool:
    """Whether a character is only seen: it neither controls, nor formats, nor breaks a line, nor has no meaning."""
    category = unicodedata.category(character)
    return category[0] != "C" and category not in {"Zl", "Zp"}


def raw(text: str) -> set[str]:
    """The characters of a text, beside the ends of its lines, that are more than seen."""
    return {repr(character) for character in text if character != "\n" and not is_harmless(character)}


__all__ = ["HOSTILE", "anything", "is_harmless", "raw"]
