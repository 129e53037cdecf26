"""Documents that are nested, and what a program makes of them under several recursion limits of the interpreter."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from support import contract

LIMITS = (300, 1000, 10_000, 200_000)
"""Recursion limits. The lowest leaves room for the frames of a call, and for little else."""
USUAL_LIMITS = LIMITS[1:]
"""Those that are at least Python's own."""
DEPTHS = (1, 90, 98, 99, 100, 101, 102, 150, 199, 200, 201, 202, 203, 300, 500, 900, 990, 999)
DEEP = (1000, 1001, 1500, 4990)
_SEED = 14


def nested(rng: random.Random, depth: int, inside: str) -> str:
    """A JSON text of so many arrays and objects in each other."""
    kind = rng.choice(["lists", "objects", "both", "wide"])
    opened, closed = [], []
    for _ in range(depth):
        is_object = kind == "objects" or (kind != "lists" and rng.random() < 0.5)
        front = '1,"]}[{",' if kind == "wide" and not is_object and rng.random() < 0.1 else ""
        opened.append('{"a":' if is_object else f"[{front}")
        closed.append("}" if is_object else "]")
    return "".join(opened) + inside + "".join(reversed(closed))


def documents() -> list[str]:
    """Texts of all depths: JSON and what is nearly JSON."""
    rng = random.Random(_SEED)
    found: list[str] = []
    for depth in (*DEPTHS, *DEEP):
        found += [nested(rng, depth, inside) for inside in ("1", "", '"\\ud800"', "9" * 5000, '"\\"[[[["')]
        whole = nested(rng, depth, "null")
        found += [whole[: len(whole) // 2], whole[:-1], f"{whole}]", f'{whole[: depth // 2]},"[[{whole}']
    return found


def outcomes(program: str, texts: Sequence[str], limit: int) -> list[Any]:
    """What a program makes of each text, in a process of its own whose recursion limit is this.

    Args:
        program: Python that defines a function `outcome` from a text to a JSON value.
        texts: The texts.
        limit: The recursion limit.
    """
    whole = f"""
import json, sys
{program}
texts = json.load(sys.stdin)
sys.setrecursionlimit({limit})
found = [outcome(text) for text in texts]
sys.setrecursionlimit(10_000)
json.dump(found, sys.stdout)
"""
    done = subprocess.run(
        [sys.executable, "-c", whole],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=contract.ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[Any] = json.loads(done.stdout)
    return found


def assert_the_same_under_every_limit(program: str, texts: Sequence[str], limits: Sequence[int] = LIMITS) -> list[Any]:
    """What a program makes of each text, which must not depend on the recursion limit; gives the outcomes."""
    first, *others = (outcomes(program, texts, limit) for limit in limits)
    for other in others:
        different = [(text[:200], one, two) for text, one, two in zip(texts, first, other, strict=True) if one != two]
        assert different == []
    return first
