"""File objects: the content is the file's, its format is named, or known by a name or by how it begins."""

import contextlib
import gzip
import io

import geopandas
import pandas as pd
import pytest
import shapely

from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.source.fingerprint import fingerprint
from stcloud.iaas.source.memory.spooling import ready
from stcloud.iaas.source.protocol import Reading

CSV = "id,name\n1,北山\n"
FRAME = geopandas.GeoDataFrame({"id": ["1"]}, geometry=[shapely.Point(1, 2)], crs=4326)


class Named(io.BytesIO):
    def __init__(self, content, name):
        super().__init__(content)
        self.name = name


@pytest.fixture
def spool(tmp_path):
    @contextlib.contextmanager
    def spool(given, form=None):
        place = tmp_path / "spool"
        place.mkdir(exist_ok=True)
        with ready(given, lambda: contextlib.nullcontext(place), lambda _: None, form) as source:
            yield source

    return spool


def ids(source, **reading):
    return [
        row["id"] for batch in source.open(Reading(**reading)).batches() for row in batch.rows.to_pylist()
    ]


def test_content_is_that_of_the_file(spool, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text(CSV)
    with file.open("rb") as opened, spool(opened) as source:
        assert (source.name, source.fingerprint(), ids(source)) == ("rows.csv", fingerprint(file), ["1"])
    with file.open() as opened, spool(opened) as source:
        assert source.fingerprint() == fingerprint(file)
    with spool(io.BytesIO(CSV.encode()), "csv") as source:
        assert (source.name, source.fingerprint()) == ("BytesIO of 17 bytes", fingerprint(file))


def test_text_is_utf8_whatever_a_definition_says_of_files(spool):
    with spool(io.StringIO(CSV), "csv") as source:
        (batch,) = source.open(Reading(encoding="gb18030")).batches()
        assert batch.rows["name"].to_pylist() == ["北山"]


@pytest.mark.parametrize("suffix", ["parquet", "gpkg", "fgb", "geojson", "ndjson", "json"])
def test_formats_are_known_by_how_they_begin(spool, tmp_path, suffix):
    file = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        FRAME.to_parquet(file)
    elif suffix in ("ndjson", "json"):
        pd.DataFrame({"id": ["1"]}).to_json(file, orient="records", lines=suffix == "ndjson")
    else:
        FRAME.to_file(file)
    with spool(io.BytesIO(b" \n" * (suffix == "json") + file.read_bytes())) as source:
        assert ids(source) == ["1"]


def test_a_name_or_a_definition_tells_the_format_and_what_is_stated_goes_first(spool):
    with spool(Named(CSV.encode(), "/a/b/rows.csv")) as source:
        assert (source.name, ids(source)) == ("rows.csv", ["1"])
    with spool(Named(gzip.compress(CSV.encode()), "rows.csv.gz")) as source:
        assert ids(source) == ["1"]
    with spool(io.BytesIO(CSV.encode())) as source:
        assert ids(source, format="csv") == ["1"]
    with spool(Named(CSV.encode(), "rows.parquet"), "tsv") as source:
        assert source.open(Reading(format="parquet", delimiter=",")).columns == ("id", "name")
    with spool(Named(CSV.encode(), "<stdin>"), "csv") as source:
        assert source.name == "stdin"


def test_what_nothing_tells_is_refused_by_the_name_that_people_know(spool):
    with (
        pytest.raises(Unsupported, match="BytesIO of 17 bytes") as refused,
        spool(io.BytesIO(CSV.encode())) as source,
    ):
        source.open(Reading())
    assert refused.value.kind == "unknown-format"
    assert "source_format" in refused.value.hint
    with pytest.raises(Unsupported, match="'xyz'"), spool(io.BytesIO(b"a"), "xyz"):
        pass


def test_nothing_is_refused_and_what_was_read_before_is_not_read_again(spool):
    read = io.BytesIO(CSV.encode())
    with spool(read, "csv"):
        pass
    with pytest.raises(InvalidInput, match="seek") as refused, spool(read, "csv"):
        pass
    assert refused.value.kind == "empty-source"
