"""Questions as documents: they read back as they were, and ask what they say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import stcloud
from stcloud.errors import InvalidDefinition, InvalidInput
from stcloud.paas.query import Question
from stcloud.testing.scenes import csv_texts, typed_events

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
FIELDS = {
    name: st.lists(TEXT, max_size=2).map(tuple)
    for name in ("what", "where", "when", "group", "by", "measure", "order")
} | {
    name: st.none() | TEXT
    for name in ("weekdays", "hours", "relation", "as_of", "known_at", "having", "compare", "until", "after")
} | {"count": st.booleans(), "limit": st.none() | st.integers(0, 10**9)}  # fmt: skip


@settings(deadline=None)
@given(st.fixed_dictionaries({"layer": TEXT}, optional=FIELDS))
def test_a_document_reads_back_as_the_question(said: dict[str, object]) -> None:
    question = stcloud.Question.model_validate(said)
    assert stcloud.Question.from_toml(question.to_toml(), name="x") == question
    assert stcloud.Question.from_json(question.to_json(), name="x") == question


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> stcloud.City:
    root = tmp_path_factory.mktemp("question")
    lines = "".join(
        f"k{at},2024-03-{1 + at % 28:02},5e5,3.5e6,{'ab'[at % 2]},{at},,,,,2025-01-01\n" for at in range(40)
    )
    csv_texts("id,at,x,y,note,n,m,i,ok,day,done\n" + lines).to_csv(root / "marks.csv", index=False)
    city = stcloud.create(root / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city.load("marks", root / "marks.csv", definition=typed_events("EPSG:4548"))
    return city


def test_a_document_asks_what_the_methods_ask(city: stcloud.City) -> None:
    asked = city.query("marks").what("n > 3").when("2024-03", weekdays="mon-fri")
    rows = stcloud.Question(layer="marks", what=["n > 3"], when=["2024-03"], weekdays="mon-fri", limit=5)
    assert city.ask(rows).to_records() == asked.rows(5).to_records()
    told = stcloud.Question.from_toml(
        'layer = "marks"\nwhat = ["n > 3"]\nwhen = ["2024-03"]\nweekdays = "mon-fri"\nby = ["note"]\n'
        'measure = ["count", "p = median(days(done - at))"]\nhaving = "count > 2"\norder = ["-p"]\n',
        name="marks.toml",
    )
    expected = asked.measure(
        "count", "p = median(days(done - at))", by=["note"], having="count > 2", order=["-p"]
    )
    assert city.ask(told).to_records() == expected.to_records()


def test_a_document_tells_the_crs_of_its_geometry(city: stcloud.City) -> None:
    square = "POLYGON((499999 3499999, 500001 3499999, 500001 3500001, 499999 3500001, 499999 3499999))"
    what = f"S_INTERSECTS(geometry, {square})"
    for one in ({"where": [f"wkt:{square}"]}, {"what": [what]}):
        asked = stcloud.Question(layer="marks", count=True, crs="EPSG:4548", **one)
        assert city.ask(asked).to_records() == [{"count": 40}]


def test_a_crs_that_is_none_is_refused_where_it_is_not_needed(city: stcloud.City) -> None:
    for one in ({"where": ["cell:144"]}, {"what": ["n > 3"]}):
        with pytest.raises(InvalidInput) as refused:
            city.ask(stcloud.Question(layer="marks", count=True, crs="EPSG:99999", **one))
        assert refused.value.kind == "unknown-crs"


def test_a_document_compares_with_another_place(city: stcloud.City) -> None:
    here, there = "cell:144", "not cell:144"
    asked = city.query("marks").when("2024-03")
    told = stcloud.Question(
        layer="marks", when=["2024-03"], where=[here], by=["note"], compare=f"where:{there}"
    )
    expected = asked.where(here).measure(by=["note"], compare=asked.where(there))
    assert city.ask(told).to_records() == expected.to_records()
    assert len(expected)


def test_a_document_compares_with_what_was_known(tmp_path: Path) -> None:
    """Law: fields of the other are those of the same question at the instant, or the pin, that is named."""
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    frame = pd.DataFrame(
        {"id": list("abc"), "at": ["2024-05-01"] * 3, "x": 5e5, "y": 3.5e6, "kind": list("kkl")}
    )
    keywords = {"key": "id", "time": "at", "x": "x", "y": "y", "crs": "EPSG:4548"}
    city.load("events", frame[:1], **keywords)
    first = city.query("events").count()
    city.load("events", frame)
    known = (first.facts["known_at"], first.pin.text)
    asked = [stcloud.Question(layer="events", by="kind", compare=f"known-at:{at}") for at in known]
    answers = [city.ask(question) for question in asked]
    city.load("events", frame.assign(kind="m"))
    for question, answer in zip(asked, answers, strict=True):
        assert [(row["kind"], row["count"], row["count_other"]) for row in answer.to_records()] == [
            ("k", 2, 1), ("l", 1, 0)
        ]  # fmt: skip
        again = city.ask(question.model_copy(update={"known_at": answer.pin.text}))
        assert again.to_records() == answer.to_records()


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("layer = ", "not-toml", "q.toml"),
        ('layer = "marks"\nwhta = ["x"]', "invalid-definition", "whta"),
        ("layer = 3", "invalid-definition", "layer"),
        ('when = ["2024"]', "invalid-definition", "layer"),
        ('layer = "marks"\nlimit = "5"', "invalid-definition", "limit"),
        ('layer = "marks"\nlimit = true', "invalid-definition", "limit"),
        ('layer = "marks"\ncount = 1', "invalid-definition", "count"),
        ('layer = "marks"\ncount = "yes"', "invalid-definition", "count"),
    ],
)
def test_what_is_no_question_is_refused(text: str, kind: str, said: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        stcloud.Question.from_toml(text, name="q.toml")
    assert refused.value.kind == kind
    assert said in str(refused.value)
    with pytest.raises(InvalidDefinition):
        stcloud.Question.from_json(json.dumps([1]), name="q.json")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_question_of_another_version_is_refused(version):
    with pytest.raises(InvalidDefinition, match=f"version {version}") as error:
        stcloud.Question.from_json(json.dumps({"version": version, "layer": "x", "later": 1}), name="q.json")
    assert error.value.kind == "unknown-version"


def test_older_documents_load_for_ever():
    """The first documents had no version."""
    assert stcloud.Question.from_toml('layer = "requests"', name="old.toml") == stcloud.Question(
        layer="requests", version=1
    )
    assert json.loads(stcloud.Question(layer="requests").to_json()) == {"version": 1, "layer": "requests"}


def test_the_published_schema_names_every_field():
    schema = json.loads(stcloud.Question.published_schema())
    assert schema["properties"].keys() == stcloud.Question.model_fields.keys()
    assert schema["required"] == ["layer"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("field", sorted(Question.model_fields))
def test_the_published_schema_judges_each_value_as_reading_does(field):
    judge = jsonschema_rs.validator_for(json.loads(Question.published_schema()))
    for value in (None, True, "text", "", 1, 1.5, [], ["text"], ["text", "other"], [1], [None], {}):
        document = {"layer": "requests", field: value}
        try:
            Question.model_validate(document)
        except ValidationError:
            assert not judge.is_valid(document), value
        else:
            assert judge.is_valid(document), value
