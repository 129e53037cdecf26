"""How decoding grows with the list, and the drawing of it.

It is to be linear, and is looked at twice: what a pod of the longest list costs, against one of a list of a tenth of
its length. With the garbage collector off, that is to be the same but for what larger memory costs, at most 1.3: a part
that grew with the square of the length and were 4 percent of the cost of the shorter list would make it 1.36. With the
collector on, it is to be at most 1.5. CPython looks at everything anew whenever what is new is a quarter of what was
there: in a list that keeps growing, each pod is looked at a few times more than in a short one, but never more often
than that, so that this is linear too. `json.loads` pays the same, and is shown beside it.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .decoding import REFERENCE, STOCK, Decoder, decoder, memory_of_many, read_two
from .measuring import Contender, Experiment, Finding, Goal, Measure, Row, timed
from .pods import ROOT, list_body
from .scale import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN = ("ours", REFERENCE, STOCK)
LOOKS = (("ours", "#0060c0", "o", "-"), (REFERENCE, "#404040", "s", "--"), (STOCK, "#c04000", "^", ":"))
Growth = Mapping[str, Mapping[int, float]]
"""Contender -> number of pods -> seconds."""


def experiments(scale: Scale) -> Iterator[Experiment]:
    """Lists of growing length; what the longest one takes for each pod, and holds."""
    chosen = [decoder(name) for name in DRAWN]
    for count in scale.sizes:
        body = list_body(count)
        times = max(1, 1000 // count)
        yield Experiment(
            [Contender(one.name, _reading(one, body, times)) for one in chosen],
            [Row(f"list of {count:,} pods, as it grows", REFERENCE, pods=count)],
            scale.rounds if count < scale.sizes[-1] else scale.few_rounds,
        )
    yield from _linearity(scale)
    yield memory_of_many(scale)


def _linearity(scale: Scale) -> Iterator[Experiment]:
    few, many = scale.pods, scale.many_pods
    times = many // few
    bodies = {many: list_body(many), few: list_body(few)}
    what = f"one list of {many:,} pods against {times} of {few:,}, for each pod"

    def contender(name: str, count: int, reading: Callable[[Measure], Measure]) -> Contender:
        measure = reading(_reading(decoder(name), bodies[count], many // count))
        return Contender(f"{name}, {count:,} pods", lambda: measure() / count)

    for reading, how, most in ((_without_collector, "without garbage collector", 1.3), (_as_it_is, "as it is", 1.5)):
        yield Experiment(
            [contender(name, count, reading) for name in ("ours", REFERENCE) for count in (many, few)],
            [
                Row(f"{what}, {how}", f"ours, {few:,} pods", Goal("at most", most), ours=f"ours, {many:,} pods"),
                Row(
                    f"{REFERENCE} of {what}, {how}",
                    f"{REFERENCE}, {few:,} pods",
                    ours=f"{REFERENCE}, {many:,} pods",
                ),
            ],
            scale.few_rounds,
        )


def _as_it_is(measure: Measure) -> Measure:
    return measure


def _without_collector(measure: Measure) -> Measure:
    def measured() -> float:
        gc.disable()
        try:
            return measure()
        finally:
            gc.enable()

    return measured


def _reading(one: Decoder, body: bytes, times: int) -> Measure:
    return timed(lambda: read_two(one, body), times)


def growth_of(findings: Sequence[Finding]) -> Growth:
    """The points of the drawing."""
    points = [(finding.row.pods, finding.contenders) for finding in findings if finding.row.pods is not None]
    return {name: {pods: contenders[name] for pods, contenders in points} for name in DRAWN}


def draw(growth: Growth, file: Path) -> None:
    """Draws how decoding grows, both axes logarithmic. The same numbers give the same bytes."""
    # Neither are the user's settings read, nor is a list of fonts written into the home folder.
    os.environ["MPLCONFIGDIR"] = str(ROOT / "build" / "matplotlib")
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    settings: dict[str, Any] = {
        "svg.hashsalt": "yottalabs",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",
        "font.size": 9,
    }
    with plt.style.context(settings, after_reset=True):
        figure, axes = plt.subplots(figsize=(6, 3.6), facecolor="white", layout="constrained")
        _lines(axes, growth)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)


def _lines(axes: Axes, growth: Growth) -> None:
    for name, colour, marker, line in LOOKS:
        points = sorted(growth[name].items())
        axes.plot(
            [pods for pods, _ in points],
            [seconds * 1000 for _, seconds in points],
            color=colour,
            marker=marker,
            markersize=4,
            linestyle=line,
            label=name,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("pods in the list")
    axes.set_ylabel("milliseconds")
    axes.set_title("A list decoded, id and status of each pod read", fontsize=9)
    axes.grid(visible=True, color="#e0e0e0", linewidth=0.5)
    axes.legend(frameon=False)
