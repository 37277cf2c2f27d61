"""Tables of classes: what they hold, how a class is looked up, and how a city extends them."""

import csv
from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import InvalidDefinition, InvalidInput, NotFound
from stcloud.iaas.bundle import bundled, code_tables
from stcloud.paas.case.classes import KINDS, ClassTable, bundled_classes, class_digits

CLASSES = bundled_classes()
NEW, OLD = date(2026, 7, 1), date(2026, 6, 30)
HEAD = "kind,edition,code,name_zh,name,major,valid_from,valid_to,verified,source\n"
LOCAL = HEAD + "component,2026,01901,智能井盖,Smart manhole cover,01,2026-09-01,,local,Lantang District\n"
MINORS = [row for row in CLASSES if row.major]


def raw(name):
    """The rows of a bundled table, read by nothing of ours."""
    text = bundled("layers", "classes", f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))


def sizes(name):
    """How many minor classes each major class has."""
    return Counter(row["major"] for row in raw(name) if row["major"])


def test_the_components_of_2026_sum_up_as_the_standard_counts_them():
    assert sizes("component-2026") == {"01": 76, "02": 44, "03": 16, "04": 14, "05": 3}
    assert sizes("component-2026").total() == 153


def test_the_matters_of_2026_repeat_the_components_and_add_their_own():
    components = {row["code"]: row["name_zh"] for row in raw("component-2026") if row["major"]}
    matters = {row["code"]: row["name_zh"] for row in raw("matter-2026") if row["major"]}
    assert {code: name for code, name in matters.items() if code[:2] <= "05"} == {
        code: f"{name}异常" for code, name in components.items()
    }
    own = {major: size for major, size in sizes("matter-2026").items() if major > "05"}
    assert own == {"06": 51, "07": 7, "08": 16, "09": 21, "10": 2}
    assert len(matters) == 153 + 51 + 7 + 16 + 21 + 2 == 250


@pytest.mark.parametrize(
    ("kind", "gaps"),
    [
        ("component", {"01016", "05001"}),
        ("matter", {"06031", "07005", "09007"}),
    ],
)
def test_numbers_that_the_standard_leaves_out_are_left_out(kind, gaps):
    codes = {row.code for row in CLASSES if row.kind == kind}
    assert not gaps & codes
    with pytest.raises(NotFound) as refused:
        CLASSES.look_up(kind, min(gaps))
    assert refused.value.kind == "unknown-class"


@pytest.mark.parametrize("name", code_tables())
def test_every_row_says_how_it_is_known_and_has_both_names(name):
    rows = raw(name)
    assert {row["verified"] for row in rows} <= {"transcribed", "derived"}
    assert all(row["name"].strip() and row["name_zh"].strip() for row in rows)
    assert all(row["name"].isascii() and not row["name_zh"].isascii() for row in rows)
    assert {f"{row['kind']}-{row['edition']}" for row in rows} == {name}
    end, start = ("2026-07-01", "") if name.endswith("2013") else ("", "2026-07-01")
    assert {(row["valid_from"], row["valid_to"]) for row in rows} == {(start, end)}


@pytest.mark.parametrize("name", ["component-2026", "matter-2026"])
def test_no_two_classes_of_a_list_share_a_name(name):
    for column in ("name", "name_zh"):
        counts = Counter(row[column] for row in raw(name))
        assert counts.most_common(1)[0][1] == 1


def test_only_what_repeats_the_components_is_derived():
    derived = {row["code"] for row in raw("matter-2026") if row["verified"] == "derived"}
    assert derived == {row["code"] for row in raw("component-2026")}


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("01", "01"),
        ("0101", "0101"),
        ("01001", "01001"),
        ("3205080101", "0101"),
        ("32050801001", "01001"),
        ("3205080101000001", "0101"),
        ("32050801001000001", "01001"),
    ],
)
def test_a_class_is_read_out_of_longer_codes(code, digits):
    assert class_digits(code, "component") == digits


@pytest.mark.parametrize(
    "code",
    [
        "",
        "1",
        "010",
        "010010",
        "O1001",
        "01-001",
        "0100１",
        "320508010010000012",
        " ",
    ],
)
def test_what_is_no_class_code_is_refused(code):
    with pytest.raises(InvalidInput) as refused:
        CLASSES.look_up("component", code)
    assert refused.value.kind == "invalid-class-code"


def test_the_id_of_a_component_is_no_code_of_a_matter():
    with pytest.raises(InvalidInput, match="id of a component"):
        CLASSES.look_up("matter", "32050801001000001")


