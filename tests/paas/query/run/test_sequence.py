"""The law of sequences: at every instant what the periods that hold it come to, and no step without a change."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.table.timeline import FOREVER
from stcloud.paas.query.run.sequence import Amount, sequence
from stcloud.testing.examples import examples

Period = tuple[int, int, int, float]

periods = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 12), st.sampled_from([1, 2, 5, FOREVER]),
        st.sampled_from([0.1, 0.2, 0.3, 1e300, -1e-300, 7.0]),
    ).map(lambda one: (one[0], one[1], FOREVER if one[2] == FOREVER else one[1] + one[2], one[3])),
    max_size=8,
)  # fmt: skip
spans = st.sampled_from([(None, None), (3, 9), (None, 6), (4, None), (20, 30), (-5, 40)])


def holding(rows: list[Period], group: int, at: int) -> list[Period]:
    return [row for row in rows if row[0] == group and row[1] <= at < row[2]]


@settings(max_examples=examples(200), deadline=None)
@given(periods, spans)
def test_at_every_instant_a_step_is_what_the_periods_come_to(
    rows: list[Period], span: tuple[int | None, int | None]
) -> None:
    group, start, end = (np.array([row[at] for row in rows], np.int64) for at in range(3))
    amount = Amount(np.ones(len(rows), np.int64), np.array([row[3] for row in rows], float))
    found = sequence(group, start, end, [amount], span)
    told = [found.group, found.start_us, found.end_us, found.counts[0], found.totals[0]]
    steps = list(zip(*(one.tolist() for one in told if one is not None), strict=True))
    assert steps == sorted(steps, key=lambda one: one[:2])
    for which in set(group.tolist()):
        mine = [one for one in steps if one[0] == which]
        inside = [row for row in rows if row[0] == which]
        first = min(row[1] for row in inside) if span[0] is None else span[0]
        last = max(row[2] for row in inside) if span[1] is None else span[1]
        if first >= last:
            continue
        assert mine[0][1] <= first or span[1] is not None
        for one, other in itertools.pairwise(mine):
            assert one[2] == other[1]
            assert one[3:] != other[3:]
        for _, begins, ends, count, total in mine:
            assert begins < ends
            for at in range(begins, min(ends, begins + 40)):
                held = holding(rows, which, at)
                assert count == len(held)
                assert total == math.fsum(row[3] for row in held)
        if span[0] is not None and span[1] is not None:
            assert (mine[0][1], mine[-1][2]) == span
