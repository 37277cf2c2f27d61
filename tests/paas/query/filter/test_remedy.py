"""A function that there is not is named before its arguments are looked at, with what to write instead."""

from __future__ import annotations

import re

import pytest

from stcloud.daas.table.schema import Attribute
from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query.filter import Checker, Names, parse_filter
from stcloud.paas.query.join.how import read_how
from stcloud.paas.query.place.spec import read_spec
from stcloud.time import Zone

KINDS = {
    "note": "text",
    "n": "number",
    "opened": "date",
    "closed": "date",
    "begun": "instant",
    "done": "instant",
}
NAMES = Names.of_events({name: Attribute(name, name, kind) for name, kind in KINDS.items()})
POINT = "POINT(117.01 31.91)"
NEAR = "S_INTERSECTS(geometry, buffer(POINT(117.01 31.91), {})), or where('near:117.01,31.91:{}m')"


def check(what):
    return Checker(NAMES, Zone("Asia/Shanghai")).condition(parse_filter(what))


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            f"DWITHIN(geometry, {POINT}, 100, meters)",
            "there is no function DWITHIN; " + NEAR.format(100, 100),
        ),
        (
            f"DWithin(geom, {POINT}, 2, kilometers)",
            "there is no function DWithin; " + NEAR.format(2000, 2000),
        ),
        (f"DWITHIN({POINT}, nowhere, 0.5, 'km') = TRUE", NEAR.format(500, 500)),
        (f"st_dwithin(geometry, {POINT}, 30)", "there is no function st_dwithin; " + NEAR.format(30, 30)),
        (f"NOT BEYOND(geometry, {POINT}, 1, mi)", "no function BEYOND; NOT S_INTERSECTS(geometry, buffer"),
        (
            "BBOX(geometry, 117, 31, 118, 32)",
            "no function BBOX of a geometry; write S_INTERSECTS(geometry, BBOX",
        ),
        ("BBOX(the_geom, 117, 31, 118, 32, 'EPSG:4326')", "no function BBOX of a geometry"),
        ("strToLowerCase(nothing) = 'a'", "there is no function strToLowerCase; write lower(TEXT)"),
        ("strLength(nothing) = 3", "write length(TEXT)"),
        ("done > NOW()", "there is no function NOW; write the instant, TIMESTAMP('…')"),
        ("WITHIN(the_geom, POLYGON((1 1, 2 2, 2 1, 1 1)))", "no function WITHIN; write S_WITHIN(…, …)"),
        ("during(then, INTERVAL('2024-01-01', '..'))", "no function during; write T_DURING(…, …)"),
        ("dateDiff(nothing, done) > 3", "write days(closed - opened)"),
        ("t_durin(then, done)", "did you mean 't_during'"),
        (
            "frobnicate(nothing)",
            "there is no function or operator 'frobnicate' for a filter; there are casei, ",
        ),
        ("n = 1 AND frobnicate(nothing, POINT(500 500))", "'frobnicate'"),
    ],
)
def test_the_function_is_named_with_its_remedy(what, said):
    with pytest.raises(Unsupported) as error:
        check(what)
    assert error.value.kind == "unsupported-operator"
    assert said in str(error.value)
    assert not re.search(r"--[a-z]", str(error.value)), "options are the shell's"


def test_the_shell_gets_its_own_words():
    with pytest.raises(Unsupported) as error:
        check(f"DWITHIN(geometry, {POINT}, 100, meters)")
    assert error.value.context["in_shell"].endswith("or --where near:117.01,31.91:100m")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("days(n) > 1", "'days(…)' is of the difference of two instants or two days"),
        ("days(done) > 1", "'days(…)' is of the difference of two instants or two days"),
        ("days(closed - opened, 1) > 1", "'days(…)' is of the difference of two instants or two days"),
        (
            "done - opened > 1",
            "a column of days cannot be compared|a difference is of two days or of two instants",
        ),
        ("done + begun > 1", "'+' needs two numbers, found instant and instant"),
        ("done - n > 1", "'-' needs two numbers, found instant and number"),
        ("closed - opened", "is a number, not a condition"),
        ("n = 1e300", "1e+300 may have been rounded"),
        ("S_WITHIN(geometry, buffer(POINT(1 2), 1000001))", "is farther than 1,000 km"),
    ],
)
def test_what_has_no_difference_is_refused(what, said):
    with pytest.raises(InvalidInput) as error:
        check(what)
    assert re.search(said.replace("(…)", r"\(…\)").replace("+", r"\+"), str(error.value))


@pytest.mark.parametrize(
    "what",
    [
        "closed - opened > 48", "days(closed - opened) >= 2", "done - begun > 48", "hours(done - begun) / 24 > 2",
        "days(TIMESTAMP('2024-03-06T00:00:00') - begun) > 2", "done - DATE('2024-03-06') > 1",
        "DATE('2024-03-06') - opened < 24", "abs(minutes(done - begun)) < 5",
    ],
)  # fmt: skip
def test_differences_of_times_are_numbers(what):
    assert check(what).kind == "boolean"


@pytest.mark.parametrize("text", ["1000000000m", "1e300m", "1e300 km", "1000.1 km", "9" * 300 + "m"])
def test_distances_beyond_any_city_are_refused_in_a_line(text):
    for read in (
        lambda: read_spec(f"near:117,31:{text}"),
        lambda: read_spec(f"near:areas:a:{text}@2024-03-01"),
    ):
        with pytest.raises(InvalidInput, match=r"farther than 1,000 km, the most that is taken") as error:
            read()
        assert error.value.kind == "invalid-distance"
        assert len(str(error.value)) < 200


def test_the_nearest_so_many_are_too_many_to_be_read():
    with pytest.raises(InvalidInput) as error:
        read_how("nearest " + "9" * 5000)
    assert error.value.kind == "unknown-how"
