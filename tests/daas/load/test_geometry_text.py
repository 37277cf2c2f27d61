"""Geometry in text columns is told by its content when a definition is drafted."""

import geopandas
import pytest
import shapely

from stcloud.daas.load.draft import Options, draft
from stcloud.errors import InvalidInput

SHAPES = [shapely.Point(117, 31.9), shapely.box(117, 31, 118, 32), None]
WRITTEN = {
    "wkt": [one and one.wkt for one in SHAPES],
    "wkb": [one and one.wkb_hex for one in SHAPES],
}


def write(path, **columns):
    frame = geopandas.pd.DataFrame({"code": ["1", "2", "3"], **columns})
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
@pytest.mark.parametrize("name", ["geometry", "the_geom", "WKT"])
@pytest.mark.parametrize("encoding", ["wkt", "wkb"])
def test_the_column_and_its_encoding(tmp_path, suffix, name, encoding):
    file = write(
        tmp_path / f"a{suffix}", **{name: WRITTEN[encoding], "street": ["Point Road 1", "POINT", "x"]}
    )
    made = draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)
    assert (made.space.column, made.space.encoding) == (name, encoding)


def test_several_columns_are_named(tmp_path):
    file = write(tmp_path / "a.csv", a=WRITTEN["wkt"], b=WRITTEN["wkb"])
    with pytest.raises(InvalidInput, match=r"several columns of a\.csv hold geometry: a, b"):
        draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)


def test_text_that_is_none_is_no_geometry(tmp_path):
    file = write(tmp_path / "a.csv", geometry=["POINT (1", "x", "y"], b=["0101", "0102", "01"])
    with pytest.raises(InvalidInput) as error:
        draft(file, Options(key=("code",), crs="EPSG:4326"), dated=True)
    assert error.value.kind == "place-needed"


def test_the_geometry_that_geoparquet_declares(tmp_path):
    file = tmp_path / "a.parquet"
    frame = geopandas.GeoDataFrame({"code": ["1"]}, geometry=geopandas.GeoSeries([SHAPES[1]], crs=4548))
    frame.rename_geometry("outline").to_parquet(file)
    made = draft(file, Options(key=("code",)), dated=True)
    assert (made.space.column, made.space.encoding, made.space.crs) == ("outline", "wkb", "EPSG:4548")
