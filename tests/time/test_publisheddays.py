"""All that a city has published of its days: what was known when, and what a pin names."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.time import Calendar, CityDays, PublishedDays

FIRST = CityDays.of([("2027-02-11", "free", "notice 9")])
SECOND = CityDays.of(
    [("2027-02-11", "free", "notice 9"), ("2027-02-14", "working", "notice 10")], years=[2027]
)
PUBLISHED = PublishedDays("CN", ((100, FIRST), (200, SECOND), (300, FIRST)))


def test_a_list_holds_from_its_recording_until_the_next_one():
    known = [PUBLISHED.known_at(at_us).newest for at_us in (99, 100, 199, 200, 300, None)]
    assert known == [None, FIRST, FIRST, SECOND, FIRST, FIRST]
    assert [PUBLISHED.known_at(at_us).recorded_us for at_us in (99, 250)] == [None, 200]


def test_the_days_go_before_those_of_the_citys_calendar_only():
    assert PUBLISHED.over(Calendar("CN")) == Calendar("CN", FIRST)
    assert PUBLISHED.over(Calendar("US")) == Calendar("US")
    stated = Calendar("CN", SECOND)
    assert PUBLISHED.over(stated) is stated
    assert PublishedDays().over(Calendar("CN")) == Calendar("CN")


@pytest.mark.parametrize("days", [FIRST, SECOND])
def test_rules_of_a_calendar_name_the_days_that_they_had(days):
    rules = Calendar("CN", days).rules
    assert PUBLISHED.of_rules(rules).newest == days
    assert PUBLISHED.of_rules(f"{Calendar('US').rules}, {rules}").newest == days
    assert PUBLISHED.of_rules(Calendar("CN").rules).newest is None
    with pytest.raises(InvalidInput) as refused:
        PUBLISHED.known_at(50).of_rules(rules)
    assert refused.value.kind == "days-not-kept"


@pytest.mark.parametrize("instants_us", [(200, 100), (100, 100)])
def test_lists_are_in_the_order_of_their_recording(instants_us):
    with pytest.raises(InvalidInput) as refused:
        PublishedDays("CN", tuple((at_us, FIRST) for at_us in instants_us))
    assert refused.value.kind == "unordered-days"
