"""The simulator that schemathesis asks.

`python -m contract.obeying` serves one until its input ends; that is how seeded faults are run. It prints its base URL
and where its code comes from, as JSON.
"""

from __future__ import annotations

import json
import sys

import yottalabs_mock
from yottalabs_mock import Reads, Simulator, Times

FIRST_KEY = "the-key-of-the-first-user"
SECOND_KEY = "the-key-of-the-second-user"
"""What it takes. The requests are the first user's; the other must not see what is his."""


def simulator() -> Simulator:
    """One that takes the keys. Its pods change with each list, so that lists show every status that they can."""
    once = Reads(1)
    times = Times(boot=once, healthy=once, pause=once, terminate=once, forget=once)
    return Simulator(api_keys=[FIRST_KEY, SECOND_KEY], times=times)


if __name__ == "__main__":
    with simulator().serve() as served:
        print(json.dumps({"base_url": served, "module": yottalabs_mock.__file__}), flush=True)
        sys.stdin.read()
