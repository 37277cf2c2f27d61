"""Sources: every reader gives the text that was written, and the number of each row, refused ones too."""

import gzip
import json
import random

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.errors import Conflict, InvalidInput, NotFound, Unsupported
from stcloud.iaas.source import delimited, jsonrows, registry, vector
from stcloud.iaas.source import parquet as columnar
from stcloud.iaas.source.fingerprint import fingerprint, watch
from stcloud.iaas.source.protocol import GEOMETRY, Batch, Reading
from stcloud.iaas.source.registry import open_source
from stcloud.iaas.source.text import as_text
from stcloud.testing.examples import examples

ROWS = [{"a": "1", "b": "x"}, {"a": "02", "b": None}, {"a": "3", "b": "道路"}]


def read(path, **reading):
    """All rows by number, all refusals by number."""
    source = open_source(path, Reading(**reading))
    rows, refused, last = {}, {}, 0
    for batch in source.batches():
        assert batch.rows.schema.names == list(source.columns)
        assert len(batch.numbers) == batch.rows.num_rows
        for number, row in zip(batch.numbers.tolist(), batch.rows.to_pylist(), strict=True):
            assert number > last
            last = number
            rows[number] = row
        for one in batch.refusals:
            assert one.row not in refused
            refused[one.row] = one
    assert not rows.keys() & refused.keys()
    return rows, refused


def kind_of(call):
    with pytest.raises((InvalidInput, NotFound, Unsupported, Conflict)) as told:
        call()
    return told.value.kind


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.tsv", "a.txt", "a.csv.gz", "a.b.csv"])
def test_delimited_text(tmp_path, name):
    file = tmp_path / name
    text = "a,b\n1,x\n02,\n3,道路\n".encode()
    file.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    rows, refused = read(file)
    assert list(rows) == [1, 2, 3]
    assert [one["a"] for one in rows.values()] == ["1", "02", "3"]
    assert rows[2]["b"] == ""
    assert not refused


