"""Codes: what is built is read, what is wrong is told with its place, and prefixes are ranges."""

import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, InvalidInput, NotFound, Unsupported
from stcloud.iaas.bundle import bundled_text, grids
from stcloud.paas.grid.code import Code, build, parse, prefix, prefix_range, problem, problems
from stcloud.paas.grid.conversion import convert
from stcloud.paas.grid.scheme import Scheme
from stcloud.testing.examples import examples

NAMES = {
    "unit-grid-15": (6, 3, 3, 3), "unit-grid-14": (6, 3, 3, 2), "component-17": (6, 2, 3, 6),
    "component-16": (6, 2, 2, 6), "class-11": (6, 2, 3), "class-10": (6, 2, 2),
}  # fmt: skip


def read(name):
    return Scheme.from_toml(bundled_text("grids", f"{name}.toml"), name=f"{name}.toml")


SCHEMES = {name: read(name) for name in NAMES}
UNIT = SCHEMES["unit-grid-15"]
some_scheme = st.sampled_from(sorted(NAMES)).map(SCHEMES.get)


@st.composite
def codes(draw, scheme=UNIT):
    """A valid code: any digits, and a part with a lowest value from there up."""
    texts = [
        str(draw(st.integers(int(part.lowest or 0), 10**part.length - 1))).rjust(part.length, "0")
        for part in scheme.parts
    ]
    return "".join(texts)


any_code = some_scheme.flatmap(lambda scheme: st.tuples(st.just(scheme), codes(scheme)))
spoiled = st.text(st.sampled_from("0123456789AZaO １٣-\n"), max_size=18)


def plain_fault(text, scheme):
    """Position of the leftmost fault, counted from 1, or None: the rules, character by character."""
    for at in range(max(len(text), scheme.length)):
        part = scheme.part_at(at) if at < scheme.length else None
        if at >= len(text) or part is None or text[at] not in "0123456789":
            return at + 1
        span = scheme.span(part.name)
        if at == span.start and part.lowest and len(text) >= span.stop:
            value = text[span]
            if set(value) <= set("0123456789") and int(value) < int(part.lowest):
                return at + 1
    return None


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_scheme_is_whole(name):
    scheme = SCHEMES[name]
    assert name in grids()
    assert scheme.id == name
    assert tuple(part.length for part in scheme.parts) == NAMES[name]
    assert scheme.title
    assert scheme.title_zh
    assert scheme.compatible_with.startswith("published code structure")
    assert all(part.meaning and part.meaning_zh for part in scheme.parts)
    assert {one.to for one in scheme.conversions} <= set(NAMES) - {name}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unit-grid-15", "320582110152102"), ("unit-grid-14", "22020600100706"),
        ("component-16", "3205080101000001"), ("class-11", "32050801001"), ("class-10", "3205080101"),
    ],
)  # fmt: skip
def test_codes_in_use_are_valid(name, text):
    assert parse(text, SCHEMES[name]).text == text
    assert str(parse(text, SCHEMES[name])) == text


@given(any_code)
@settings(deadline=None, max_examples=examples(60))
def test_codes_round_trip(case):
    """Law: what is parsed is built again, and what is built is parsed again."""
    scheme, text = case
    code = parse(text, scheme)
    assert build(scheme, **code.parts) == code
    assert "".join(code.parts.values()) == text
    assert hash(code) == hash(Code(scheme, text))


@given(st.one_of(spoiled, codes()), some_scheme)
@settings(deadline=None, max_examples=examples(300))
def test_the_first_fault_is_told_with_its_place(text, scheme):
    """Law: a code is valid when no character is wrong, and otherwise the leftmost fault is the one that is told."""
    said, at = problem(text, scheme), plain_fault(text, scheme)
    if at is None:
        assert said is None
    else:
        assert said.startswith(f"character {at} ")


