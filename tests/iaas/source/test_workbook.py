"""Workbooks: types are kept, formulas give their values, and nothing in a sheet is passed over without a word."""

import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest

import stcloud
from stcloud.errors import InvalidInput, MissingExtra
from stcloud.iaas.source.protocol import Reading, declared_types
from stcloud.iaas.source.registry import open_source


def book(path, *sheets, merge=()):
    """A workbook of sheets, each a name and rows."""
    target = openpyxl.Workbook()
    target.remove(target.active)
    for name, rows in sheets:
        sheet = target.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cells in merge:
            sheet.merge_cells(cells)
    target.save(path)
    return path


def read(path, **reading):
    source = open_source(path, Reading(**reading))
    rows, refusals = {}, []
    for batch in source.batches():
        rows |= dict(zip(batch.numbers.tolist(), batch.rows.to_pylist(), strict=True))
        refusals += [*batch.refusals, *batch.faults]
    return source, rows, refusals


def refused(path, **reading):
    with pytest.raises(InvalidInput) as error:
        read(path, **reading)
    assert "\n" not in str(error.value)
    return error.value.kind


def test_values_have_canonical_texts_and_columns_their_types(tmp_path):
    head = ["n", "x", "b", "day", "at", "t", "mixed", "late", "took", "道路"]
    rows = [
        [1, 1.5, True, date(2024, 3, 1), datetime(2024, 3, 1, 8, 5), "=x", 1, time(8, 5), timedelta(hours=1), "a\nb"],
        [340102001001, 1e-7, False, datetime(2024, 3, 2), datetime(2024, 3, 1), "01", "one", None, None, None],
    ]  # fmt: skip
    target = openpyxl.Workbook()
    for row in [head, *rows]:
        target.active.append(row)
    target.active["F2"].data_type = "s"
    target.active["E3"].number_format = "yyyy-mm-dd hh:mm"
    target.active["D3"].number_format = "yyyy-mm-dd"
    target.save(tmp_path / "a.xlsx")
    source, found, refusals = read(tmp_path / "a.xlsx")
    assert found[1] == {
        "n": "1", "x": "1.5", "b": "true", "day": "2024-03-01", "at": "2024-03-01 08:05:00", "t": "=x", "mixed": "1",
        "late": "08:05:00", "took": "PT3600S", "道路": "a\nb",
    }  # fmt: skip
    assert (found[2]["n"], found[2]["x"], found[2]["day"], found[2]["took"]) == (
        "340102001001", "0.0000001", "2024-03-02", None,
    )  # fmt: skip
    assert {name: kind.type for name, kind in declared_types(source).items()} == {
        "n": "integer", "x": "number", "b": "boolean", "day": "date", "at": "instant", "t": "text", "mixed": "text",
        "late": "text", "took": "text", "道路": "text",
    }  # fmt: skip
    assert not refusals


def test_numbers_of_rows_are_those_below_the_header_and_empty_rows_are_passed_over(tmp_path):
    file = book(tmp_path / "a.xlsx", ("s", [[], ["a", "b"], [1, 2], [], [None, None], [3], [None, 4]]))
    assert read(file)[1] == {1: {"a": "1", "b": "2"}, 4: {"a": "3", "b": None}, 5: {"a": None, "b": "4"}}


@pytest.mark.thorough
def test_many_rows_come_in_batches_with_what_is_wrong_with_them(tmp_path):
    rows = [[number, "x"] for number in range(40_000)]
    rows[20_000] = [1, "x", "beside the table"]
    _, found, refusals = read(book(tmp_path / "a.xlsx", ("s", [["a", "b"], *rows])))
    assert len(found) == 39_999
    assert [(one.row, one.reason) for one in refusals] == [
        (20_001, "malformed-row: 3 fields where the header has 2")
    ]


def test_one_of_several_sheets_is_named_and_empty_ones_do_not_count(tmp_path):
    file = book(tmp_path / "a.xlsx", ("May", [["a"], [1]]), ("June", [["a"], [2]]), ("notes", []))
    assert refused(file) == "several-layers"
    assert read(file, layer="June")[1] == {1: {"a": "2"}}
    assert refused(file, layer="July") == "several-layers"
    assert read(book(tmp_path / "b.xlsx", ("May", [["a"], [1]]), ("notes", [])))[1] == {1: {"a": "1"}}
    assert refused(book(tmp_path / "c.xlsx", ("May", []))) == "empty-source"


