"""The Python client of Delta Sharing reads a real process: tables as they are, and as they were."""

import json
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from requests import HTTPError

import stcloud
from stcloud.iaas.clock import system_clock
from stcloud.saas.rights.tokens import Tokens
from stcloud.saas.web.sharing.sharedtable import versions_of
from tests.conformance.web.serving import serve
from tests.saas.web.conftest import DAYS
from tests.saas.web.town import town

pytestmark = [
    pytest.mark.costly,
    pytest.mark.filterwarnings("ignore"),  # the client's own
]

POLICY = """
[[allow]]
who = "role:desk"
do = "read"
layers = "*"
[[allow]]
who = "role:few"
do = "read"
layers = "calls"
what = "n > 1"
"""


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    """Return the profiles of two principals, and the town's rows."""
    folder = tmp_path_factory.mktemp("sharing")
    with town(folder, "EPSG:2193", "Pacific/Auckland", (174.7, -36.9), DAYS) as rows:
        pass
    (folder / "policy.toml").write_text(POLICY)
    tokens = Tokens(folder / "tokens.toml")
    options = ("--policy", str(folder / "policy.toml"), "--tokens", str(folder / "tokens.toml"))
    with serve(folder / "town", *options) as url:
        profiles = {}
        for role in ("desk", "few"):
            profile = {"shareCredentialsVersion": 1, "endpoint": f"{url}delta-sharing",
                       "bearerToken": tokens.add(role, [role], now_us=system_clock())}  # fmt: skip
            (folder / f"{role}.share").write_text(json.dumps(profile))
            profiles[role] = str(folder / f"{role}.share")
        yield profiles, rows


def read(profile, table, **options):
    import delta_sharing

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return delta_sharing.load_as_pandas(f"{profile}#town.layers.{table}", **options)


def assert_calls(frame, calls):
    """Compare a frame with the rows that the town was made of."""
    frame = frame.sort_values("st_key").reset_index(drop=True)
    calls = calls.sort_values("id").reset_index(drop=True)
    assert frame["st_key"].tolist() == calls["id"].tolist()
    assert frame["st_time"].tolist() == calls["at"].tolist()
    for name in ("category", "n", "weight", "ok", "day"):
        same = frame[name].eq(calls[name]) | (frame[name].isna() & calls[name].isna())
        assert same.all(), name
    for name, ours in (("lon", "st_lon"), ("lat", "st_lat")):
        np.testing.assert_allclose(frame[ours].astype(float), calls[name].astype(float), atol=2e-9)


def test_the_client_lists_what_is_shared(sharing):
    import delta_sharing

    profiles, _ = sharing
    client = delta_sharing.SharingClient(profiles["desk"])
    assert [share.name for share in client.list_shares()] == ["town"]
    assert [(table.schema, table.name) for table in client.list_all_tables()] == [
        ("layers", "calls"),
        ("layers", "plots"),
    ]
    assert delta_sharing.SharingClient(profiles["few"]).list_all_tables() == []


def test_the_client_reads_every_row_as_it_is_and_as_it_was(sharing):
    profiles, rows = sharing
    assert_calls(read(profiles["desk"], "calls"), rows.calls)
    assert_calls(read(profiles["desk"], "calls", version=0), rows.earlier)
    assert_calls(read(profiles["desk"], "calls", use_delta_format=True), rows.calls)
    with stcloud.open(rows.folder) as city:
        _, second = versions_of(city.layer("calls"))
    before = pd.Timestamp(second.at_us - 1_000, unit="us", tz="UTC").isoformat().replace("+00:00", "Z")
    assert_calls(read(profiles["desk"], "calls", timestamp=before), rows.earlier)
    assert len(read(profiles["desk"], "calls", limit=7)) == 7
    assert list(read(profiles["desk"], "calls", limit=0)) == list(read(profiles["desk"], "calls"))


def test_geopandas_reads_the_shapes(sharing):
    profiles, rows = sharing
    frame = read(profiles["desk"], "plots")
    shapes = gpd.GeoSeries.from_wkb(frame["st_geom"], crs="OGC:CRS84")
    now = {plot.key: plot for plot in rows.plots if plot.end is None}
    assert sorted(frame["k"]) == sorted(now)
    assert all(
        shapely.symmetric_difference(shape, now[key].shape).area < 1e-9
        for key, shape in zip(frame["k"], shapes, strict=True)
    )
    assert dict(zip(frame["k"], frame["use"], strict=True)) == {key: plot.use for key, plot in now.items()}


def test_versions_and_what_is_not_shared_are_told_as_the_client_understands_them(sharing):
    import delta_sharing

    profiles, _ = sharing
    address = f"{profiles['desk']}#town.layers.plots"
    assert delta_sharing.get_table_version(address) == 2
    assert delta_sharing.get_table_metadata(address).name == "plots"
    with pytest.raises(HTTPError, match="not-shared"):
        read(profiles["few"], "calls")
    with pytest.raises(HTTPError, match="no-change-feed"):
        delta_sharing.load_table_changes_as_pandas(address, starting_version=0)
