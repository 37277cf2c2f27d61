"""How: what people write, and what makes no sense for points."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidInput
from stcloud.paas.query.join import Nearest, Within, WithinDistance, read_how

metres = st.floats(0, 1e9)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("within", Within()),
        ("  WITHIN ", Within()),
        ("intersects", Within(first=False)),
        ("within 20 m", WithinDistance(20)),
        ("within 20m", WithinDistance(20)),
        ("within 0.5 km", WithinDistance(500)),
        ("nearest", Nearest()),
        ("nearest 3", Nearest(3)),
        ("nearest within 200 m", Nearest(1, 200)),
        ("nearest  2 within 200 m", Nearest(2, 200)),
    ],
)
def test_what_people_write(text, how):
    assert read_how(text) == how


@given(st.one_of(st.builds(Within, st.booleans()), st.builds(WithinDistance, metres),
                 st.builds(Nearest, st.integers(1, 99), st.one_of(metres, st.just(math.inf)))))  # fmt: skip
def test_what_is_written_is_read_as_it_was(how):
    assert read_how(str(how)) == how


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("contains", "how-needs-extent"),
        ("", "unknown-how"),
        ("within 20", "unknown-how"),
        ("within -1 m", "unknown-how"),
        ("within 20 miles", "unknown-how"),
        ("nearest two", "unknown-how"),
        ("nearest 2 200 m", "unknown-how"),
        ("nearest 0", "invalid-count"),
        ("within 1e999 m", "invalid-distance"),
    ],
)
def test_what_makes_no_sense_is_refused(text, kind):
    with pytest.raises(InvalidInput) as caught:
        read_how(text)
    assert caught.value.kind == kind


@pytest.mark.parametrize("metres", [-1, math.nan])
def test_a_distance_is_never_negative(metres):
    for make in (WithinDistance, lambda far: Nearest(1, far)):
        with pytest.raises(InvalidInput) as caught:
            make(metres)
        assert caught.value.kind == "invalid-distance"