@given(st.lists(st.one_of(st.none(), spoiled, codes()), max_size=30), some_scheme)
@settings(deadline=None, max_examples=examples(60))
def test_many_are_told_what_one_is_told(texts, scheme):
    """Law: problems says of each code what problem says, as an array, a chunked array or a list."""
    expected = ["there is no code" if text is None else problem(text, scheme) for text in texts]
    assert problems(texts, scheme).to_pylist() == expected
    assert problems(pa.chunked_array([texts, texts], pa.string()), scheme).to_pylist() == expected * 2
    assert problems(np.array(texts, object), scheme).to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("32058211015210", "character 15 is missing: sequence (characters 13 to 15) is cut off"),
        ("", "character 1 is missing: division (characters 1 to 6) is cut off"),
        ("3205821101521021", "character 16 is '1': there are 16 characters instead of 15"),
        ("320582 10152102", "character 7 is ' ': street (characters 7 to 9) has digits only"),
        ("32058２110152102", "character 6 is '２': division (characters 1 to 6) has digits only"),
        ("320582110152000", "character 13 begins '000': sequence (characters 13 to 15) starts at 001"),
        ("320582110152102\n", "character 16 is '\\n': there are 16 characters instead of 15"),
    ],
)
def test_faults_are_told_in_words(text, said):
    assert problem(text, UNIT) == said
    with pytest.raises(InvalidInput, match="is no code of unit-grid-15") as error:
        parse(text, UNIT)
    assert error.value.kind == "invalid-code"
    assert said in str(error.value)


def test_numbers_are_no_codes():
    for numbers in ([320582110152102], np.array([1.0]), pa.array([7])):
        with pytest.raises(InvalidInput) as error:
            problems(numbers, UNIT)
        assert error.value.kind == "codes-not-text"
    assert len(problems([], UNIT)) == 0


def test_a_city_of_codes_is_checked_at_once():
    """No code is looked at alone: the calls that are made do not depend on how many codes there are."""
    texts = pa.array([f"420106001001{at:03}" for at in range(1, 1000)] * 150)
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        checked = problems(texts, UNIT)
    finally:
        sys.setprofile(None)
    assert checked.null_count == len(texts)
    assert calls < 5000


@given(codes(), codes(), st.integers(1, 15))
@settings(deadline=None, max_examples=examples(150))
def test_a_prefix_is_a_range(text, other, length):
    """Law: a code begins with a prefix exactly when it lies in the prefix's range."""
    mixed = text[:length] + other[length:]
    low, high = prefix_range(text[:length], UNIT)
    for one in (text, other, mixed, text[: length - 1] + ":" + text[length:]):
        assert (low <= one < high) == one.startswith(text[:length])


@pytest.mark.parametrize("start", ["", "3205821101521021", "32O", "320582110152000", "*"])
def test_what_begins_no_code_has_no_range(start):
    with pytest.raises(InvalidInput) as error:
        prefix_range(start, UNIT)
    assert error.value.kind == "invalid-code-prefix"


@given(codes())
@settings(deadline=None, max_examples=examples(40))
def test_prefixes_nest(text):
    """Law: the prefixes of a code are valid prefixes and each holds the one before."""
    found = [prefix(Code(UNIT, text), name) for name in ("district", "street", "community")]
    assert [len(one) for one in found] == [6, 9, 12]
    assert all(text.startswith(one) for one in found)
    assert all(
        problem(one, UNIT, prefix=name) is None for one, name in zip(found, UNIT.prefixes, strict=True)
    )
    assert problem(text, UNIT, prefix="community") == "character 13 is " + repr(text[12]) + (
        ": there are 15 characters instead of 12"
    )


def test_unknown_names_are_told_with_those_that_are():
    with pytest.raises(NotFound) as error:
        UNIT.prefix_length("comunity")
    assert (error.value.kind, error.value.nearest) == ("unknown-prefix", ("community",))
    with pytest.raises(NotFound, match="it has division") as error:
        UNIT.span("county")
    assert error.value.kind == "unknown-part"


