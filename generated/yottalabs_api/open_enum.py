"""Enumerations that hold values no one knew yet."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self


class OpenEnum(StrEnum):
    """A string enumeration that is open.

    `Colour("RED")` and `Colour("red")` are the member. `Colour("MAUVE")` is a value of the enumeration too, one that is
    not `is_known`: it equals and pickles as its text does, so that a value added to the API tomorrow passes through.
    """

    @property
    def is_known(self) -> bool:
        """Whether the contract names this value."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def _by_value(cls) -> Mapping[str, Self]:
        """The members by their values, to the letter."""
        return cls._value2member_map_  # type: ignore[return-value]  # typeshed: of any value, any member

    @classmethod
    def read(cls, value: Any) -> Any:
        """The value as it came: as a member if it is one to the letter, anything but text unchanged."""
        if type(value) is not str:
            return value
        member = cls._value2member_map_.get(value)
        return cls._unknown(value) if member is None else member

    @classmethod
    def tolerant(cls, value: Any) -> Self | None:
        """The value in any case; None for anything but text."""
        return cls(value) if isinstance(value, str) and value else None

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        value = str.__str__(value)  # of a member of another enumeration, `str` would be its name
        folded = value.casefold()
        return next((member for member in cls if member.value.casefold() == folded), None) or cls._unknown(value)

    @classmethod
    def _unknown(cls, value: str) -> Self:
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self).read, (self._value_,)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}.{self._name_}>" if self.is_known else f"<{type(self).__name__} {self._value_!r}>"
        )


__all__ = ["OpenEnum"]
