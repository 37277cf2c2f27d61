"""A city's methods are of one subject each, so no subject hides a method of another."""

from collections import Counter

import stcloud
from stcloud.city.methods.opened import OpenedCity

SUBJECTS = stcloud.City.__bases__


def own(subject: type) -> set[str]:
    """Return what a subject defines itself, but for what every class has."""
    return {name for name in vars(subject) if not name.startswith("__")}


def test_a_name_is_of_one_subject():
    names = Counter(name for subject in SUBJECTS for name in own(subject))
    assert len(names) > 30
    assert {name for name, times in names.items() if times > 1} == set()
    assert set(names) & own(OpenedCity) == set()


def test_a_city_adds_nothing_to_its_subjects():
    assert own(stcloud.City) == set()
    assert all(subject.__bases__ == (OpenedCity,) for subject in SUBJECTS)
