"""Keeps secrets out of sight: a traceback that shows local variables shows the `repr` of each."""

from __future__ import annotations

from typing import Any


class HiddenBytes(bytes):
    """Bytes that a `repr` does not show."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class HiddenDict(dict[str, Any]):
    """A dictionary of which a `repr` shows the names alone."""

    def __repr__(self) -> str:
        return f"<{', '.join(map(str, self)) or 'nothing'}>"


def without_frames(error: BaseException) -> BaseException:
    """An error, and those that led to it, without the frames that they came through: their variables hold the key."""
    seen: BaseException | None = error
    while seen is not None and seen.__traceback__ is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    return error