def test_components_and_matters_share_numbers():
    assert CLASSES.look_up("component", "01001").name_zh == "供水井盖"
    assert CLASSES.look_up("matter", "01001").name_zh == "供水井盖异常"
    assert CLASSES.name_of(None, "01001") is None  # which of both is not known
    assert CLASSES.name_of(None, "06010") == "Exposed refuse"
    with pytest.raises(InvalidInput) as refused:
        CLASSES.look_up("event", "01001")
    assert refused.value.kind == "unknown-class-kind"


def test_a_day_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match="write it as 2026-07-01") as refused:
        CLASSES.look_up("component", "01001", "July")
    assert refused.value.kind == "unreadable-day"


def test_the_day_decides_which_edition_a_major_class_is_of():
    assert CLASSES.look_up("matter", "01", OLD).name == "City appearance and environment"
    assert CLASSES.look_up("matter", "01", NEW).name == "Abnormal municipal utilities"
    assert CLASSES.look_up("matter", "01").edition == "2026"
    assert CLASSES.look_up("matter", "01", edition="2013").name_zh == "市容环境"
    assert [row.code for row in CLASSES.majors("matter", OLD)] == ["01", "02", "03", "04", "05", "06"]
    assert len(CLASSES.majors("matter", NEW)) == 10
    assert CLASSES.look_up("matter", "01", datetime(2026, 7, 1, 23, 59)).edition == "2026"


@pytest.mark.parametrize(
    ("kind", "code", "day", "hint"),
    [
        ("component", "0101", "2026-07-01", "use 01001 (Water-supply manhole cover)"),
        ("component", "3205080101000001", "2026-07-01", "use 01001 (Water-supply manhole cover)"),
        ("matter", "0407", "2027-01-01", "use 10001 (Snow or ice on the road)"),
        ("matter", "0401", "2027-01-01", "no class took its place"),
        ("component", "01003", "2026-06-30", "use 0103 (Storm-drain manhole cover)"),
        ("component", "01054", "2026-06-30", "the crosswalk names no earlier class"),
    ],
)
def test_a_class_on_a_day_when_it_is_not_valid_is_refused_with_its_crosswalk(kind, code, day, hint):
    with pytest.raises(InvalidInput) as refused:
        CLASSES.look_up(kind, code, day)
    assert (refused.value.kind, refused.value.hint) == ("class-not-valid", hint)


def test_a_class_of_many_successors_lists_all_of_them():
    with pytest.raises(InvalidInput) as refused:
        CLASSES.look_up("component", "0117", NEW)
    assert refused.value.hint.startswith("choose one of 01030 (Power pole), 01031 (Telecom pole)")


@given(st.sampled_from(MINORS), st.sampled_from(["320508", "999101"]), st.dates(date(2000, 1, 1)))
def test_every_class_is_found_by_all_of_its_codes_on_its_days_and_on_no_others(row, division, day):
    codes = [row.code, f"{division}{row.code}"]
    codes += [f"{division}{row.code}000001"] if row.kind == "component" else []
    for code in codes:
        assert CLASSES.look_up(row.kind, code) == row
        assert CLASSES.name_of(row.kind, code) == row.name
        assert CLASSES.name_of(row.kind, code, language="zh") == row.name_zh
        valid = (day >= NEW) == (row.edition == "2026")
        if valid:
            assert CLASSES.look_up(row.kind, code, day) == row
        else:
            with pytest.raises(InvalidInput, match="is valid"):
                CLASSES.look_up(row.kind, code, day)


@given(st.text(max_size=20))
def test_any_text_has_a_name_or_none_and_never_an_error(text):
    name = CLASSES.name_of(None, text)
    assert name is None or any(row.name == name for row in CLASSES)


@given(st.sampled_from(KINDS), st.sampled_from([None, OLD, NEW]))
def test_minor_classes_are_the_children_of_their_major_class(kind, day):
    majors = CLASSES.majors(kind, day)
    edition = "2013" if day == OLD else "2026"
    for major in (row for row in majors if row.edition == edition):
        children = CLASSES.children(kind, major.code, day)
        assert all(row.code.startswith(major.code) and row.major == major.code for row in children)
        assert all(day is None or row.is_valid(day) for row in children)
    assert len(CLASSES.children("matter", "06", NEW)) == 51


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("暴露", ["06010"]),
        ("EXPOSED REFUSE", ["06010"]),
        ("0601", [f"060{n}" for n in range(10, 20)]),
        ("99910101003000001", ["01003", "01003"]),
        ("0401", ["0401", "0401"]),  # and not 04010, 04011 …
        ("10", ["10", "10001", "10002"]),
        ("no such class", []),
    ],
)
def test_search_finds_codes_and_parts_of_names(text, codes):
    assert [row.code for row in CLASSES.search(text)] == codes


