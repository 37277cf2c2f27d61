"""A test draws the share of its cases that the loaded profile says, and never none."""

import pytest
from hypothesis import settings

from stcloud.testing.examples import examples, spread


@pytest.fixture
def profile():
    """Load profiles, and what was loaded before in the end."""
    loaded = settings.get_current_profile_name()
    yield settings.load_profile
    settings.load_profile(loaded)


def test_a_share_of_the_cases_is_drawn(profile):
    profile("quick")
    assert (examples(60), examples(3)) == (15, 1)
    profile("deep")
    assert (examples(60), examples(3)) == (60, 3)


def test_cases_that_are_alike_are_spread(profile):
    profile("quick")
    assert (spread(range(8)), spread(range(7), least=3), spread("ab")) == ([0, 4], [0, 2, 4], ["a"])
    profile("deep")
    assert spread(range(7), least=3) == list(range(7))
    profile("explore")
    assert spread(range(7)) == list(range(7))


def test_what_a_commit_is_judged_by_does_not_change_from_run_to_run():
    assert settings.get_profile("quick").derandomize
    assert settings.get_profile("deep").derandomize
    assert not settings.get_profile("explore").derandomize
