"""The crosswalk of classes: none, one or many, and never a guess."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, NotFound
from stcloud.iaas.bundle import bundled
from stcloud.paas.case.classes import ClassCrosswalk, bundled_classes

CLASSES = bundled_classes()
CROSSWALK = CLASSES.crosswalk
EARLIER = [row for row in CLASSES if row.edition == "2013"]
LATER = [row for row in CLASSES if row.edition == "2026"]
HEAD = "kind,edition,code,to_edition,relation,to,verified,note\n"


def raw():
    with bundled("layers", "classes", "crosswalk.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("kind", "code", "relation", "codes"),
    [
        ("component", "0101", "one", ("01001",)),
        ("component", "0114", "one", ("01023",)),
        ("component", "0117", "many", ("01030", "01031", "01032", "01033", "01034")),
        ("component", "3205080305000001", "one", ("03005",)),
        ("component", "06", "none", ()),
        ("matter", "0401", "none", ()),
        ("matter", "0407", "one", ("10001",)),
        ("matter", "0408", "one", ("10002",)),
        ("matter", "01", "one", ("06",)),
        ("matter", "04", "none", ()),
    ],
)
def test_a_class_has_none_one_or_many_successors(kind, code, relation, codes):
    translation = CROSSWALK.translate(kind, code)
    assert (translation.relation, translation.codes) == (relation, codes)


def test_every_class_of_the_earlier_edition_is_in_it_and_nothing_else():
    assert {(row["kind"], row["code"]) for row in raw()} == {(row.kind, row.code) for row in EARLIER}
    assert {row["verified"] for row in raw()} == {"judged"}
    assert len(CROSSWALK) == len(raw()) == len(EARLIER)


@given(st.sampled_from(EARLIER))
def test_successors_are_classes_of_the_later_edition_and_lead_back(row):
    translation = CROSSWALK.translate(row.kind, row.code)
    assert {"none": 0, "one": 1}.get(translation.relation, 2) == min(len(translation.codes), 2)
    for code in translation.codes:
        later = CLASSES.look_up(row.kind, code, edition="2026")
        assert bool(later.major) == bool(row.major)  # major classes lead to major ones, minor to minor
        assert translation in CROSSWALK.predecessors(row.kind, code)


@given(st.sampled_from(LATER))
def test_predecessors_lead_forward(row):
    for translation in CROSSWALK.predecessors(row.kind, row.code):
        assert row.code in CROSSWALK.translate(row.kind, translation.code).codes


def test_a_class_that_is_not_listed_is_not_one_without_a_successor():
    with pytest.raises(NotFound) as refused:
        CROSSWALK.translate("component", "0199")
    assert refused.value.kind == "unknown-class"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("component,2013,0101,2026,none,01001,judged,", "does not fit '01001', which is one"),
        ("component,2013,0101,2026,one,01001;01002,judged,", "which is many"),
        ("component,2013,0101,2026,many,01001;01001,judged,", "names a class twice"),
        ("event,2013,0101,2026,none,,judged,", "neither component nor matter"),
        ("component,2013,0101,2026,,01001,judged,", "relation is empty"),
    ],
)
def test_a_crosswalk_that_contradicts_itself_is_refused(row, fault):
    with pytest.raises(InvalidDefinition) as refused:
        ClassCrosswalk.from_csv(f"{HEAD}{row}\n", "crosswalk.csv")
    assert refused.value.kind == "invalid-crosswalk"
    assert fault in str(refused.value)
