"""Maps of hot spots: every cell in the colour of its class, a legend that adds up, colours that all eyes tell apart.

The city is 13 hours ahead of UTC in summer.
"""

import itertools
from dataclasses import replace

import geopandas
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from shapely import box

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.cube.hotspot import CLASSES, RULES
from stcloud.saas.report import MapOptions, hotspotmap, map_hotspots
from stcloud.saas.report.hotspotmap import symbols_of_hotspots
from stcloud.saas.report.palette import COLD, HOT, OTHERS

CRS, ZONE = "EPSG:2193", "Pacific/Auckland"
WEST, SOUTH = 1_750_000.0, 5_430_000.0
COLUMNS, ROWS = 6, 5
ALL = [*range(len(CLASSES)), -1]


def calls():
    """Events of 12 weeks: a few everywhere, many in one corner."""
    chance = np.random.default_rng(3)
    count, extra = 800, 300
    x, y = chance.uniform(0, COLUMNS * 500, count), chance.uniform(0, ROWS * 500, count)
    near = chance.uniform(0, 1000, (2, extra))
    seconds = chance.integers(0, 84 * 86_400, count + extra)
    return pd.DataFrame({
        "id": np.arange(count + extra).astype(str),
        "at": pd.Timestamp("2024-01-07T11:00Z") + pd.to_timedelta(seconds, unit="s"),
        "x": WEST + np.concatenate([x, near[0]]), "y": SOUTH + np.concatenate([y, near[1]]),
    })  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with stcloud.create(tmp_path_factory.mktemp("spots") / "city", crs=CRS, zone=ZONE) as city:
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
        half = box(WEST, SOUTH, WEST + 1500, SOUTH + 2500), box(WEST + 1500, SOUTH, WEST + 3000, SOUTH + 2500)
        areas = geopandas.GeoDataFrame({"name": ["west", "east"]}, geometry=[*half], crs=CRS)
        city.load("communities", areas, key="name", valid_from="2020-01-01")
        yield city


@pytest.fixture(scope="module")
def query(city):
    return city.query("calls").when("2024-01-08/2024-04-01")


@pytest.fixture(scope="module")
def spots(query):
    return query.cube("500m", "1W").hotspots(distance_m=500)


@pytest.fixture
def drawn(monkeypatch):
    """What maps were drawn of: symbols, text and canvas."""
    maps, draw = [], hotspotmap.draw_map

    def recorded(symbols, place, text, **rest):
        canvas = draw(symbols, place, text, **rest)
        maps.append((symbols, text, canvas))
        return canvas

    monkeypatch.setattr(hotspotmap, "draw_map", recorded)
    return maps


def every_class(spots):
    """Return spots in which each class, and what is not analysed, comes at least once."""
    return replace(spots, classes=np.resize(np.array(ALL, np.int8), len(spots)))


def named(canvas, gid):
    return [artist for artist in canvas.findobj() if artist.get_gid() == gid]


def texts(canvas, gid):
    return [artist.get_text() for artist in named(canvas, gid)]


def test_cells_are_drawn_in_the_colour_of_their_class(query, spots, drawn, tmp_path):
    path = map_hotspots(query, every_class(spots), tmp_path / "all.png", print)
    ((symbols, _, canvas),) = drawn
    assert path.stat().st_size > 10_000
    (cells,) = named(canvas, "cells")
    faces = [to_hex(face) for face in cells.get_facecolor()]
    names = [(*CLASSES, "not analysed")[of] for of in every_class(spots).classes]
    sides = {"hot": HOT, "cold": COLD}
    wanted = [OTHERS.get(name) or sides[name.split()[1]][name.split()[0]] for name in names]
    assert faces == wanted
    assert len(symbols) == len(spots) == COLUMNS * ROWS


def test_the_legend_names_and_explains_what_is_there_and_adds_up(query, spots, drawn, tmp_path):
    map_hotspots(query, every_class(spots), tmp_path / "all.svg", print)
    canvas = drawn[0][2]
    kinds = list(RULES)
    assert texts(canvas, "category") == [*kinds, *kinds, "none", "unknown", "not analysed"]
    assert texts(canvas, "group") == ["hot: more than usual", "cold: less than usual", "others"]
    assert sum(map(int, texts(canvas, "size"))) == len(spots)
    assert len(texts(canvas, "note")) >= len(ALL)
    canvas.draw(canvas.agg.get_renderer())
    extents = [artist.get_window_extent() for artist in canvas.findobj(mpl.text.Text) if artist.get_gid()]
    assert all(0 < box.x0 < box.x1 < canvas.width_px for box in extents)
    assert all(0 < box.y0 < box.y1 < canvas.height_px for box in extents)
    assert not [
        pair for pair in itertools.combinations(extents, 2) if pair[0].shrunk(0.9, 0.8).overlaps(pair[1])
    ]


