from __future__ import annotations

import pytest
from yottalabs_mock import Simulator

from .asking import Caller


@pytest.fixture
def sim() -> Simulator:
    return Simulator()


@pytest.fixture
def caller(sim: Simulator) -> Caller:
    return Caller(sim)
