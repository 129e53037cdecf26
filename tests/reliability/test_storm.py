"""Whatever goes wrong, and however many ask at once: nobody loses a pod or gets two, and a sweep ends the leased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from yottalabs_mock._catalogue import CREATE, Fault

from .storm import LIFETIME, Storm

SEED = 2026


@pytest.mark.parametrize(
    ("creates", "least"),
    [
        pytest.param(500, 1, id="short"),
        # A minute of computing, which on a busy machine may be five.
        pytest.param(10_000, 50, id="long", marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_after_a_storm_every_pod_is_known_and_a_sweep_ends_the_leased_ones(
    creates: int, least: int, tell: Callable[[str], None]
) -> None:
    storm = Storm(creates, SEED)
    storm.begin()
    storm.create()
    known, pods = storm.known, storm.pods()

    # Every pod is known to its caller, or is named by an error's token.
    ids = set(known.ids)
    assert [pod for pod in pods.values() if pod.id not in ids and pod.token not in known.tokens] == []
    assert ids <= pods.keys()
    assert len(known.ids) == len(ids)
    # No token has two pods.
    assert [token for token, count in Counter(pod.token for pod in pods.values()).items() if count > 1] == []

    # A sweep before the end of the leases, whatever goes wrong meanwhile, ends nothing.
    storm.sweep(may_fail=True)
    assert not any(pod.is_ending for pod in storm.pods().values())
    storm.sim.faults.clear()
    stays, goes = storm.lease_elsewhere(2 * LIFETIME), storm.lease_elsewhere(LIFETIME / 2)
    storm.sweep()
    assert not any(pod.is_ending for pod in storm.pods().values())

    # After it, one while things go wrong may not end all of them, and the next one does. The others stay.
    storm.sim.advance(LIFETIME + 1)
    storm.begin()
    storm.sweep(may_fail=True)
    storm.sim.faults.clear()
    storm.sweep()
    assert storm.pods(lambda pod: pod.is_leased and not pod.is_ending).keys() == {stays}
    assert storm.pods(lambda pod: not pod.is_leased and pod.is_ending) == {}
    assert goes in storm.pods(lambda pod: pod.is_ending)

    # It was a storm.
    sent = [request for request in storm.sim.requests if request.operation == CREATE]
    faulted = sum(request.fault is not None for request in sent) / len(sent)
    assert faulted >= 0.3
    rare = {str(fault): storm.sim.faults.counts[fault] for fault in Fault if storm.sim.faults.counts[fault] < least}
    assert rare == {}
    assert len(storm.pods(lambda pod: not pod.is_leased)) >= creates // 100
    assert len(storm.pods(lambda pod: pod.is_leased)) >= creates // 3
    assert known.tokens
    tell(
        f"storm of {creates} leased creates: {faulted:.0%} of the creates faulted, "
        f"each fault {min(storm.sim.faults.counts.values())} times or more, {len(pods)} pods, "
        f"{len(known.tokens)} tokens named by errors, {storm.sim.requests[-1].number} requests"
    )