def test_only_classes_that_there_are_come_into_the_legend(query, spots, drawn, tmp_path):
    map_hotspots(query, spots, tmp_path / "some.png", print)
    symbols, text, canvas = drawn[0]
    counts = spots.to_pandas()["class"].value_counts()
    assert "none" in counts
    assert len(counts) > 1
    assert len(texts(canvas, "category")) == len(counts)
    assert sorted(map(int, texts(canvas, "size"))) == sorted(counts.tolist())
    assert "12 steps, 2024-W02 to 2024-W13" in text.subtitle
    assert "count" in text.subtitle
    assert "neighbours: cells within 500 m, 1 step before" in text.subtitle
    assert ZONE in text.known
    assert named(canvas, "scale-bar")
    assert named(canvas, "north")
    assert named(canvas, "under-communities")
    assert (symbols.side_m, symbols.noun) == (500, "cell")


def test_each_class_has_a_sign_of_its_own_in_its_cells(query, spots, drawn, tmp_path):
    map_hotspots(query, every_class(spots), tmp_path / "all.png", print)
    symbols, _, canvas = drawn[0]
    glyphs = [category.glyph for category in symbols.categories if category.group.startswith("hot")]
    assert len(set(glyphs)) == len(RULES)
    without = np.isin(every_class(spots).classes, [CLASSES.index("none"), -1])
    assert len(named(canvas, "glyphs")) == len(ALL) - 2  # all but none and not analysed
    assert sum(len(line.get_xdata()) for line in named(canvas, "glyphs")) == (~without).sum()


def test_signs_are_left_out_where_cells_are_too_small_to_read_them(query, drawn, tmp_path):
    spots = query.cube("10m", "1M", extent=box(WEST, SOUTH, WEST + 3000, SOUTH + 20), crs=CRS).hotspots(
        distance_m=10
    )
    map_hotspots(query, replace(spots, classes=np.zeros(len(spots), np.int8)), tmp_path / "small.png", print)
    assert named(drawn[0][2], "cells")
    assert not named(drawn[0][2], "glyphs")


def test_areas_of_a_layer_are_areas_and_notes_are_written(query, drawn, tmp_path):
    spots = query.cube("in:communities", "1W").hotspots()
    map_hotspots(
        query, replace(spots, notes=("beware",)), tmp_path / "areas.pdf", print, options=MapOptions("Mine")
    )
    symbols, text, _ = drawn[0]
    assert (symbols.noun, symbols.side_m, text.title, text.left_out) == ("area", 0, "Mine", ("beware",))
    assert "cells that touch, 1 step before" in text.subtitle


def test_cells_without_a_shape_are_counted(spots):
    cells = spots.cube.cells
    shapes = np.array(cells.shapes(), object)
    shapes[:2] = None
    holed = replace(spots, cube=replace(spots.cube, cells=replace(cells, shapes=lambda: shapes)))
    symbols = symbols_of_hotspots(holed)
    assert (len(symbols), symbols.unplaced) == (len(spots) - 2, 2)
    bare = replace(spots, cube=replace(spots.cube, cells=replace(cells, shapes=None)))
    with pytest.raises(InvalidInput) as caught:
        symbols_of_hotspots(bare)
    assert caught.value.kind == "no-shapes"


def test_an_unknown_layer_underneath_is_refused(query, spots, tmp_path):
    with pytest.raises(NotFound):
        map_hotspots(query, spots, tmp_path / "a.png", print, options=MapOptions(under=("nothing",)))
    assert not (tmp_path / "a.png").exists()


# How colours look to eyes without one kind of cones: G. M. Machado and others, A Physiologically-based Model for
# Simulation of Color Vision Deficiency, IEEE Transactions on Visualization and Computer Graphics 15 (2009).
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # fmt: skip
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)


def lab(colour, eyes):
    """Return lightness and hue (CIE Lab) of a colour as some eyes see it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(EYES[eyes]) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", EYES)
def test_colours_of_classes_are_told_apart_by_all_eyes(eyes):
    """A difference of 2.3 is just seen; side by side on a map it takes some times that."""
    seen = {
        f"{kind} {side}": lab(colour, eyes)
        for side, colours in (("hot", HOT), ("cold", COLD), ("other", OTHERS))
        for kind, colour in colours.items()
    }
    apart = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in itertools.combinations(seen, 2)}
    assert min(apart.values()) > 10, min(apart, key=apart.get)
    across = [apart[pair] for pair in apart if {part.split()[1] for part in pair} == {"hot", "cold"}]
    assert min(across) > 15