@given(
    st.lists(st.sampled_from(["good", "good", "quoted", "blank", "short", "long"]), max_size=60),
    st.sampled_from([64, 200, 1 << 20]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=examples(60))
def test_rows_keep_their_number_whatever_comes_between(tmp_path_factory, kinds, block, end, repeat):
    """Law: row n of the file is row n of the reader, refused rows counted, blank lines not."""
    lines, good, bad, number = ["a,b,c"], {}, {}, 0
    for at, kind in enumerate(kinds):
        number += kind != "blank"
        value = "same" if repeat else f"v{at}"
        line = {
            "good": f"{at},{value},z",
            "quoted": f'{at},"q\n{at}",z',
            "short": f"{at},",
            "long": f"{at},b,c,d",
        }
        lines.append(line.get(kind, ""))
        if kind in ("good", "quoted"):
            good[number] = {"a": str(at), "b": value if kind == "good" else f"q\n{at}", "c": "z"}
        elif kind != "blank":
            bad[number] = line[kind]
    file = tmp_path_factory.mktemp("law") / "a.csv"
    file.write_bytes((end.join(lines) + end).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_BLOCK_BYTES", block)
        rows, refused = read(file)
    assert rows == good
    assert {number: one.value for number, one in refused.items()} == bad


def test_row_numbers_across_blocks_of_a_larger_file(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 4096)
    chance = random.Random(5)
    bad = {number for number in range(1, 5001) if chance.random() < 0.05}
    file = tmp_path / "a.csv"
    file.write_text("a,b\n" + "".join(f"{n}\n" if n in bad else f"{n},{n % 3}\n" for n in range(1, 5001)))
    rows, refused = read(file)
    assert all(row["a"] == str(number) for number, row in rows.items())
    assert refused.keys() == bad


@pytest.mark.parametrize(
    "content", ['a,b\n1,"x', 'a,b\n1,"', 'a,b\n"1', 'a,b\n1,"x""', 'a,b\n1,"x\n2,y\n3,z\n']
)
def test_quotes_that_are_not_closed(tmp_path, content):
    file = tmp_path / "a.csv"
    file.write_text(content)
    assert kind_of(lambda: read(file)) == "unreadable-source"


@pytest.mark.parametrize(
    "last", ['"x"', '""', '"x"""', '5" pipe', 'x"', "\x03", "\x03,", '"\n"', "x\n", '"x"\n', "x\r"]
)
def test_quotes_that_are_closed_or_mean_nothing(tmp_path, last):
    file = tmp_path / "a.csv"
    file.write_bytes(f"a,b\n1,y\n2,{last}".encode())
    rows, refused = read(file)
    assert rows[1] == {"a": "1", "b": "y"}
    assert len(rows) + len(refused) == 2


def test_a_header_is_read_as_the_rows_are(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text('\n"a\nb";"c;d";"e""f";\u2028g;h\x0bi\n007;2;3;4;5\n')
    rows, _ = read(file)
    assert rows[1] == {"a\nb": "007", "c;d": "2", 'e"f': "3", "\u2028g": "4", "h\x0bi": "5"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "latin-1"])
def test_encodings(tmp_path, encoding):
    file = tmp_path / "a.csv"
    file.write_text("a,é\n1,é\n" * (encoding == "latin-1") or "a,道\n1,路\n", encoding=encoding)
    rows, _ = read(file, encoding=encoding)
    assert list(rows[1].values()) == ["1", "é" if encoding == "latin-1" else "路"]


def test_a_delimiter_that_is_declared(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a,b;c,d\n1,2;3,4\n")
    assert read(file)[0][1] == {"a": "1", "b;c": "2;3", "d": "4"}
    assert read(file, delimiter=";")[0][1] == {"a,b": "1,2", "c,d": "3,4"}


def test_json_lines_and_arrays(tmp_path):
    array, lines = tmp_path / "a.json", tmp_path / "a.ndjson"
    array.write_text(json.dumps(ROWS))
    lines.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "7\n[]\n")
    assert read(array) == ({1: ROWS[0], 2: ROWS[1], 3: ROWS[2]}, {})
    rows, refused = read(lines)
    assert rows == {1: ROWS[0], 2: ROWS[1], 3: ROWS[2]}
    assert list(refused) == [4, 5]


TEXTS = st.text(max_size=5).filter(lambda text: "\x00" not in text)
NESTED = st.lists(st.integers() | st.text("ab"), max_size=3) | st.dictionaries(
    st.text("ab"), st.integers(), max_size=2
)
SCALARS = st.none() | st.booleans() | st.integers() | TEXTS


@given(st.dictionaries(TEXTS, SCALARS | NESTED, min_size=1, max_size=5))
@settings(deadline=None, max_examples=examples(12))
def test_json_values_come_as_written(tmp_path_factory, row):
    """Law: texts stay as they are, numbers keep every digit, what is nested reads back as JSON."""
    file = tmp_path_factory.mktemp("law") / "a.ndjson"
    file.write_text(json.dumps(row) + "\n")
    found = read(file)[0][1]
    for name, value in row.items():
        if isinstance(value, list | dict):
            assert json.loads(found[name]) == value
        elif isinstance(value, bool):
            assert found[name] == ("true" if value else "false")
        else:
            assert found[name] == (None if value is None else str(value))


def test_json_columns_are_all_names_that_come(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps([{"a": 1}] * 3000 + [{"b": 2}]))
    rows, refused = read(file)
    assert rows[1] == {"a": "1", "b": None}
    assert rows[3001] == {"a": None, "b": "2"}
    assert not refused


def shapes(path, **more):
    points = geopandas.points_from_xy([117, 118], [31, 32])
    geopandas.GeoDataFrame(
        {"a": ["1", "02"], "when": ["2024-03-01 10:00:00", "2024-03-02"]}, geometry=points, crs=4326
    ).to_file(path, **more)


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.fgb", "a.json", "a.geojson.gz", "a.json.gz"])
def test_vector_files(tmp_path, name):
    file = tmp_path / name
    if "json" in name:
        plain = tmp_path / "plain.geojson"
        shapes(plain)
        file.write_bytes(gzip.compress(plain.read_bytes()) if name.endswith("gz") else plain.read_bytes())
    else:
        shapes(file)
    source = open_source(file, Reading())
    assert source.columns == ("a", "when", GEOMETRY)
    assert "4326" in source.crs
    rows, _ = read(file)
    found = sorted((row["a"], row["when"], shapely.from_wkb(row[GEOMETRY]).x) for row in rows.values())
    assert found == [("02", "2024-03-02", 118.0), ("1", "2024-03-01 10:00:00", 117.0)]


def test_layers_of_a_geopackage(tmp_path):
    file = tmp_path / "a.gpkg"
    for layer in ("n", "s"):
        shapes(file, layer=layer)
    assert kind_of(lambda: open_source(file, Reading())) == "several-layers"
    assert len(read(file, layer="s")[0]) == 2
    assert kind_of(lambda: open_source(file, Reading(layer="w"))) == "unreadable-source"


def test_parquet(tmp_path):
    file = tmp_path / "a.parquet"
    table = pa.table({"a": [1, None], "b": [["x"], None], "c": pa.array(["u", "v"]).dictionary_encode()})
    pq.write_table(table, file)
    assert read(file)[0] == {1: {"a": "1", "b": '["x"]', "c": "u"}, 2: {"a": None, "b": None, "c": "v"}}


def test_batches_are_numbered_through(tmp_path, monkeypatch):
    for room in (columnar, jsonrows, vector):
        monkeypatch.setattr(room, "_BATCH_ROWS", 10)
    numbers = [str(number) for number in range(1, 36)]
    pq.write_table(pa.table({"a": numbers}), tmp_path / "a.parquet")
    (tmp_path / "a.json").write_text(json.dumps([{"a": one} for one in numbers]))
    points = geopandas.points_from_xy(range(35), range(35))
    geopandas.GeoDataFrame({"a": numbers}, geometry=points, crs=4326).to_file(tmp_path / "a.geojson")
    for name in ("a.parquet", "a.json", "a.geojson"):
        rows, _ = read(tmp_path / name)
        assert {number: row["a"] for number, row in rows.items()} == dict(enumerate(numbers, start=1)), name


@given(st.lists(st.none() | st.floats(allow_nan=False), min_size=1))
def test_numbers_as_text_read_back_exactly(numbers):
    """Law: float(as_text(x)) == x."""
    texts = as_text(pa.array(numbers, pa.float64())).to_pylist()
    assert [None if text is None else float(text) for text in texts] == numbers


def test_instants_as_text():
    zoned = pa.array([0, None], pa.timestamp("ms", "America/New_York"))
    assert as_text(zoned).to_pylist() == ["1970-01-01 00:00:00Z", None]
    assert (
        as_text(zoned.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("s"))).to_pylist()[0]
        == "1970-01-01 00:00:00"
    )


def test_files_that_cannot_be_opened(tmp_path):
    empty, odd = tmp_path / "a.csv", tmp_path / "a.odd"
    empty.touch()
    odd.write_text("a,b\n1,2\n")
    assert kind_of(lambda: open_source(tmp_path / "none.csv", Reading())) == "no-source"
    assert kind_of(lambda: open_source(tmp_path, Reading())) == "not-a-file"
    assert kind_of(lambda: open_source(empty, Reading())) == "empty-source"
    assert kind_of(lambda: open_source(odd, Reading())) == "unknown-format"
    assert read(odd, format="csv")[0] == {1: {"a": "1", "b": "2"}}
    assert kind_of(lambda: open_source(odd, Reading(format="csv", encoding="none"))) == "unknown-encoding"
    assert kind_of(lambda: open_source(odd, Reading(format="parquet"))) == "unreadable-source"
    assert kind_of(lambda: open_source(odd, Reading(format="json", encoding="latin-1"))) == "wrong-encoding"


def test_a_file_that_grows_while_it_is_read_is_told(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    unchanged = watch(file)
    unchanged()
    file.write_text("a\n1\n2\n")
    assert kind_of(unchanged) == "source-changed"


def test_a_fingerprint_is_of_the_content(tmp_path):
    one, other = tmp_path / "a", tmp_path / "b"
    one.write_bytes(b"x" * 100_000)
    other.write_bytes(b"x" * 100_000)
    assert fingerprint(one) == fingerprint(other)
    other.write_bytes(b"x" * 99_999 + b"y")
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("cut", range(60, 72))
def test_a_block_that_is_only_a_line_end_ends_nothing(tmp_path, monkeypatch, cut):
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", cut)
    file = tmp_path / "a.csv"
    file.write_bytes(
        b'a,b,c\r\n0,v0,z\r\n1,"q\n1",z\r\n2,"q\n2",z\r\n' + b"\r\n" * 5 + b"8,b,c,d\r\n9,b,c,d\r\n"
    )
    rows, refused = read(file)
    assert (list(rows), list(refused)) == ([1, 2, 3], [4, 5])


def test_a_header_alone_without_a_line_end_has_no_rows(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"a,b,c")
    assert read(file) == ({}, {})


TEXTS = {
    "a.csv": lambda rows: "a,b\n" + "\n".join(",".join(row) for row in rows) + "\n",
    "a.ndjson": lambda rows: "\n".join(f'{{"a": "{a}", "b": "{b}"}}' for a, b in rows),
    "a.json": lambda rows: "[" + ",".join(f'{{"a": "{a}", "b": "{b}"}}' for a, b in rows) + "]",
    "a.geojson": lambda rows: (
        '{"type": "FeatureCollection", "features": ['
        + ",".join(
            f'{{"type": "Feature", "properties": {{"a": "{a}", "b": "{b}"}}, "geometry": null}}'
            for a, b in rows
        )
        + "]}"
    ),
}
"""Files of text columns ``a`` and ``b``."""
FAULTS = {
    "NUL": (b"x\0y", "nul-character", "x\\x00y"),
    "a byte of no text": (b"x\xffy", "undecodable-text", "x\\xffy"),
    "half a character": ("道".encode()[:2], "undecodable-text", "\\xe9\\x81"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_value_is_a_fault_of_its_row(tmp_path, name, fault, packed):
    raw, reason, shown = FAULTS[fault]
    content = TEXTS[name]([("1", "x"), ("2", "BAD"), ("3", "道")]).encode().replace(b"BAD", raw)
    file = tmp_path / (f"{name}.gz" if packed else name)
    file.write_bytes(gzip.compress(content) if packed else content)
    (batch,) = open_source(file, Reading()).batches()
    (refusal,) = batch.faults
    assert (refusal.row, refusal.field, refusal.reason) == (2, "b", reason)
    assert refusal.value.replace("\\udc", "\\x") == shown
    kept = [row for row, number in zip(batch.rows.to_pylist(), batch.numbers, strict=True) if number != 2]
    assert [(row["a"], row["b"]) for row in kept] == [("1", "x"), ("3", "道")]


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.geojson"])
@pytest.mark.parametrize(
    ("written", "reason"), [(r"\ud800", "undecodable-text"), (r"\u0000", "nul-character")]
)
def test_a_bad_escape_is_a_fault_of_its_row(tmp_path, name, written, reason):
    (tmp_path / name).write_text(TEXTS[name]([("1", "x"), ("2", written)]))
    (batch,) = open_source(tmp_path / name, Reading()).batches()
    assert [(one.row, one.field, one.reason) for one in batch.faults] == [(2, "b", reason)]


@pytest.mark.parametrize("name", TEXTS)
def test_a_byte_order_mark_is_dropped(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(b"\xef\xbb\xbf" + TEXTS[name]([("1", "x")]).encode())
    for encoding in ("utf-8", "utf-8-sig", *(["latin-1", "gb18030", "ascii"] if name == "a.csv" else [])):
        source = open_source(file, Reading(encoding=encoding))
        assert source.columns[0] == "a"
        assert next(source.batches()).rows.column("a").to_pylist() == ["1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
def test_a_byte_order_mark_of_another_encoding_is_dropped(tmp_path, encoding):
    file = tmp_path / "a.csv"
    file.write_bytes(("\ufeff" + "a,b\n1,道\n").encode(encoding))
    source = open_source(file, Reading(encoding=encoding))
    assert source.columns == ("a", "b")
    assert next(source.batches()).rows.to_pylist() == [{"a": "1", "b": "道"}]


@pytest.mark.parametrize(
    ("encoding", "raw"), [("gb18030", b"\xff"), ("gbk", b"\xd6"), ("ascii", b"\xe9"), ("cp1252", b"\x81")]
)
def test_a_byte_that_another_encoding_lacks_is_a_fault_of_its_row(tmp_path, encoding, raw):
    file = tmp_path / "a.csv"
    file.write_bytes(b"a,b\n1,x\n2," + raw + b"\n3,z\n")
    (batch,) = open_source(file, Reading(encoding=encoding)).batches()
    assert [(one.row, one.field, one.reason) for one in batch.faults] == [(2, "b", "undecodable-text")]
    assert batch.rows.num_rows == 3


class Upper:
    """A toy format: its file is one row of one column."""

    columns, crs = ("word",), None

    def __init__(self, path, reading):
        self._path, self.reading = path, reading

    def batches(self):
        rows = pa.RecordBatch.from_pydict({"word": [self._path.read_text().upper()]})
        yield Batch(rows, np.array([1]))

    def position(self):
        return 0


def test_a_format_that_is_registered_is_opened_by_its_suffix_and_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_FORMATS", dict(registry._FORMATS))
    monkeypatch.setattr(delimited, "Upper", Upper, raising=False)
    registry.register(registry.Format("shout", (".shout",), f"{delimited.__name__}:Upper"))
    (tmp_path / "a.shout").write_text("no")
    (tmp_path / "b.bin").write_text("yes")
    for name, reading, word in (("a.shout", Reading(), "NO"), ("b.bin", Reading(format="shout"), "YES")):
        (batch,) = open_source(tmp_path / name, reading).batches()
        assert batch.rows["word"].to_pylist() == [word]
    assert registry.formats()[-1].name == "shout"
    with pytest.raises(ValueError, match="belongs to the format 'csv'"):
        registry.register(registry.Format("mine", (".tsv",), "nowhere:nothing"))
    registry.register(registry.Format("shout", (), "nowhere:nothing"))
    with pytest.raises(Unsupported):
        open_source(tmp_path / "a.shout", Reading())
