"""Rules of clocks: kept as JSON, told apart by their version, refused where they mean nothing."""

import json

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case.clockrules import ClockRules
from stcloud.time import Calendar, CityDays, OfficeHours, WorkTime, Zone

OWN = CityDays.of([("2027-02-11", "free", "notice 9")], years=[2027])
RULES = [
    ClockRules(WorkTime(Calendar("CN"), Zone("Asia/Shanghai"))),
    ClockRules(WorkTime(Calendar("CN", OWN), Zone("Asia/Shanghai"))),
    ClockRules(
        WorkTime(Calendar("CN"), Zone("Asia/Shanghai"), OfficeHours.parse("09:00-17:00; fri 09:00-12:00"))
    ),
    ClockRules(WorkTime(Calendar("CN"), Zone("Asia/Shanghai")), "end"),
    ClockRules(WorkTime(Calendar("CN"), Zone("Asia/Shanghai")), rework="cumulative"),
    ClockRules(WorkTime(Calendar("CN"), Zone("Asia/Shanghai")), start="handle"),
    ClockRules(WorkTime(Calendar("US-NY"), Zone("America/New_York"))),
]


@pytest.mark.parametrize("rules", RULES)
def test_rules_are_read_back_as_they_were_kept(rules):
    assert ClockRules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules


def test_other_rules_have_another_version():
    assert len({rules.rules for rules in RULES}) == len(RULES)


def test_what_is_not_there_is_as_usual():
    assert ClockRules.from_dict({"calendar": "cn", "zone": "Asia/Shanghai"}) == RULES[0]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"zone": None}, "unreadable-clock-rules"),
        ({"hours": "09:00-17:00"}, "unreadable-clock-rules"),
        ({"work_day": "start"}, "unknown-clock-rule"),
        ({"rework": "never"}, "unknown-clock-rule"),
        ({"calendar": "Atlantis"}, "unknown-calendar"),
        ({"office_hours": "22:00-06:00"}, "unreadable-office-hours"),
        ({"days": [["2027-02-11", "closed", ""]]}, "unknown-days"),
    ],
)
def test_rules_that_mean_nothing_are_refused(changed, kind):
    document = {name: value for name, value in (RULES[0].to_dict() | changed).items() if value is not None}
    with pytest.raises(InvalidInput) as caught:
        ClockRules.from_dict(document)
    assert caught.value.kind == kind
