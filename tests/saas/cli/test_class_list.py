"""`stcloud classes`, and the names that commands show where there are codes of classes."""

import csv
import io
import json
import re

import pandas as pd
import pytest
from rich.cells import cell_len

import stcloud
from stcloud.errors import InvalidInput
from stcloud.iaas.bundle import bundled
from stcloud.paas.case.classes import bundled_classes
from stcloud.saas.cli import class_list

HEAD = "kind,edition,code,name_zh,name,major,valid_from,valid_to,verified,source\n"
LOCAL = HEAD + "component,2026,01901,智能井盖,Smart manhole cover,01,2026-09-01,,local,Akarana\n"
DEFINITION = """
id = "calls"
kind = "event"
title = "Calls"
key = ["id"]
[time]
column = "at"
[space]
x = "x"
y = "y"
crs = "EPSG:2193"
[columns]
code = { codes = "matter-2026" }
"""
DISTRICT = bundled("fixtures", "district")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    (folder / "calls.toml").write_text(DEFINITION, encoding="utf-8")
    rows = pd.DataFrame({"id": range(6), "at": "2026-09-01 07:00", "x": 1_750_000.0, "y": 5_430_000.0})
    rows["code"] = ["06010"] * 3 + ["10001"] * 2 + ["no code"]
    with stcloud.create(folder / "town", crs="EPSG:2193", zone="Pacific/Auckland") as city:
        city.load("calls", rows.astype({"id": str}), definition=folder / "calls.toml")
    return folder / "town"


def table(done):
    """The cells of a printed table."""
    return [re.split(r"\s{2,}", line.strip()) for line in done.out.splitlines()]


def test_a_class_is_found_by_a_code_that_contains_it(run):
    done = run("classes", "32050806010")
    assert table(done)[1:] == [["matter", "06010", "Exposed refuse", "暴露垃圾"]]
    assert run("classes", "99910101001000001", "--kind", "component", "-f", "csv").out.count("\n") == 2


def test_a_class_is_found_by_a_part_of_its_name_in_either_language(run):
    by_name = run("classes", "SNOW", "-f", "json")
    assert [(row["code"], row["successors"]) for row in json.loads(by_name.out)] == [
        ("0407", "10001"),
        ("10001", None),
    ]
    assert run("classes", "积雪", "-f", "json").out == by_name.out


def test_the_day_and_the_kind_narrow_what_is_listed(run):
    def count(*words):
        return len(json.loads(run("classes", *words, "-f", "json").out))

    assert count("--at", "2026-07-01") == 158 + 260
    assert count("--at", "2026-06-30") == 33 + 16
    assert count("--at", "2026-07-01", "--kind", "matter") == 260
    assert count() == 158 + 260 + 33 + 16


def test_all_columns_are_in_the_formats_for_programs(run):
    (row,) = csv.DictReader(io.StringIO(run("classes", "0117", "-f", "csv").out))
    assert row == {
        "kind": "component", "edition": "2013", "code": "0117", "name": "Pole", "name_zh": "电杆", "major": "01",
        "valid_from": "", "valid_to": "2026-07-01", "verified": "transcribed", "source": "GB/T 30428.2-2013",
        "successors": "01030;01031;01032;01033;01034",
    }  # fmt: skip
    (row,) = json.loads(run("classes", "0401", "--kind", "matter", "-f", "json").out)
    assert row["successors"] == "none"


def test_every_class_fits_a_line_of_a_terminal():
    """Columns as wide as their longest words fit 80; see `show_table`."""
    rows = bundled_classes().search()
    least = [
        max(cell_len(word) for row in rows for word in getattr(row, column).split())
        for column in ("kind", "code", "name", "name_zh")
    ]
    assert sum(least) + len("successors") + 4 * 2 <= 80


