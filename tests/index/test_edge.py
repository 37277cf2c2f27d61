"""The side of a line, beside fractions."""

import math
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from stcloud.index import edge, lookup
from stcloud.testing.examples import examples

metres = st.one_of(
    st.integers(-4, 4).map(float),
    st.floats(-1e8, 1e8, allow_subnormal=False).filter(lambda one: one == 0 or abs(one) > 1e-60),
    st.floats(38_500_000, 38_500_001),
)


def exact(ax, ay, bx, by, px, py):
    ax, ay, bx, by, px, py = (Fraction(one) for one in (ax, ay, bx, by, px, py))
    found = (ax - px) * (by - py) - (ay - py) * (bx - px)
    return (found > 0) - (found < 0)


@settings(deadline=None, max_examples=examples(300))
@given(metres, metres, metres, metres, metres, metres)
@example(12.0, 12.0, 24.0, 24.0, 0.5 + 2**-53, 0.5)
def test_the_turn_is_exact(ax, ay, bx, by, px, py):
    assert edge.turn(ax, ay, bx, by, px, py) == exact(ax, ay, bx, by, px, py)


@settings(deadline=None, max_examples=examples(300))
@given(metres, metres, metres, metres, st.floats(0, 1), st.integers(-2, 2), st.integers(-2, 2))
def test_the_turn_is_exact_right_beside_the_line(ax, ay, bx, by, share, steps_x, steps_y):
    px, py = ax + share * (bx - ax), ay + share * (by - ay)
    for _ in range(abs(steps_x)):
        px = math.nextafter(px, math.copysign(math.inf, steps_x))
    for _ in range(abs(steps_y)):
        py = math.nextafter(py, math.copysign(math.inf, steps_y))
    if any(0 < abs(one) < 1e-60 for one in (px, py)):
        return
    assert edge.turn(ax, ay, bx, by, px, py) == exact(ax, ay, bx, by, px, py)


@settings(deadline=None, max_examples=examples(300))
@given(metres, metres, metres, metres, metres, metres)
def test_the_order_of_ends_does_not_matter(x, y, x1, y1, x2, y2):
    assert edge.crosses(x, y, x1, y1, x2, y2) == edge.crosses(x, y, x2, y2, x1, y1)
    assert edge.touches(x, y, x1, y1, x2, y2) == edge.touches(x, y, x2, y2, x1, y1)
    assert edge.turn(x1, y1, x2, y2, x, y) == -edge.turn(x2, y2, x1, y1, x, y)


def test_no_multiplication_is_fused_with_an_addition():
    for compiled in (edge.turn, edge._exact_turn):
        assert compiled.compiled, "numba knows kernels now"
        again = njit(compiled.py_func)
        again(0.0, 0.0, 1.0, 2.0, 3.0, 4.0)
        (assembly,) = again.inspect_asm().values()
        assert "mul" in assembly
        assert "fmadd" not in assembly
        assert "fmsub" not in assembly
    assert not lookup.find_cells.targetoptions.get("fastmath")