def with_values(path, **values):
    """Give formulas the values that a spreadsheet program would have stored."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    for formula, cell in values.items():
        kind, value = ("e", cell) if cell.startswith("#") else ("n", cell)
        for empty in ("<v></v>", "<v />", "<v/>"):
            sheet = sheet.replace(f"<f>{formula}</f>{empty}", f"<f>{formula}</f><v>{value}</v>")
        if kind == "e":
            at = sheet.index(f"<f>{formula}</f>")
            start = sheet.rindex("<c ", 0, at)
            sheet = f'{sheet[:start]}<c t="e" {sheet[start + 3 :]}'
    members["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_formulas_give_their_values_and_errors_are_faults_of_their_rows(tmp_path):
    file = book(tmp_path / "a.xlsx", ("s", [["a", "b"], [1, "=A2*2"], [0, "=1/A3"]]))
    assert refused(file) == "formulas-not-computed"
    _, rows, faults = read(with_values(file, **{"A2*2": "2", "1/A3": "#DIV/0!"}))
    assert rows[1] == {"a": "1", "b": "2"}
    assert [(one.row, one.field, one.value, one.reason) for one in faults] == [
        (2, "b", "#DIV/0!", "formula-error")
    ]


def test_a_merged_cell_counts_in_each_of_its_rows_and_that_is_said(tmp_path):
    rows = [["street", "n"], ["North", 1], [None, 2], [None, 3], ["South", 4]]
    source, found, _ = read(book(tmp_path / "a.xlsx", ("s", rows), merge=["A2:A4"]))
    assert [row["street"] for row in found.values()] == ["North", "North", "North", "South"]
    assert source.remarks == ("1 merged cells of sheet 's' count in each of their rows",)


@pytest.mark.parametrize(
    ("rows", "merge"),
    [
        ([["Report"], ["a", "b"], [1, 2]], ["A1:B1"]),
        ([["a", None, "c"], [1, 2, 3]], []),
        ([["a", " "], [1, 2]], []),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path, rows, merge):
    assert refused(book(tmp_path / "a.xlsx", ("s", rows), merge=merge)) == "unclear-header"


def test_what_is_no_workbook_is_refused(tmp_path):
    whole = book(tmp_path / "a.xlsx", ("s", [["a"], [1]])).read_bytes()
    for name, content in {
        "text": b"a,b\n1,2\n", "old": b"\xd0\xcf\x11\xe0" + b"0" * 2000, "cut": whole[:-200], "twice": None,
    }.items():  # fmt: skip
        file = tmp_path / f"{name}.xlsx"
        if content is None:
            book(file, ("s", [["a", "a"], [1, 2]]))
        else:
            file.write_bytes(content)
        assert refused(file) == ("repeated-column" if content is None else "unreadable-source")
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
    assert refused(tmp_path / "other.xlsx") == "unreadable-source"


def test_without_the_extra_one_line_says_what_to_install(tmp_path, monkeypatch):
    file = book(tmp_path / "a.xlsx", ("s", [["a"], [1]]))
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match=r"pip install 'stcloud\[xlsx\]'"):
        open_source(file, Reading())


def test_events_of_a_workbook_are_loaded_with_their_types_on_the_citys_clock(tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    rows = [[number, datetime(2024, 3, number, 8), 117.0, 31.9, number / 2] for number in range(1, 10)]
    file = book(tmp_path / "a.xlsx", ("s", [["id", "at", "lon", "lat", "cost"], *rows]))
    loaded = city.load("e", file, key="id", time="at", lon="lon", lat="lat")
    assert (loaded.read, loaded.accepted, loaded.unplaced) == (9, 9, 0)
    assert {one.name: one.type for one in city.layer("e").attributes}["cost"] == "number"
    first = city.query("e").when("2024-03-01").rows().to_pandas()
    assert first["cost"].tolist() == [0.5]
    assert city.load("e", file).known