def test_nothing_found_is_said(run):
    done = run("classes", "no such thing")
    assert (done.code, done.err) == (0, "no class is called 'no such thing'\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--at", "July"), "'July' is no day; write it as 2026-07-01"),
        (("12345678901234",), "'12345678901234' is no class code"),
        (("--extend", "local.csv"), "nothing says whose classes these are; add --city FOLDER"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(run, words, message):
    done = run("classes", *words)
    assert done.code == 2
    assert done.err.startswith(f"stcloud: {message}")
    assert len(done.err.splitlines()) == 1


def test_classes_of_no_city_are_refused(tmp_path):
    with pytest.raises(InvalidInput) as refused:
        class_list.classes(extend=tmp_path / "local.csv")
    assert refused.value.kind == "which-city"


def test_a_city_is_given_classes_of_its_own(run, tmp_path):
    (tmp_path / "local.csv").write_text(LOCAL, encoding="utf-8")
    stcloud.create(tmp_path / "town", crs="EPSG:2193", zone="Pacific/Auckland").close()
    given = run("classes", "--city", tmp_path / "town", "--extend", tmp_path / "local.csv")
    assert given.err == f"1 class of {tmp_path / 'local.csv'} is the city's own from now on\n"
    assert table(run("classes", "smart", "--city", tmp_path / "town"))[1][:3] == [
        "component", "01901", "Smart manhole cover",
    ]  # fmt: skip
    assert "Smart" not in run("classes", "smart").out
    (tmp_path / "local.csv").write_text(LOCAL.replace("01901", "01001"), encoding="utf-8")
    refused = run("classes", "--city", tmp_path / "town", "--extend", tmp_path / "local.csv")
    assert refused.code == 2
    assert "is there already" in refused.err


def test_tables_show_names_and_files_keep_codes(run, town, tmp_path):
    words = ("query", town, "calls", "--by", "code", "--order=-count")
    assert table(run(*words))[1:] == [
        ["Exposed refuse (06010)", "3"], ["Snow or ice on the road (10001)", "2"], ["no code", "1"],
    ]  # fmt: skip
    assert run(*words, "-f", "csv").out == "code,count\n06010,3\n10001,2\nno code,1\n"
    assert run(*words, "-f", "csv", "--names").out == (
        "code,code_name,count\n06010,Exposed refuse,3\n10001,Snow or ice on the road,2\nno code,,1\n"
    )
    run(*words, "--names", "-o", tmp_path / "named.parquet")
    assert pd.read_parquet(tmp_path / "named.parquet")["code_name"].tolist()[:2] == [
        "Exposed refuse", "Snow or ice on the road",
    ]  # fmt: skip
    rows = run("query", town, "calls").out
    assert rows.count("Exposed refuse (06010)") == 3


def test_titles_and_bars_have_names(run, town, tmp_path):
    where = ("query", town, "calls", "--what", "code in ('06010', '10001')")
    assert run(*where, "--by", "code", "--chart", tmp_path / "a.svg").code == 0
    assert run(*where, "--by", "cell:100m", "--map", tmp_path / "b.svg").code == 0
    with stcloud.open(town) as city:
        from stcloud.saas.report.caption import title_of
        from stcloud.saas.report.chartdata import chart_data

        asked = city.query("calls").what("code in ('06010', '10001')")
        assert title_of(asked) == "Calls: code Exposed refuse (06010) or Snow or ice on the road (10001)"
        assert (
            title_of(city.query("calls").what("code <> '06010'")) == "Calls: code not Exposed refuse (06010)"
        )
        data = chart_data(asked.count(by="code").labelled(), ["code"], {"count": "count"})
        assert data.labels == ("Exposed refuse (06010)", "Snow or ice on the road (10001)")


@pytest.fixture(scope="module")
def lantang(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lantang") / "lantang"
    with stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai") as city:
        first = city.load(
            "components", DISTRICT / "components_2023.csv", definition="components", valid_from="2023-01-01"
        )
        assert (first.accepted, first.rejected, first.unplaced) == (4000, 0, 0)
        later = city.load(
            "components", DISTRICT / "components_2025.csv", mode="changes", valid_from="2025-01-01"
        )
        assert (later.rejected, later.unchanged) == (0, 0)
    return folder


def of_district(name):
    with (DISTRICT / name).open(encoding="utf-8", newline="") as file:
        return {row["GLBJBSM"]: row for row in csv.DictReader(file)}


def test_a_manholes_history_is_one_command(run, lantang):
    later = of_district("components_2025.csv")
    manhole = next(row for row in later.values() if row["SmallClass"] == "01002" and row["GLBJZT"] == "破损")
    done = run("history", lantang, "components", manhole["GLBJBSM"], "-f", "json")
    versions = [row for row in json.loads(done.out) if row["st_recorded_to"] is None]
    assert [(row["st_valid_from"][:10], row["GLBJZT"]) for row in versions] == [
        ("2023-01-01", "完好"), ("2025-01-01", "破损"),
    ]  # fmt: skip
    assert [row["BGRQ"] and row["BGRQ"].replace("-", "") for row in versions] == [None, manhole["BGRQ"]]
    assert "Sewage manhole cover (01002)" in run("history", lantang, "components", manhole["GLBJBSM"]).out


def test_diff_shows_what_was_damaged_or_replaced(run, lantang):
    first, later = of_district("components_2023.csv"), of_district("components_2025.csv")
    rows = json.loads(run("diff", lantang, "components", "2024-01-01", "2025-06-01", "-f", "json").out)
    changed = {row["st_key"]: row for row in rows if row["change"] == "changed"}
    assert {key: (row["GLBJZT"], row["BGRQ"].replace("-", "")) for key, row in changed.items()} == {
        key: (row["GLBJZT"], row["BGRQ"]) for key, row in later.items() if key in first
    }
    assert {row["differs"] for row in changed.values()} == {"GLBJZT, BGRQ"}
    added = {row["st_key"]: row["CSRQ"].replace("-", "") for row in rows if row["change"] == "added"}
    assert added == {key: row["CSRQ"] for key, row in later.items() if key not in first}
    assert len(changed) + len(added) == len(rows) == len(later)