@pytest.mark.parametrize("parts", [{}, {"division": "32058"}, {"sequence": "1"}, {"village": "001"}])
def test_parts_are_given_whole(parts):
    whole = {"division": "320582", "street": "110", "community": "152", "sequence": "102"}
    with pytest.raises(InvalidInput) as error:
        build(UNIT, **(whole | parts if parts else {}))
    assert error.value.kind == "invalid-parts"


@given(codes(SCHEMES["unit-grid-14"]))
@settings(deadline=None, max_examples=examples(60))
def test_a_legacy_code_comes_back(text):
    """Law: there and back is the code itself; community and number stay what they were."""
    old = SCHEMES["unit-grid-14"]
    code = convert(Code(old, text), to=UNIT)
    assert code.text == text[:12] + "0" + text[12:]
    assert convert(code, to=old).text == text


def test_a_number_that_does_not_fit_is_refused():
    old = SCHEMES["unit-grid-14"]
    assert convert(Code(UNIT, "320582110152099"), to=old).text == "32058211015299"
    with pytest.raises(InvalidInput, match=r"sequence 102 .* has no place in the 2 characters") as error:
        convert(Code(UNIT, "320582110152102"), to=old)
    assert error.value.kind == "code-does-not-fit"


@pytest.mark.every_case
@pytest.mark.parametrize("one", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_no_other_conversion_is_defined(one, other):
    source, target = SCHEMES[one], SCHEMES[other]
    text = "".join("1".rjust(part.length, "0") for part in source.parts)
    code = Code(source, text)
    if one == other:
        assert convert(code, to=target) is code
    elif {one, other} == {"unit-grid-14", "unit-grid-15"}:
        assert convert(code, to=target).scheme == target
    else:
        with pytest.raises(Unsupported, match=f"do not convert to {other}") as error:
            convert(code, to=target)
        assert error.value.kind == "undefined-conversion"
        assert ("a table of old and new classes" in str(error.value)) == (one[:5] == other[:5])


SMALL = """
id = "small"
kind = "code-scheme"
title = "Small"
prefixes = { district = 2 }
[[parts]]
name = "division"
length = 2
alphabet = "digits-and-capitals"
meaning = "district"
[[parts]]
name = "sequence"
length = 2
meaning = "number"
"""


def test_letters_are_allowed_where_the_scheme_says():
    scheme = Scheme.from_toml(SMALL, name="small.toml")
    assert problems(["A901", "a901", "01A1"], scheme).to_pylist() == [
        None,
        "character 1 is 'a': division (characters 1 to 2) has digits and capitals only",
        "character 3 is 'A': sequence (characters 3 to 4) has digits only",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title =", "titel =", "titel: unknown key; did you mean 'title'?"),
        ("length = 2\nmeaning", "lenght = 2\nmeaning", "parts.1.lenght: unknown key; did you mean 'length'?"),
        ("district = 2", "district = 3", "prefix district of 3 characters ends inside a part"),
        ('"sequence"', '"division"', "parts have names of their own"),
        ('meaning = "number"', 'lowest = "001"\nmeaning = "number"', "parts.1: '001' has 3 characters"),
        (
            'meaning = "number"',
            'meaning = "number"\nranges = [{from = "50", to = "01", meaning = "x"}]',
            "parts.1: ranges ascend",
        ),
        ('"number"', '"number"\n[[conversions]]\nto = "x"', "conversions.0: say the source"),
        (
            '"number"',
            '"number"\n[[conversions]]\nto = "x"\nsource = "s"\nresize = ["zone"]',
            "there is no part zone to resize",
        ),
        ('"code-scheme"', '"event"', "kind: "),
    ],
)
def test_faults_of_a_scheme_are_told(old, new, said):
    assert old in SMALL
    with pytest.raises(InvalidDefinition) as error:
        Scheme.from_toml(SMALL.replace(old, new), name="small.toml")
    assert error.value.kind == "invalid-definition"
    assert any(said in fault for fault in error.value.faults), error.value.faults


def test_what_is_not_toml_is_told():
    with pytest.raises(InvalidDefinition) as error:
        Scheme.from_toml("id = ", name="small.toml")
    assert error.value.kind == "not-toml"
