import pytest

import stcloud

AREAS = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"code": "north"}, "geometry": {"type": "Polygon", "coordinates":
[[[117.02, 31.9], [117.06, 31.9], [117.06, 31.92], [117.02, 31.92], [117.02, 31.9]]]}},
{"type": "Feature", "properties": {"code": "south"}, "geometry": {"type": "Polygon", "coordinates":
[[[117.02, 31.88], [117.06, 31.88], [117.06, 31.9], [117.02, 31.9], [117.02, 31.88]]]}},
{"type": "Feature", "properties": {"code": "west"}, "geometry": {"type": "Polygon", "coordinates":
[[[117.0, 31.88], [117.02, 31.88], [117.02, 31.92], [117.0, 31.92], [117.0, 31.88]]]}}]}"""
STREETS = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"id": "long"}, "geometry": {"type": "LineString", "coordinates":
[[116.0, 31.89], [118.0, 31.895]]}},
{"type": "Feature", "properties": {"id": "far"}, "geometry": {"type": "LineString", "coordinates":
[[117.4, 31.89], [117.5, 31.895]]}}]}"""
CALLS = """id,at,lon,lat,kind,days
1,2024-07-03,117.03,31.89,a,1.5
2,2024-08-03,117.05,31.9,b,3
3,2024-07-05,,,a,
4,2024-07-05,117.031,31.8901,$x$,
"""


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory):
    """A folder with a city of calls, and small layers to draw underneath."""
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "calls.toml").write_text(
        'id = "calls"\nkind = "event"\ntitle = "Calls"\nkey = ["id"]\n[time]\ncolumn = "at"\n'
        'formats = ["%Y-%m-%d"]\n[space]\nlon = "lon"\nlat = "lat"\n[columns.days]\ntype = "number"\n'
    )
    (folder / "calls.csv").write_text(CALLS)
    (folder / "communities.geojson").write_text(AREAS)
    (folder / "streets.geojson").write_text(STREETS)
    city = stcloud.create(folder / "city", crs="EPSG:4548", zone="Asia/Shanghai")
    city.load("calls", folder / "calls.csv", definition=folder / "calls.toml")
    city.load("communities", folder / "communities.geojson", key=["code"], valid_from="2020-01-01")
    city.load("streets", folder / "streets.geojson", key=["id"], valid_from="2020-01-01")
    return folder


@pytest.fixture
def drawn_city(drawn_folder):
    with stcloud.open(drawn_folder / "city") as city:
        yield city
