"""Times as people write and read them: `90s`, `1h30m`, `2d 4h`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

SECONDS_OF = {"d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST = 366 * 24 * 3600.0  # seconds


class Duration(click.ParamType[float]):
    """A length of time: a number of seconds, or numbers with the units d, h, m and s."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads it, as seconds."""
        if isinstance(value, float):
            return value
        seconds = read_duration(str(value))
        if seconds is None:
            self.fail(f"{str(value)!r} is no length of time above zero; write 90s, 10m, 1h30m or 2d", param, ctx)
        return seconds


DURATION = Duration()


def read_duration(text: str) -> float | None:
    """The seconds that a text means; None if it means none, zero, or more than a year."""
    text = text.strip().lower()
    seconds: float | None = None
    if re.fullmatch(r"\d{1,10}(\.\d{1,6})?", text, re.ASCII):
        seconds = float(text)
    elif re.fullmatch(r"(\d{1,10}(\.\d{1,6})?[dhms]\s*)+", text, re.ASCII):
        parts = re.findall(r"([\d.]+)([dhms])", text)
        seconds = sum(float(number) * SECONDS_OF[unit] for number, unit in parts)
    return seconds if seconds is not None and 0 < seconds <= LONGEST else None


def short(seconds: float) -> str:
    """A length of time by its two largest units: `45s`, `3m 10s`, `2d 4h`."""
    rest = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in SECONDS_OF.items():
        amount, rest = divmod(rest, size)
        if amount or parts:
            parts.append(f"{amount}{unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0")) or "0s"


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago a moment was, for people."""
    if moment is None:
        return "unknown"
    return short(((now or datetime.now(UTC)) - moment).total_seconds())


def exact(moment: datetime | None) -> str:
    """A moment for programs: ISO 8601, in UTC."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
