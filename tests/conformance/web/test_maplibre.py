"""maplibre-gl in headless Chromium draws the tiles of a process that serves a town, from a page of another origin."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

import pandas as pd
import pytest

from tests.browser import chromium
from tests.conformance.web.mapbrowser import GROUND, RED, MapPage, map_page, pages
from tests.conformance.web.serving import serve
from tests.saas.web.town import Town

CORNERS = {"auckland": (174.7, -36.9), "shanghai": (121.4, 31.2)}


@pytest.fixture(scope="module", params=["auckland", pytest.param("shanghai", marks=pytest.mark.thorough)])
def drawn(request: pytest.FixtureRequest) -> Iterator[tuple[MapPage, Town, tuple[float, float]]]:
    """Return a page with a map, the town whose tiles it may draw, and the middle of the town."""
    with contextlib.ExitStack() as stack:
        home, files = stack.enter_context(pages())
        browser = stack.enter_context(chromium())
        town: Town = request.getfixturevalue(request.param)
        service = stack.enter_context(serve(town.folder, "--origin", home))
        files.service = service
        page = stack.enter_context(map_page(browser, home, service))
        west, south = CORNERS[request.param]
        yield page, town, (west + 0.03, south + 0.02)


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["lon"].notna()].set_index("id")


def known(row: pd.Series) -> dict[str, object]:
    """Return the attributes of a call, in the names and the forms of tiles; those that it lacks are left out."""
    values = {name: row[name] for name in ("category", "n", "weight", "ok")}
    return {name: value for name, value in values.items() if not pd.isna(value)}


def keys(features: list[dict]) -> list[str]:
    return sorted(feature["properties"]["st_key"] for feature in features)


def test_a_map_of_another_origin_has_every_row_once_with_its_attributes(drawn):
    page, town, middle = drawn
    seen, rows = page.show("calls", middle, 14), placed(town.calls)
    assert keys(seen["held"]) == keys(seen["drawn"]) == sorted(rows.index)
    assert len({feature["id"] for feature in seen["held"]}) == len(rows)
    for feature in seen["held"]:
        given = feature["properties"]
        row = rows.loc[given["st_key"]]
        assert {name: given[name] for name in ("category", "n", "weight", "ok") if name in given} == known(
            row
        )
        assert pd.Timestamp(given["at"]) == row["at"]
        assert feature["geometry"]["coordinates"] == pytest.approx((row["lon"], row["lat"]), abs=1e-5)
    assert len(page.tiles) >= 9
    places = list(zip(rows["lon"], rows["lat"], strict=True))
    assert page.colours(places) == {RED: len(rows)}
    assert page.colours([(west - 0.001, south) for west, south in places]) == {GROUND: len(rows)}


def selections(town: Town) -> list[tuple[dict[str, str], pd.Series]]:
    """Return parameters of tiles, and which calls they select: by pandas, at the edges of closed intervals too."""
    at, calls = town.calls["at"], town.calls
    midnight = pd.Timestamp("2024-03-02", tz=town.zone)
    text, later = midnight.isoformat(), (midnight + pd.Timedelta("7h30min")).isoformat()
    return [
        ({"datetime": f"../{text}"}, at <= midnight),
        ({"datetime": f"{text}/.."}, at >= midnight),
        ({"datetime": f"{text}/{later}"}, (at >= midnight) & (at <= midnight + pd.Timedelta("7h30min"))),
        ({"datetime": text}, at == midnight),
        ({"filter": "category = '路灯' AND n > 2"}, calls["category"].eq("路灯") & (calls["n"] > 2)),
        ({"filter": "category = 'O''Neil'", "datetime": f"../{later}"},
         calls["category"].eq("O'Neil") & (at <= midnight + pd.Timedelta("7h30min"))),
        ({"filter": "n = 3 AND n = 4"}, calls["n"] < 0),
    ]  # fmt: skip


@pytest.mark.thorough
def test_datetime_and_filter_of_the_address_select_what_is_drawn(drawn):
    page, town, middle = drawn
    for parameters, selected in selections(town):
        seen = page.show("calls", middle, 14, **parameters)
        assert keys(seen["held"]) == keys(seen["drawn"]) == sorted(placed(town.calls[selected]).index), (
            parameters
        )


@pytest.mark.thorough
def test_what_was_known_before_is_drawn_as_it_was(drawn):
    page, town, middle = drawn
    first, rows = town.city.layer("calls").loads[0], placed(town.earlier)
    seen = page.show(
        "calls", middle, 14, known=pd.Timestamp(first.recorded_at_us, unit="us", tz="UTC").isoformat()
    )
    assert keys(seen["drawn"]) == sorted(rows.index)
    kinds = Counter(feature["properties"].get("category") for feature in seen["drawn"])
    assert kinds == Counter(None if pd.isna(kind) else kind for kind in rows["category"])
    assert kinds["earlier"] > 0


@pytest.mark.thorough
@pytest.mark.parametrize("zoom", [6, 9, 11, 13])
def test_clusters_of_a_map_add_up_to_the_rows_that_have_a_place(drawn, zoom):
    page, town, middle = drawn
    for parameters, selected in [({}, town.calls["n"] >= 0), *selections(town)[2:5]]:
        held = page.show("calls", middle, zoom, **parameters)["held"]
        count = sum(feature["properties"]["count"] for feature in held)
        assert count == len(placed(town.calls[selected])), parameters


@pytest.mark.thorough
def test_a_map_that_moves_asks_for_what_comes_into_view(drawn):
    page, town, middle = drawn
    rows = placed(town.calls)
    seen = page.show("calls", middle, 10)
    assert sum(feature["properties"]["count"] for feature in seen["held"]) == len(rows)
    seen = page.go("calls", middle, 14)
    assert keys(seen["drawn"]) == sorted(rows.index)
    assert page.go("calls", (middle[0] + 40, middle[1]), 14)["drawn"] == []
    seen = page.go("calls", middle, 10)
    assert sum(feature["properties"]["count"] for feature in seen["drawn"]) == len(rows)


@pytest.mark.thorough
def test_features_are_those_of_the_instant(drawn):
    page, town, middle = drawn
    for day in ("2021-01-01", "2023-01-01", "2025-01-01"):
        instant = pd.Timestamp(day, tz=town.zone)
        seen = page.show("plots", middle, 13, datetime=instant.isoformat())
        uses = {plot.key: plot.use for plot in town.plots if plot.holds(instant)}
        for look in ("areas", "edges"):
            shown = [feature["properties"] for feature in seen["drawn"] if feature["look"] == look]
            assert {made["k"]: made["use"] for made in shown} == uses


@pytest.mark.thorough
@pytest.mark.parametrize("by", ["cell:1km", "in:plots"])
def test_groups_have_the_count_of_the_whole_group_on_every_tile(drawn, by):
    page, town, middle = drawn
    name = by.replace(":", "_")
    groups = town.city.query("calls").count(by=by).to_records()
    expected = {str(group[name]): group["count"] for group in groups if group[name] is not None}
    for zoom in (10, 13):
        seen = page.show("calls", middle, zoom, by=by, measures="count")
        shown = {str(feature["properties"][name]): feature["properties"]["count"] for feature in seen["held"]}
        assert shown == expected


@pytest.mark.thorough
def test_a_page_of_an_origin_that_is_not_named_reads_nothing(drawn):
    page, _, middle = drawn
    foreign = page.home.replace("127.0.0.1", "localhost")
    with map_page(page.page.context.browser, foreign, page.service) as other:
        with pytest.raises(Exception, match="Failed to fetch"):
            other.show("calls", middle, 14)
        assert any("CORS policy" in fault for fault in other.faults)
        assert other.tiles == []
