"""Where the time goes: `python -m benchmarks --profile`."""

from __future__ import annotations

import cProfile
import pstats
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from yottalabs import YottaLabs

from .calls import KEY, POD_ID, arguments
from .decoding import decoder, read_all
from .pods import ROOT, list_body
from .processes import running
from .scale import Scale

LINES = 15


def show(scale: Scale) -> None:
    """Prints where the time of a list with every field read goes, and that of each call."""
    body, ours = list_body(scale.pods), decoder("ours")
    _profile(f"list of {scale.pods:,} pods, every field of each read", lambda: read_all(ours, body), 1)
    with running([sys.executable, "-m", "benchmarks.server"]) as url, YottaLabs(KEY, base_url=url) as client:
        times = 20 * scale.calls
        _profile("create", lambda: client.pods.create(**arguments()), times)
        _profile("list of one pod", client.pods.list, times)
        _profile("delete", lambda: client.pods.delete(POD_ID), times)


def _profile(name: str, call: Callable[[], object], times: int) -> None:
    call()  # what the first call loads
    profile = cProfile.Profile()
    with profile:
        for _ in range(times):
            call()
    stats = pstats.Stats(profile).get_stats_profile()
    functions = _functions(profile)
    total = stats.total_tt
    print(f"\n### {name}: {total / times * 1000:.3g} ms under the profiler\n")
    print("| share | calls | function |\n|---|---|---|")
    for own_time, calls, function in sorted(functions, reverse=True)[:LINES]:
        print(f"| {own_time / total:.1%} | {calls / times:,g} | `{function}` |")
    packages: dict[str, float] = defaultdict(float)
    for own_time, _, function in functions:
        packages[function.partition("/")[0] if "/" in function else "Python and its library"] += own_time / total
    largest = sorted(packages.items(), key=lambda package: -package[1])
    print(f"\nBy package: {', '.join(f'{name} {share:.0%}' for name, share in largest[:6])}.")


def _functions(profile: cProfile.Profile) -> list[tuple[float, int, str]]:
    """Every function with its own time and its calls."""
    found = []
    for entry in profile.getstats():
        code = entry.code
        name = code.strip("<>") if isinstance(code, str) else f"{_place(Path(code.co_filename))}:{code.co_name}"
        found.append((entry.inlinetime, entry.callcount, name))
    return found


def _place(file: Path) -> str:
    """A file without where it is on this machine."""
    folders = (*(ROOT / name for name in ("overlays", "generated", "mock")), *map(Path, sysconfig.get_paths().values()))
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        if file.is_relative_to(folder):
            return file.relative_to(folder).as_posix()
    return file.name
