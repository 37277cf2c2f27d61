"""Schemes: bundled ones are sound, a city's own extends them, and every fault is named."""

import pytest

from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.iaas.bundle import indicator_schemes
from stcloud.paas.case.evaluation.indicatorscheme import IndicatorScheme, read_scheme

OWN = """
id = "harbour"
extends = "urban-management"
[policies.quick]
title = "handled within two hours"
condition = "handled AND hours(handled_at - dispatched_at) <= 2"
[indicators.quick_rate]
title = "Quick"
numerator = "quick"
denominator = "should_handle"
"""


@pytest.mark.parametrize("name", indicator_schemes())
def test_bundled_schemes_are_sound_and_bilingual(name):
    scheme = read_scheme(name)
    assert all(clause.title and clause.title_zh and clause.source for clause in scheme.indicators.values())
    assert all(clause.title for clause in scheme.policies.clauses.values())


def test_a_citys_own_scheme_extends_a_bundled_one():
    scheme = IndicatorScheme.from_toml(OWN, name="own.toml")
    assert set(scheme.indicators) - set(read_scheme("urban-management").indicators) == {"quick_rate"}
    assert "should_close" in scheme.policies.clauses


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[indicators.a]\ntitle = "a"\nnumerator = "fild"\ndenominator = "reported"', "did you mean 'filed'"),
        ('[policies.a]\ntitle = "a"\ncondition = "dew_at < at"', "policies.a: there is no column 'dew_at'"),
        ('[policies.a]\ntitle = "a"\ncondition = "("', "policies.a: the filter is not CQL2"),
        (
            '[policies.a]\ntitle = "a"\ncondition = "b"\n[policies.b]\ntitle = "b"\ncondition = "a"',
            "names itself",
        ),
        ('[policies.a]\ntitle = "a"\ncondition = "TRUE"\nvariant_of = "b"', "there is no policy 'b'"),
    ],
)
def test_an_unsound_scheme_is_refused_with_every_fault(text, fault):
    with pytest.raises(InvalidDefinition) as caught:
        IndicatorScheme.from_toml(f'id = "own"\nextends = "urban-management"\n{text}', name="own.toml")
    assert caught.value.kind == "unsound-indicators"
    assert any(fault in line for line in caught.value.faults)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('numerator = "filed"', "a rate has a denominator"),
        ('numerator = "filed"\ndenominator = "filed"\nunit = "count"', "a rate has a denominator"),
        ('numerator = "filed"\nunit = "hours"', "hours are from one instant to another"),
        ('numerator = "filed"\nunit = "hours"\nfrom = "filed_at"\nto = "end"', "there is no instant 'end'"),
        ('numerator = "filed"\nunit = "count"\ntimes = "satisfaction"', "times are of a count"),
        ('numerator = "filed"\nunit = "count"\nbase = "due"', "did you mean 'basis'"),
    ],
)
def test_an_indicator_that_is_none_is_refused(lines, fault):
    with pytest.raises(InvalidDefinition) as caught:
        IndicatorScheme.from_toml(f'id = "own"\n[indicators.a]\ntitle = "a"\n{lines}', name="own.toml")
    assert caught.value.kind == "invalid-definition"
    assert fault in str(caught.value)


def test_variants_take_the_place_of_the_usual_policy():
    scheme = read_scheme("urban-management")
    assert scheme.chosen(["should_close_handled", "should_handle_due"]) == {
        "should_close": "should_close_handled",
        "should_handle": "should_handle_due",
    }
    assert scheme.chosen(["should_close"]) == {}


def test_an_unknown_scheme_is_refused():
    with pytest.raises(InvalidInput) as caught:
        IndicatorScheme.from_toml('id = "own"\nextends = "rural"', name="own.toml")
    assert caught.value.kind == "unknown-scheme"
