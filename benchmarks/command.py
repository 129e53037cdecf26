"""The command: measures, prints, keeps, and says which goals are missed.

The exit status is 0 where every goal is reached, 1 where one is missed, and 2 where something could not be measured.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

from . import bodies, calls, decoding, growth, profiling, report, simulator, starting, waiting
from .measuring import ContenderError, Experiment, Finding, WrongAnswerError
from .pods import ROOT
from .scale import FULL, SHORT, Scale

GROUPS: Mapping[str, Callable[[Scale], Iterator[Experiment]]] = {
    "decoding": decoding.experiments,
    "waiting": waiting.experiments,
    "calls": calls.experiments,
    "bodies": bodies.experiments,
    "starting": starting.experiments,
    "simulator": simulator.experiments,
    "growth": growth.experiments,
}
RESULTS = ROOT / "benchmarks" / "results.json"
DRAWING = ROOT / "docs" / "decoding.svg"
PAGE = ROOT / "docs" / "performance.md"


def measured(groups: Sequence[str], scale: Scale) -> list[Finding]:
    """What the experiments of some groups find, each after a look at whether its contenders make the same."""
    findings: list[Finding] = []
    for name in groups:
        # Closed at once, whatever happens: the servers of a group run as long as its experiments.
        with closing(GROUPS[name](scale)) as experiments:  # type: ignore[type-var]  # they are generators
            for experiment in experiments:
                print(f"{experiment.rows[0].name} …", file=sys.stderr, flush=True)
                experiment.check()
                findings += experiment.run().findings()
    return findings


def keep(findings: Sequence[Finding]) -> None:
    """Writes what was found: as JSON, as a drawing, and into the documentation."""
    described = report.machine()
    RESULTS.write_text(report.as_json(findings, described), encoding="utf-8")
    growth.draw(growth.growth_of(findings), DRAWING)
    if not report.put_into(PAGE, report.as_markdown(findings, described)):
        print(f"{PAGE.name} has no place for the table, or is not there", file=sys.stderr)


def judge(findings: Sequence[Finding]) -> int:
    """Says which goals are missed; gives the exit status."""
    missed = report.missed(findings)
    print(*missed, sep="\n") if missed else print("every goal is reached")
    return int(bool(missed))


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    scale = SHORT if options.short else FULL
    if options.profile:
        profiling.show(scale)
        return 0
    findings = measured(options.only or list(GROUPS), scale)
    print(report.as_text(findings), end="\n\n")
    status = judge(findings)
    if options.short:
        return 0  # few rounds and short lists prove nothing
    if not options.only:
        keep(findings)
    return status


def main() -> int:
    """Reads the options and does what they say; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures everything in one run.")
    parser.add_argument("--short", action="store_true", help="few rounds and short lists; print, and write nothing")
    parser.add_argument("--only", action="append", choices=GROUPS, help="one group, and write nothing; may be repeated")
    parser.add_argument("--profile", action="store_true", help="print where the time of decoding and of calls goes")
    try:
        return run(parser.parse_args())
    except (ContenderError, WrongAnswerError) as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        print(f"cannot measure: {error}", file=sys.stderr)
    except Exception:  # noqa: BLE001  # whatever it is, it is no missed goal, which is what the status 1 says
        traceback.print_exc()
    return 2
