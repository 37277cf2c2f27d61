"""Answers as workbooks: text stays text, instants are on the city's clock and the header says so."""

from datetime import date, datetime

import openpyxl
import pytest

import stcloud
from stcloud.errors import MissingExtra, Unsupported
from stcloud.saas.cli.output import plain
from stcloud.saas.cli.workbookfile import write_workbook
from stcloud.testing.events import HEAD, define, row


def cells(path):
    sheet = openpyxl.load_workbook(path).active
    return [[(cell.value, cell.data_type) for cell in line] for line in sheet.iter_rows()]


def write(tmp_path, *rows, names=("v",)):
    path = tmp_path / "a.xlsx"
    write_workbook(names, [dict.fromkeys(names, value) for value in rows], path, {}, plain)
    return [line[0] for line in cells(path)[1:]]


def test_text_is_never_a_formula_and_nothing_loses_a_digit(tmp_path):
    texts = ["=1+1", "=HYPERLINK(1)", "+1", "-1", "@x", "#N/A", "01", "道路", "a\nb", "2024-03-01"]
    assert write(tmp_path, *texts) == [(text, "s") for text in texts]
    long = 340102001001001001
    assert write(tmp_path, long, 12, None, float("nan"), True, 1.5) == [
        (str(long), "s"), (12, "n"), (None, "n"), (None, "n"), (True, "b"), (1.5, "n"),
    ]  # fmt: skip
    assert write(tmp_path, "a\x0bb", [1, "x"], date(1850, 1, 2)) == [
        ("a\\x0bb", "s"), ('[1, "x"]', "s"), ("1850-01-02", "s"),
    ]  # fmt: skip
    assert write(tmp_path, datetime(2024, 3, 1, 8, 5))[0][0] == datetime(2024, 3, 1, 8, 5)


def test_what_a_sheet_has_no_room_for_is_refused_and_leaves_no_file(tmp_path):
    for value, names in ((1, range(16_385)), ("x" * 40_000, "v")):
        with pytest.raises(Unsupported) as refused:
            write(tmp_path, value, names=list(map(str, names)))
        assert refused.value.kind == "too-large"
        assert not list(tmp_path.iterdir())


def test_an_answer_is_on_the_citys_clock(run, tmp_path):
    city = stcloud.create(tmp_path / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    (tmp_path / "a.csv").write_text(HEAD + row(1, note="=1+1") + row(2))
    city.load("e", tmp_path / "a.csv", definition=define())
    file = tmp_path / "a.xlsx"
    assert run("query", tmp_path / "city", "e", "-o", file).code == 0
    head, first, _ = cells(file)
    column = [name for name, _ in head].index("st_time (Asia/Shanghai)")
    assert first[column][0] == datetime(2024, 3, 2, 10)
    assert ("=1+1", "s") in first
    assert run("query", tmp_path / "city", "e", "--by", "day", "-o", file).code == 0
    assert [name for (name, _), *_ in zip(*cells(file)[:1], strict=True)][-1] == "count"
    assert run("query", tmp_path / "city", "e", "--format", "xlsx").code == 2


def test_without_the_extra_one_line_says_what_to_install_before_any_work(run, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    ended = run("query", tmp_path / "nowhere", "e", "-o", tmp_path / "a.xlsx")
    assert ended.code == 5
    assert "pip install 'stcloud[xlsx]'" in ended.line
    with pytest.raises(MissingExtra) as refused:
        write(tmp_path, 1)
    assert refused.value.kind == "missing-xlsx"