def test_search_for_a_manhole_finds_every_cover():
    covers = CLASSES.search("manhole", kind="component", at=NEW)
    assert covers == CLASSES.search("井盖", kind="component", at=NEW)
    assert len(covers) == 20


def test_a_city_adds_classes_of_its_own():
    table = CLASSES.extended(LOCAL)
    assert len(table) == len(CLASSES) + 1
    assert table.look_up("component", "32050801901", "2026-09-01").name_zh == "智能井盖"
    assert table.look_up("component", "01901").verified == "local"
    assert table.crosswalk is CLASSES.crosswalk
    assert CLASSES.name_of("component", "01901") is None  # a table never changes
    with pytest.raises(InvalidInput, match="is valid from 2026-09-01, and not on 2026-08-31"):
        table.look_up("component", "01901", "2026-08-31")
    again = CLASSES.extended(row for row in table if row.verified == "local")
    assert list(again) == list(table)


def test_a_city_may_add_a_major_class_with_its_classes():
    rows = HEAD + (
        "matter,2026,91,本地事项,Local matters,,2026-07-01,,local,Lantang\n"
        "matter,2026,91001,犬只扰民,Dog nuisance,91,2026-07-01,,local,Lantang\n"
    )
    assert [row.code for row in CLASSES.extended(rows).children("matter", "91", NEW)] == ["91001"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "component,2026,01001,井,Lid,01,2026-09-01,,local,X",
            "01001 (Lid), valid from 2026-09-01, is there already: Water-supply",
        ),
        ("component,2026,77001,井,Lid,77,,,local,X", "has no major class 77 in the edition of 2026"),
        ("component,2013,0199,井,Lid,01,2026-09-01,,local,X", "has no major class 01 in the edition of 2013"),
        ("thing,2026,01901,井,Lid,01,,,local,X", "kind 'thing' is neither component nor matter"),
        ("component,2026,01901,井,Lid,02,,,local,X", "major '02' of 01901 is wrong: it is '01'"),
        ("component,2026,1901,井,,19,,,local,X", "name is empty"),
        ("component,2026,A1901,井,Lid,A1,,,local,X", "code 'A1901' is no class code"),
        ("component,2026,01901,井,Lid,01,2026-09-01,2026-09-01,local,X", "is not before valid_to"),
        ("component,2026,01901,井,Lid,01,1.9.2026,,local,X", "valid_from '1.9.2026' is no day"),
        ("component,2026,01901,井,Lid,01,,,local", "there are 9 fields and the header has 10"),
    ],
)
def test_local_classes_that_do_not_fit_are_refused_in_the_words_of_their_columns(row, fault):
    with pytest.raises(InvalidDefinition) as refused:
        CLASSES.extended(f"{HEAD}{row}\n", "local.csv")
    assert refused.value.kind == "invalid-classes"
    assert fault in str(refused.value)
    assert "local.csv" in str(refused.value)


def test_all_faults_of_a_file_are_named_at_once():
    rows = HEAD + "thing,2026,01901,井,Lid,01,,,local,X\ncomponent,2026,01902,井,Lid,01,x,,local,X\n"
    with pytest.raises(InvalidDefinition) as refused:
        CLASSES.extended(rows)
    assert [fault[:6] for fault in refused.value.faults] == ["row 1:", "row 2:"]


def test_an_unknown_column_is_refused_with_the_nearest():
    with pytest.raises(InvalidDefinition, match="unknown column 'valid_form'; did you mean 'valid_from'"):
        CLASSES.extended([{"kind": "component", "valid_form": "2026-01-01"}])


def test_one_class_may_have_two_versions_one_after_the_other():
    rows = (
        "component,2026,01,公,Utilities,,2026-07-01,,local,X\n"
        "component,2026,01901,旧,Old lid,01,2026-07-01,2027-01-01,local,X\n"
        "component,2026,01901,新,New lid,01,2027-01-01,,local,X\n"
    )
    table = ClassTable.from_csv(HEAD + rows, "local.csv")
    assert table.look_up("component", "01901", "2026-12-31").name == "Old lid"
    assert table.look_up("component", "01901", "2027-01-01").name == "New lid"
    assert table.look_up("component", "01901").name == "New lid"
