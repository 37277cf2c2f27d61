"""A test draws the share of its cases that the loaded profile says, and never none."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.testing.examples import covering, examples, spread


@pytest.fixture
def profile():
    """Load profiles, and what was loaded before in the end."""
    loaded = settings.get_current_profile_name()
    yield settings.load_profile
    settings.load_profile(loaded)


def test_a_share_of_the_cases_is_drawn(profile):
    profile("quick")
    assert (examples(60), examples(3)) == (3, 1)
    profile("deep")
    assert (examples(60), examples(3)) == (60, 3)


def test_cases_that_are_alike_are_spread(profile):
    profile("quick")
    assert (spread(range(8)), spread(range(7), least=3), spread("ab")) == ([0], [0, 2, 4], ["a"])
    profile("deep")
    assert spread(range(7), least=3) == list(range(7))
    profile("explore")
    assert spread(range(7)) == list(range(7))


PARAMETERS = st.lists(
    st.fixed_dictionaries({"a": st.integers(0, 4), "b": st.sampled_from("xyz"), "c": st.booleans()})
)


@given(PARAMETERS, st.integers(1, 3))
def test_every_value_of_every_parameter_is_covered(cases, times):
    numbers = covering(cases, times)
    assert numbers == sorted(set(numbers)) == covering([dict(case) for case in cases], times)
    assert set(numbers) <= set(range(len(cases)))
    assert not cases or {0, len(cases) - 1} <= set(numbers)
    occurring, kept = (
        Counter(value for case in chosen for value in case.items())
        for chosen in (cases, [cases[at] for at in numbers])
    )
    assert all(kept[value] >= min(times, count) for value, count in occurring.items())


def test_combinations_are_left_out_and_values_take_turns():
    combined = [{"engine": engine, "question": number} for engine in "abc" for number in range(30)]
    kept = [combined[number] for number in covering(combined, 1)]
    assert len(kept) == 30
    assert Counter(case["engine"] for case in kept) == dict.fromkeys("abc", 10)
    assert len(covering(combined, 2)) == 60
    assert len(covering(combined, 3)) == 90


def test_cases_that_have_a_value_of_their_own_are_all_kept():
    listed = [{"words": f"query {number}", "code": number % 2} for number in range(9)]
    assert covering(listed, 1) == list(range(9))
    assert covering([], 1) == []
    assert covering([{"words": "a"}], 1) == [0]


def test_what_a_commit_is_judged_by_does_not_change_from_run_to_run():
    assert settings.get_profile("quick").derandomize
    assert settings.get_profile("deep").derandomize
    assert not settings.get_profile("explore").derandomize
