"""Rules are closed documents: what is wrong is one line, and what is right reads back as it was."""

import pytest

from stcloud.errors import InvalidDefinition
from stcloud.paas.standing import StandingRule

BUSY = {"id": "busy", "more_than": 5, "within": "1h", "question": {"layer": "requests", "by": "unit"}}
SMOG = {"id": "smog", "value": "PM2.5", "above": 115.0, "for": "3h", "question": {"layer": "air"}}
GATE = {"id": "gate", "question": {"layer": "fixes", "where": "bbox:1,2,3,4", "by": "mover"}}


def made(document, **more):
    return StandingRule.from_document(
        {name: value for name, value in (document | more).items() if value is not None}, name="r"
    )


@pytest.mark.parametrize("document", [BUSY, SMOG, GATE], ids=["busy", "smog", "gate"])
def test_a_rule_reads_back(document):
    rule = made(document, quiet="2h", lateness="10min", title="T")
    assert StandingRule.from_toml(rule.to_toml(), name="r") == rule
    assert StandingRule.from_json(rule.to_json(), name="r") == rule
    assert rule.digest() == made(document, quiet="2h", lateness="10min", id="other").digest()
    assert rule.digest() != made(document).digest()
    assert rule.text.endswith("quiet 2h")


@pytest.mark.parametrize(("document", "wrong", "words"), [
    (BUSY, {"more_then": 1}, "more_than"),
    (BUSY, {"at_least": 2}, "one threshold"),
    (BUSY, {"within": "1 fortnight"}, "no length of time"),
    (BUSY, {"within": "0h"}, "some length"),
    (BUSY, {"within": None}, "needs a window"),
    (BUSY, {"ends_below": 7.0}, "between 1 and 6"),
    (BUSY, {"for": "3h"}, "belongs to readings"),
    (BUSY, {"above": 1.0}, "belongs to readings"),
    (BUSY, {"least": "3h"}, "'for'"),
    (BUSY, {"question": {"layer": "r", "known_at": "2024"}}, "has no known_at"),
    (SMOG, {"above": None}, "threshold"),
    (SMOG, {"ends_below": 120.0}, "cannot begin"),
    (GATE, {"above": 1.0}, "name the value"),
    (GATE, {"question": {"layer": "fixes", "where": "bbox:1,2,3,4"}}, "by"),
    (GATE, {"question": {"layer": "fixes", "by": "mover"}}, "needs a where"),
])  # fmt: skip
def test_a_bad_rule_is_one_line(document, wrong, words):
    with pytest.raises(InvalidDefinition) as invalid:
        made(document, **wrong)
    assert words in str(invalid.value)


def test_a_file_that_is_no_document():
    with pytest.raises(InvalidDefinition) as invalid:
        StandingRule.from_toml("id =", name="r.toml")
    assert invalid.value.kind == "not-toml"
    with pytest.raises(InvalidDefinition) as invalid:
        StandingRule.from_json("{", name="r.json")
    assert invalid.value.kind == "not-json"
