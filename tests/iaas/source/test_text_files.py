"""Text files as they are met: marks of 16 bits, bytes and lines that are none, long rows, numbers that are none."""

import json

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.source.protocol import Reading
from stcloud.iaas.source.registry import open_source

FEATURE = {"type": "Feature", "properties": {"code": "道路"}, "geometry": None}
PLAIN = {
    "csv": "code,n\n道路,1\n",
    "tsv": "code\tn\n道路\t1\n",
    "json": '[{"code": "道路", "n": "1"}]',
    "ndjson": '{"code": "道路", "n": "1"}\n',
    "geojson": json.dumps({"type": "FeatureCollection", "features": [FEATURE]}, ensure_ascii=False),
}


def rows(path, reading=None):
    source = open_source(path, reading or Reading())
    batches = list(source.batches())
    found = [row for batch in batches for row in batch.rows.to_pylist()]
    return found, [fault for batch in batches for fault in (*batch.faults, *batch.refusals)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("suffix", PLAIN)
def test_a_byte_order_mark_names_an_encoding_of_16_bits(tmp_path, suffix, encoding):
    file = tmp_path / f"rows.{suffix}"
    file.write_bytes(PLAIN[suffix].encode(encoding))
    found, faults = rows(file)
    assert [row["code"] for row in found] == ["道路"]
    assert not faults


def test_a_json_file_of_16_bits_with_features_is_geojson(tmp_path):
    file = tmp_path / "rows.json"
    file.write_bytes(PLAIN["geojson"].encode("utf-16"))
    assert open_source(file, Reading()).columns == ("code", "geometry")


@pytest.mark.parametrize("encoding", ["gbk", "big5", "cp1252", "utf-8"])
def test_the_value_of_a_fault_shows_the_bytes_of_the_file(tmp_path, encoding):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"code\na\x81\nb\n")
    found, faults = rows(file, Reading(encoding=encoding))
    assert [(fault.row, fault.value, fault.reason) for fault in faults] == [(1, "a\\x81", "undecodable-text")]
    assert found[1] == {"code": "b"}


@pytest.mark.parametrize("encoding", ["idna", "punycode", "rot13", "base64", "undefined", "", "a\0"])
def test_what_is_no_encoding_of_files_is_refused(tmp_path, encoding):
    file = tmp_path / "rows.csv"
    file.write_text("code\na\n")
    with pytest.raises(InvalidInput) as caught:
        open_source(file, Reading(encoding=encoding))
    assert caught.value.kind == "unknown-encoding"


def test_a_row_may_be_longer_than_the_sample_of_a_file(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(f"code,n\n{'x' * 3_000_000},1\nb,2\n")
    found, _ = rows(file)
    assert [len(row["code"]) for row in found] == [3_000_000, 1]


@pytest.mark.parametrize("suffix", ["ndjson", "geojsonl"])
def test_a_line_that_is_none_is_a_fault_of_its_row(tmp_path, suffix):
    file = tmp_path / f"rows.{suffix}"
    line = '{"code": "a"}' if suffix == "ndjson" else json.dumps(FEATURE)
    file.write_text(f'{line}\n{{"code": broken}}\n{line}\n')
    found, faults = rows(file)
    assert len(found) == 2
    assert [(fault.row, fault.value, fault.reason.split(":")[0]) for fault in faults] == [
        (2, '{"code": broken}', "malformed-row")
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_last_row_that_is_cut_off_is_told_from_one_that_is_malformed(tmp_path, end):
    file = tmp_path / "rows.csv"
    whole = f"code,n,m{end}a,1,1{end}"
    for last, reason in {
        "b,1": "cut-row: 2 fields where the header has 3, and the file ends there",
        "b": "cut-row: 1 fields where the header has 3, and the file ends there",
        f"b,1{end}": "malformed-row: 2 fields where the header has 3",
        f"b,1{end}{end}": "malformed-row: 2 fields where the header has 3",
        "b,1,1,1": "malformed-row: 4 fields where the header has 3",
        f"b,1{end}c,1,1": "malformed-row: 2 fields where the header has 3",
    }.items():
        file.write_bytes((whole + last).encode())
        _, faults = rows(file)
        assert [(fault.row, fault.reason) for fault in faults] == [(2, reason)], last
    file.write_bytes((whole + "b,1,1").encode())
    assert rows(file)[1] == []


def test_a_cut_row_is_told_in_the_last_part_of_a_file_too(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("code,n\n" + "a,1\n" * 4 + "a\n" + "a,1\n" * 3 + "a")
    source = open_source(file, Reading())
    faults = [fault for part in source.parts(3) for batch in source.part(part) for fault in batch.refusals]
    assert [(fault.row, fault.reason.split(":")[0]) for fault in faults] == [
        (5, "malformed-row"),
        (9, "cut-row"),
    ]


@pytest.mark.parametrize("last", ['{"code": "b"', '{"code": "b', "{", "nul"])
def test_a_file_of_lines_that_is_cut_off_is_refused(tmp_path, last):
    file = tmp_path / "rows.ndjson"
    file.write_text(f'{{"code": "a"}}\n{last}')
    with pytest.raises(InvalidInput, match="after 1 values"):
        rows(file)


VALUES = {
    "NaN": None, "Infinity": "inf", "-Infinity": "-inf", "-0": "0", "-0.0": "0", "1.50": "1.5",
    "[1.0, NaN, 1e2]": "[1, null, 100]", '{"a": [-0.0, 0.5]}': '{"a": [0, 0.5]}',
}  # fmt: skip


@pytest.mark.parametrize("written", VALUES)
@pytest.mark.parametrize("suffix", ["ndjson", "geojsonl"])
def test_numbers_have_the_text_that_typed_files_give(tmp_path, suffix, written):
    """A second row of text keeps the column one of texts."""
    file = tmp_path / f"rows.{suffix}"
    lines = [f'{{"n": {value}}}' for value in (written, '"x"')]
    if suffix == "geojsonl":
        lines = [f'{{"type": "Feature", "geometry": null, "properties": {line}}}' for line in lines]
    file.write_text("\n".join(lines))
    found, _ = rows(file)
    assert [row["n"] for row in found] == [VALUES[written], "x"]


def test_a_float_that_lost_digits_is_no_key_among_texts_either(tmp_path):
    file = tmp_path / "rows.geojsonl"
    line = '{"type": "Feature", "geometry": null, "properties": {"n": 9007199254740993.0}}'
    file.write_text("\n".join([line, line.replace("9007199254740993.0", '"x"')]))
    _, faults = rows(file, Reading(identity=("n",)))
    assert [(fault.row, fault.reason) for fault in faults] == [(1, "inexact-key")]
    assert rows(file)[1] == []


def test_16_bits_without_their_mark_are_another_encoding(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(PLAIN["csv"], encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        rows(file, Reading(encoding="utf-16"))
    assert refused.value.kind == "wrong-encoding"


def test_a_row_too_long_whose_bytes_are_no_text_is_told_in_one_line(tmp_path, capfd):
    file = tmp_path / "rows.csv"
    file.write_bytes(b"code,n\n1,2\n\x99,3,\xff\n4,5\n")
    with pytest.raises(InvalidInput) as refused:
        rows(file)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""
