"""Rules on limits are closed documents, as all rules of standing questions are."""

import pytest

from stcloud.errors import InvalidDefinition
from stcloud.paas.case.limitrule import LimitRule

LATE = {"id": "late", "left_at_most": 0.1, "cases": {"log": "desk", "what": "department = 'roads'"}}


def test_a_rule_reads_back():
    rule = LimitRule.from_document(
        LATE | {"clock": "handle", "lateness": "10min", "from": "2024-01-01"}, name="r"
    )
    assert LimitRule.from_toml(rule.to_toml(), name="r") == rule
    assert LimitRule.from_json(rule.to_json(), name="r") == rule
    assert (rule.layer, rule.threshold, rule.since) == ("cases:desk", 0.1, "2024-01-01")
    assert rule.text == "at most 10 % of the limit of clock handle left, department = 'roads'"
    assert rule.digest() != LimitRule.from_document(LATE, name="r").digest()


@pytest.mark.parametrize(("wrong", "words"), [
    ({"left_at_most": 1.5}, "left_at_most"), ({"left_at_most": -0.1}, "left_at_most"),
    ({"left_at_mots": 0.1}, "left_at_most"), ({"since": "2024"}, "'from'"), ({"lateness": "1 fortnight"}, "length"),
    ({"cases": {"lok": "desk"}}, "log"), ({"question": {"layer": "r"}}, "question"),
])  # fmt: skip
def test_a_bad_rule_is_one_line(wrong, words):
    with pytest.raises(InvalidDefinition) as invalid:
        LimitRule.from_document(LATE | wrong, name="r")
    assert words in str(invalid.value)
