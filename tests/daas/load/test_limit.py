"""How many rejected rows make a load fail: numbers, shares, and what is said then."""

import pytest

from stcloud.daas.load.limit import Limit, refuse_too_many
from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Refusal


@pytest.mark.parametrize(
    ("text", "rejected", "read", "exceeded"),
    [
        ("0", 0, 0, False), ("0", 1, 1, True), ("5", 5, 5, False), ("5%", 5, 100, False), ("5%", 6, 100, True),
        (" 0.5% ", 1, 100, True), ("100%", 9, 9, False), ("0%", 0, 9, False),
    ],
)  # fmt: skip
def test_a_limit_is_a_number_or_a_share(text, rejected, read, exceeded):
    assert Limit.parse(text).exceeded(rejected=rejected, read=read) is exceeded


@pytest.mark.parametrize("text", ["", "-1", "101%", "-1%", "nan%", "a", "1.5", "%"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InvalidInput) as caught:
        Limit.parse(text)
    assert caught.value.kind == "bad-limit"


def test_the_error_shows_the_first_rows_and_holds_all():
    refusals = [Refusal(row, "n", f"v{row}", "not-a-number") for row in range(1, 6)]
    refuse_too_many(Limit(rows=5), refusals, 9, "a.csv")
    with pytest.raises(InvalidInput, match=r"5 of 9 rows of a\.csv") as caught:
        refuse_too_many(Limit(rows=4), refusals, 9, "a.csv")
    assert "row 3" in caught.value.message
    assert "row 4" not in caught.value.message
    assert caught.value.context["refusals"] == tuple(refusals)


def test_a_long_value_is_cut_in_the_message():
    refusal = Refusal(1, "geometry", f"POLYGON (({'1 2, ' * 1000}1 2))", "outside-crs")
    with pytest.raises(InvalidInput) as refused:
        refuse_too_many(Limit(rows=0), [refusal], 1, "grid.nc")
    assert len(refused.value.message) < 250
    assert "'POLYGON ((1 2, 1 2, " in refused.value.message


@pytest.mark.parametrize(
    ("reason", "said"), [("conflicting-key", "add a column to --key"), ("outside-crs", "right city")]
)
def test_a_reason_that_has_a_remedy_names_it(reason, said):
    with pytest.raises(InvalidInput) as refused:
        refuse_too_many(Limit(rows=0), [Refusal(1, "n", "v", reason)], 1, "a.csv")
    assert said in refused.value.in_shell
