"""A description holds what may be written in its fields, and its document gives it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.daas.definition.document import digest_holds
from stcloud.daas.description import FIELDS, Description
from stcloud.errors import FormatError, InvalidInput

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).filter(str.strip)
LINES = WORDS.map(str.strip)
WRITTEN = st.fixed_dictionaries({}, optional={
    "title": LINES, "description": st.lists(LINES, min_size=1, max_size=3).map("\n".join),
    "themes": st.lists(LINES, max_size=3), "keywords": st.lists(LINES, max_size=3), "owner": LINES,
    "contact": st.sampled_from(["roads@example.org", "https://example.org/contact"]),
    "licence": st.sampled_from(["CC-BY-4.0", "ODbL-1.0", "https://example.org/terms"]),
    "update_cycle": st.sampled_from(["P1D", "P1Y2M3DT4H5M6.5S", "PT15M", "P2W"]), "lineage": LINES,
})  # fmt: skip


@given(WRITTEN, WRITTEN)
def test_what_is_written_is_read_again_and_absent_fields_stay(first, second):
    described = Description().described(first, 1).described(second, 1_700_000_000_000_001)
    expected = {
        name: tuple(dict.fromkeys(v)) if isinstance(v, list) else v for name, v in (first | second).items()
    }
    assert described.fields == {name: expected[name] for name in FIELDS if expected.get(name)}
    text = described.to_toml()
    assert Description.from_toml(text, name="requests.about.toml") == described
    assert digest_holds(text)


def test_none_clears_a_field_and_a_bare_text_has_several_words():
    described = Description().described({"keywords": "roads, potholes,,roads ", "owner": " Roads "}, 1)
    assert described.fields == {"keywords": ("roads", "potholes"), "owner": "Roads"}
    assert described.described({"keywords": None, "owner": None}, 2).fields == {}


@pytest.mark.parametrize(
    ("field", "value", "kind", "words"),
    [
        ("license", "CC-BY-4.0", "no-such-field", "did you mean 'licence'"),
        ("colour", "red", "no-such-field", "there are: title, description"),
        ("licence", "CC-BY", "bad-licence", "'CC-BY' is no SPDX identifier"),
        ("licence", "MIT OR Apache-2.0", "bad-licence", "https://spdx.org/licenses"),
        ("licence", "LicenseRef-own", "bad-licence", "or the https address"),
        ("licence", "ftp://example.org/terms", "bad-licence", "no URL"),
        ("contact", "roads", "bad-contact", "roads@example.org"),
        ("contact", "a@b", "bad-contact", "no e-mail address"),
        ("contact", "a@b.org, c@d.org", "bad-contact", "no e-mail address"),
        ("contact", "javascript:alert(1)", "bad-contact", "no URL"),
        ("update_cycle", "daily", "bad-cycle", "P1D for daily"),
        ("update_cycle", "P", "bad-cycle", "ISO 8601"),
        ("update_cycle", "PT", "bad-cycle", "ISO 8601"),
        ("update_cycle", "P0D", "bad-cycle", "ISO 8601"),
        ("update_cycle", "P١D", "bad-cycle", "ISO 8601"),
        ("title", "two\nlines", "bad-text", "has the character"),
        ("title", "x" * 201, "bad-text", "201 characters, more than 200"),
        ("title", "\x1b[31m", "bad-text", "has the character"),
        ("title", " ", "bad-text", "is empty"),
        ("owner", 7, "bad-text", "7 is no text"),
        ("keywords", 7, "bad-text", "no list of words"),
        ("keywords", [str(n) for n in range(51)], "bad-text", "51 words"),
        ("lineage", "\ud800", "bad-text", "has the character"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_what_to_write(field, value, kind, words):
    with pytest.raises(InvalidInput) as refused:
        Description().described({field: value}, 1)
    assert refused.value.kind == kind
    assert words in str(refused.value)


def test_an_identifier_is_written_as_spdx_writes_it():
    assert Description().described({"licence": "odbl-1.0"}, 1).licence == "ODbL-1.0"
    assert Description().described({"contact": "mailto:a@b.org"}, 1).contact == "a@b.org"


def test_a_document_may_be_edited_and_may_be_of_a_newer_version():
    text = Description().described({"owner": "Roads"}, 5).to_toml()
    edited = text.replace("Roads", "Parks")
    with pytest.raises(FormatError, match="has changed since it was written"):
        Description.from_toml(edited, name="x.about.toml")
    plain = edited.partition("\n")[2] + 'spatial_resolution = "10 m"\n'
    assert Description.from_toml(plain, name="x.about.toml").fields == {"owner": "Parks"}
    assert Description.from_toml('title = "x"', name="x.about.toml").updated_us is None


@pytest.mark.parametrize(
    "text", ["", "title =", 'licence = "CC"', "title = 7", "updated = 7", 'updated = "now"']
)
def test_a_document_that_says_nothing_is_a_damage(text):
    with pytest.raises(FormatError, match=r"x\.about\.toml") as damage:
        Description.from_toml(text, name="x.about.toml")
    assert damage.value.kind == "damaged-city"
