"""Every operation with every fault that can happen to it: the caller knows of what exists, and nothing is made twice.

What a cell must hold whatever happens is checked by the cell itself, in `matrix`. Here the ways to ask are held against
each other, and against the table in the documentation.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from yottalabs_mock._catalogue import Fault

from .matrix import IN_PROCESS, OVER_SOCKETS, PATIENT_TIMEOUT, Cell, Pauses, Row, Seen, decided, rows
from .table import table, write, written

AT_ONCE = 12  # cells over sockets, which mostly wait
GROUPS = 6  # of them, for several processes to share
SEED = 4


@pytest.fixture(autouse=True)
def all_is_logged() -> Iterator[None]:
    """The client, and what it is made of, at DEBUG: a cell hears what is said there."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield
    root.setLevel(before)


def rows_of(fault: Fault) -> list[Row]:
    return [row for row in rows() if row.fault == fault]


def in_process(row: Row) -> Seen:
    with decided(Pauses.SHORTEST):
        return Cell(row, IN_PROCESS[0]).try_out()


@pytest.mark.parametrize("fault", Fault)
def test_in_process_both_clients_do_the_same_whatever_chance_decides(fault: Fault) -> None:
    for row in (row for row in rows() if row.fault == fault):
        expected = in_process(row)
        for way in IN_PROCESS:
            for pauses in Pauses:
                with decided(pauses):
                    assert Cell(row, way).try_out() == expected, f"{row}, {way}, {pauses} pauses"


def assert_the_same_over_sockets(cells: Sequence[Cell]) -> None:
    """What a cell must hold, it holds at once. Real time can make a request late: what differs is tried again alone."""
    with decided(Pauses.SHORTEST), ThreadPoolExecutor(AT_ONCE) as pool:
        seen = list(pool.map(Cell.try_out, cells))
    for cell, first in zip(cells, seen, strict=True):
        expected = in_process(cell.row)
        if first != expected:
            with decided(Pauses.SHORTEST):
                again = Cell(cell.row, cell.way, timeout=PATIENT_TIMEOUT).try_out()
            assert again == expected, f"{cell}; at first it was {first}"


@pytest.mark.parametrize("group", range(GROUPS))
def test_over_a_socket_the_same_happens_as_in_process(group: int) -> None:
    """Every row, with one of the two clients."""
    chance = random.Random(SEED)
    cells = [Cell(row, chance.choice(OVER_SOCKETS)) for row in rows()]
    assert_the_same_over_sockets(cells[group::GROUPS])


def test_the_table_in_the_documentation_is_what_happens(request: pytest.FixtureRequest) -> None:
    made = table({row: in_process(row) for row in rows()})
    if request.config.getoption("--write-table", default=False):
        write(made)
    assert written() == made, "run `pytest tests/reliability/test_matrix.py --write-table`, and read what has changed"
