"""Regular expressions: the contract's are those of ECMAScript."""

from __future__ import annotations

import re

from .errors import stop


def python_pattern(pattern: str, place: str) -> str:
    r"""A pattern in Python.

    `$` is the end in ECMAScript; in Python it also is the place before a last line break. Escaped, or in a class, it is
    itself.
    """
    made = ""
    is_escaped = is_in_class = False
    for character in pattern:
        if character == "$" and not is_escaped:
            made += r"\$" if is_in_class else r"\Z"
        else:
            made += character
        if not is_escaped:
            is_in_class = character == "[" or (is_in_class and character != "]")
        is_escaped = character == "\\" and not is_escaped
    try:
        re.compile(made)
    except re.error as error:
        stop(place, f"Python cannot read the pattern {pattern!r} ({error}); write it in another way")
    return made
