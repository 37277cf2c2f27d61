"""Rules of episodes are documents whose every fault is named."""

import pytest

from stcloud.errors import InvalidDefinition
from stcloud.paas.episode import EpisodeRule

SMOG = """
id = "smog"
title = "Smog"
layer = "air"
value = "PM2.5"
above = 115
ends_below = 75
for = "3h"
gap = "90min"
"""


def test_a_rule_is_what_its_document_says():
    rule = EpisodeRule.from_toml(SMOG, name="smog.toml")
    assert (rule.threshold, rule.release, rule.sign) == (115.0, 75.0, 1)
    assert (rule.least_us, rule.gap_us, rule.step_us) == (10_800_000_000, 5_400_000_000, None)
    assert rule.text == "PM2.5 above 115 for 3h, gaps up to 90min, ends below 75"


def test_a_rule_reads_back_from_its_document():
    rule = EpisodeRule.from_toml(SMOG, name="smog.toml")
    assert EpisodeRule.from_toml(rule.to_toml(), name="again") == rule


def test_a_rule_may_be_about_low_values():
    rule = EpisodeRule.from_toml(
        'id = "frost"\nlayer = "weather"\nvalue = "TEMP"\nbelow = -10\nends_above = -5', name="frost.toml"
    )
    assert (rule.threshold, rule.release, rule.sign) == (-10.0, -5.0, -1)
    assert rule.text == "TEMP below -10 for 0h, gaps up to 0h, ends above -5"


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ('title = "Fog"', True), ('id = "fog"', True), ('gap = "1.5h"', True), ('for = "180 min"', True),
        ('layer = "water"', True),
        ("above = 116", False), ("ends_below = 76", False), ('for = "4h"', False), ('gap = "1h"', False),
        ('value = "PM10"', False), ('step = "1h"', False),
    ],
)  # fmt: skip
def test_the_digest_is_that_of_the_meaning(changed, same):
    key = changed.partition(" ")[0]
    lines = [line for line in SMOG.splitlines() if not line.startswith(f"{key} ")]
    rule, other = (EpisodeRule.from_toml(text, name="x") for text in (SMOG, "\n".join([*lines, changed])))
    assert (rule.digest() == other.digest()) is same


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (SMOG + "below = 3", "name one threshold: above or below"),
        (SMOG.replace("above = 115", ""), "name one threshold: above or below"),
        (SMOG + "ends_above = 3", "ends_above belongs to the other threshold"),
        (SMOG.replace("75", "116"), "an episode that ends below 116 cannot begin above 115"),
        (SMOG.replace('"3h"', '"3 hours"'), "for: '3 hours' is no length of time: write 30min, 3h or 1d"),
        (SMOG.replace('"3h"', "3"), "for: Input should be a valid string"),
        (SMOG.replace("115", '"115"'), "above: Input should be a valid number"),
        (SMOG.replace("115", "nan"), "above: Input should be a finite number"),
        (SMOG + 'step = "0h"', "step: a reading stands for some time"),
        (SMOG + "gapp = 3", "gapp: unknown key; did you mean 'gap'?"),
        (SMOG.replace("for =", "least ="), "least: unknown key; did you mean 'for'?"),
        (SMOG.replace('"smog"', '"Smog!"'), "id: String should match pattern"),
        ('id = "frost"\nlayer = "w"\nvalue = "T"\nbelow = -5\nends_above = -10', "cannot begin below -5"),
    ],
)
def test_every_fault_is_named(text, fault):
    with pytest.raises(InvalidDefinition) as caught:
        EpisodeRule.from_toml(text, name="smog.toml")
    assert fault in str(caught.value) or fault in "\n".join(caught.value.faults)


def test_what_is_no_toml_is_refused():
    with pytest.raises(InvalidDefinition, match="is not TOML") as caught:
        EpisodeRule.from_toml("id = ", name="smog.toml")
    assert caught.value.kind == "not-toml"
