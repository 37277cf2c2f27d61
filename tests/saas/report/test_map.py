import struct

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.image import imread

import stcloud
from stcloud.errors import InvalidInput, StorageError, Unsupported
from stcloud.paas.query import Answer
from stcloud.saas.plaintext import visible
from stcloud.saas.report import draw_map, glyph, map_answer
from stcloud.saas.report.canvas import wrap
from stcloud.saas.report.graticule import graticule
from stcloud.saas.report.map import MapText
from stcloud.saas.report.palette import SEQUENTIAL
from stcloud.saas.report.picture import area_of
from stcloud.saas.report.symbol import Symbols, symbols_of
from stcloud.saas.report.underlay import Underlay
from stcloud.space import LONLAT, Lattice, Level, project
from stcloud.testing.examples import examples

CRS = "EPSG:4548"
LATTICE = Lattice.for_crs(CRS)
X, Y = 502_000.0, 3_530_000.0
FACTS = {"layer": "requests", "known_at": "2025-01-01T00:00+08:00"}


def cells(level=Level.M100, columns=4, rows=3):
    x, y = np.meshgrid(np.arange(columns) * level.side_m, np.arange(rows) * level.side_m)
    return LATTICE.cells(X + x.ravel(), Y + y.ravel(), level)


def counted(ids, counts, level=Level.M100):
    table = {f"cell_{level.label}": pa.array(ids, pa.int64()), "count": pa.array(counts, pa.int64())}
    return Answer(pa.table(table), LATTICE, FACTS)


def rows(x, y):
    return Answer(
        pa.table({"st_x": pa.array(x, pa.float64()), "st_y": pa.array(y, pa.float64())}), LATTICE, FACTS
    )


def drawn(answer, place, title="", subtitle="", **more):
    return draw_map(answer, place, MapText(title, subtitle, known=answer.facts["known_at"]), **more)


def marked(figure, gid):
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def texts(figure, gid=None):
    found = figure.texts if gid is None else marked(figure, gid)
    return [one.get_text() for one in found]


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def bar_share(figure):
    """Share of the map's width that the scale bar takes, and its metres as the map's own axes measure them."""
    figure.canvas.draw()
    (bar,), (axes,) = marked(figure, "scale-bar"), figure.axes
    box, frame = bar.get_window_extent(), axes.get_window_extent()
    low, high = axes.get_xlim()
    return box.width / frame.width, box.width / frame.width * (high - low)


def test_each_cell_is_a_polygon_and_the_classes_sum_to_the_cells():
    ids = cells()
    figure = drawn(counted(ids, [1, 1, 1, 2, 2, 3, 5, 8, 13, 21, 34, 55]), None, title="Where")
    (shapes,) = marked(figure, "cells")
    assert len(shapes.get_paths()) == len(ids)
    found = {tuple(np.round(path.get_extents().extents).tolist()) for path in shapes.get_paths()}
    assert found == {tuple(box) for box in np.stack(LATTICE.bounds(ids), axis=-1).tolist()}
    assert sum(int(size) for size in texts(figure, "size")) == len(ids)
    assert texts(figure, "class")[0].startswith("1")
    assert texts(figure, "class")[-1].endswith("55")


@settings(deadline=None, max_examples=examples(8))
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12))
def test_the_legend_sums_to_the_number_of_cells(counts):
    figure = drawn(counted(cells()[: len(counts)], counts), None, title="Where")
    assert sum(int(size.replace(",", "")) for size in texts(figure, "size")) == len(counts)


def test_more_events_are_darker():
    from matplotlib.colors import to_rgb

    luminance = [np.dot((0.2126, 0.7152, 0.0722), to_rgb(one)) for one in SEQUENTIAL]
    assert (np.diff(luminance) < -0.04).all()
    (shapes,) = marked(drawn(counted(cells(), range(1, 13)), None, title="Where"), "cells")
    shown = shapes.get_facecolor()[:, :3] @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(shown) <= 0).all()  # drawn from few to many


def test_the_title_states_the_question_and_the_subtitle_what_was_counted():
    figure = drawn(
        counted([*cells()[:2], None], [5, 2, 3]), None, title="Cost > $5 and < $10", subtitle="July"
    )
    written = texts(figure)
    assert written[:2] == ["Cost > $5 and < $10", "July"]
    assert written[2] == (
        "7 events in 2 cells of 100 m and 3 without a place, not shown  ·  known at 2025-01-01T00:00+08:00"
    )


@pytest.mark.parametrize(
    "title", ["Streets", "Street lamps of Alderport (invented)", "Street lamps of Alderport " * 6]
)
def test_a_layer_underneath_has_its_day_however_long_its_title(title):
    layer = Underlay("lamps", f"{title}, 2024-01-01", np.array([shapely.box(0, 0, 1, 1)], object))
    figure = drawn(counted(cells(), [1] * 12), None, under=lambda _: [layer])
    lines = texts(figure, "under")
    assert lines[-1].endswith("2024-01-01")
    assert len(lines) <= 3


def test_a_long_title_wraps_inside_the_picture():
    title = "requests " * 16
    figure = drawn(counted(cells(), [1] * 12), None, title=title, size_px=(900, 700))
    figure.canvas.draw()
    lines = [one for one in figure.texts if "requests" in one.get_text()]
    assert 2 <= len(lines) <= 4
    assert all(one.get_window_extent().x1 <= 900 for one in lines)
    assert sum(one.get_text().count("requests") for one in lines) == 16
    assert marked(drawn(counted(cells(), [1] * 12), None, title=title * 4), "scale-bar")


def test_dollars_and_chinese_are_drawn_without_a_warning(tmp_path):
    path = tmp_path / "out.png"
    figure = drawn(counted(cells(), [1] * 12), None, title="蓝塘区 $x_{$", subtitle="七月", path=path)
    assert "蓝塘区 $x_{$" in texts(figure)
    assert png_size(path) == (figure.width_px, figure.height_px)


@pytest.mark.parametrize("size_px", [(1400, 1000), (641, 483), (1001, 1999)])
def test_the_file_is_a_png_of_the_wanted_size(tmp_path, size_px):
    drawn(counted(cells(), [1] * 12), None, title="Where", path=tmp_path / "out.png", size_px=size_px)
    assert png_size(tmp_path / "out.png") == size_px


@pytest.mark.parametrize("level", [Level.M10, Level.M100, Level.KM1, Level.KM10])
@pytest.mark.parametrize("columns", [1, 7])
def test_the_scale_bar_is_round_and_an_eighth_to_a_third_of_the_width(level, columns):
    ids = cells(level, columns, rows=2)
    share, metres = bar_share(drawn(counted(ids, [1] * len(ids), level), None, title="Where"))
    assert 1 / 8 <= share <= 1 / 3
    assert metres == pytest.approx(float(f"{metres:.0e}"))
    assert f"{metres:.0e}"[0] in "125"


def test_the_scale_bar_is_labelled_with_its_length():
    figure = drawn(counted(cells(), [1] * 12), None, title="Where")
    _, metres = bar_share(figure)
    assert f"{metres:.0f} m" in texts(figure)


def test_metres_are_equal_east_and_north_and_everything_is_inside():
    place = shapely.box(X - 5000, Y, X + 50, Y + 50)
    figure = drawn(counted(cells(), [1] * 12), place, title="Where")
    (axes,) = figure.axes
    (xmin, xmax), (ymin, ymax) = axes.get_xlim(), axes.get_ylim()
    box = axes.get_window_extent()
    assert box.width / (xmax - xmin) == pytest.approx(box.height / (ymax - ymin))
    assert xmin < X - 5000
    assert xmax > X + 400
    assert ymin < Y
    assert ymax > Y + 300


def test_the_area_asked_for_is_outlined_with_its_holes():
    place = shapely.box(X, Y, X + 900, Y + 900).difference(shapely.box(X + 300, Y + 300, X + 600, Y + 600))
    figure = drawn(counted(cells(), [1] * 12), place, title="Where")
    (outline,) = marked(figure, "area")
    assert outline.get_path().get_extents().extents.tolist() == list(place.bounds)
    assert len(outline.get_path().to_polygons()) == 2
    assert "area of the query" in texts(figure)


@pytest.mark.parametrize("answer", [counted([], []), rows([], [])])
def test_an_empty_answer_draws_the_outline_and_says_no_events(answer, tmp_path):
    place = shapely.box(X, Y, X + 900, Y + 900)
    figure = drawn(answer, place, title="Where", path=tmp_path / "out.png")
    assert [one.get_text() for one in figure.axes[0].texts] == ["no events"]
    assert len(marked(figure, "area")) == 1
    assert not marked(figure, "cells")
    assert not marked(figure, "points")
    assert any(line.startswith("0 events") for line in texts(figure))


@pytest.mark.parametrize("place", [None, shapely.Polygon(), shapely.LineString([(X, Y), (X, Y + 9)])])
def test_nothing_at_all_is_a_picture_without_a_scale(place, tmp_path):
    figure = drawn(counted([], []), place, title="Where", path=tmp_path / "out.png")
    assert not marked(figure, "scale-bar")
    assert not marked(figure, "area")


def test_rows_are_points_and_those_without_a_place_are_told():
    figure = drawn(
        rows([X, X + 10, None, float("nan")], [Y, Y + 10, None, float("nan")]), None, title="Where"
    )
    (points,) = marked(figure, "points")
    assert points.get_xdata().tolist() == [X, X + 10]
    assert points.get_ydata().tolist() == [Y, Y + 10]
    assert any(line.startswith("2 events and 2 without a place") for line in texts(figure))


def test_counts_of_nowhere_only_are_no_cells():
    figure = drawn(counted([None], [4]), None, title="Where")
    assert any(line.startswith("0 events and 4 without a place") for line in texts(figure))


@settings(deadline=None, max_examples=examples(40))
@given(st.lists(st.tuples(st.sampled_from([None, *cells().tolist()]), st.integers(1, 99)), max_size=30))
def test_marks_lose_no_event_and_draw_a_cell_once(records):
    marks = symbols_of(counted([cell for cell, _ in records], [count for _, count in records]))
    assert marks.total == sum(count for _, count in records)
    assert len(marks) == len({cell for cell, _ in records if cell})


def test_counts_without_cells_cannot_be_drawn():
    answer = Answer(pa.table({"week": ["2024-W12"], "count": [3]}), LATTICE, FACTS)
    with pytest.raises(Unsupported) as caught:
        drawn(answer, None, title="Where")
    assert caught.value.kind == "no-geometry"


def test_what_cannot_be_written_is_refused(tmp_path):
    answer = counted(cells(), [1] * 12)
    with pytest.raises(InvalidInput) as caught:
        drawn(answer, None, title="Where", path=tmp_path / "out.gif")
    assert caught.value.kind == "unknown-picture"
    with pytest.raises(InvalidInput) as caught:
        drawn(answer, None, title="Where", size_px=(100, 100))
    assert caught.value.kind == "invalid-size"
    with pytest.raises(StorageError) as caught:
        drawn(answer, None, title="Where", path=tmp_path / "no" / "out.png")
    assert caught.value.kind == "picture-not-written"


def test_small_cells_are_drawn_large_enough_to_be_seen():
    far = LATTICE.cells([X, X + 60_000], [Y, Y], Level.M10)
    (shapes,) = marked(drawn(counted(far, [1, 1], Level.M10), None, title="Where"), "cells")
    pixels = shapes.get_paths()[0].get_extents().transformed(shapes.axes.transData)
    assert min(pixels.width, pixels.height) >= 2


def test_the_graticule_meets_the_edges_where_project_says():
    meridians, parallels = graticule((X, Y, X + 6000, Y + 4000), CRS, (5, 4))
    assert len(meridians) > 2
    lon, _ = project([x for x, _ in meridians], Y, CRS, LONLAT)
    _, lat = project(X, [y for y, _ in parallels], CRS, LONLAT)
    assert [f"{one:.2f}°E" for one in lon] == [label for _, label in meridians]
    assert [f"{one:.2f}°N" for one in lat] == [label for _, label in parallels]


def test_a_map_about_a_pole_has_no_graticule_below():
    meridians, _ = graticule((-1e6, -1e6, 1e6, 1e6), "EPSG:3413", (5, 5))
    assert meridians == [] or all(x for x, _ in meridians)
    assert graticule((-1e6, 1e6, 1e6, 2e6), "EPSG:3413", (5, 5))[0] == []


@settings(deadline=None, max_examples=examples(60))
@given(st.text(alphabet="ab蓝塘，。 \n", max_size=60), st.integers(4, 12))
def test_wrapping_loses_no_character_but_blanks(text, width):
    lines = wrap(text, width, len)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width or " " not in line for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("map")


@pytest.fixture(scope="module")
def city(folder):
    (folder / "calls.toml").write_text(
        'id = "calls"\nkind = "event"\ntitle = "Calls"\nkey = ["id"]\n[time]\ncolumn = "at"\n'
        'formats = ["%Y-%m-%d"]\n[space]\nlon = "lon"\nlat = "lat"\n'
    )
    (folder / "calls.csv").write_text(
        "id,at,lon,lat,kind\n1,2024-07-03,117.03,31.89,a\n2,2024-08-03,117.05,31.9,b\n3,2024-07-05,,,a\n"
    )
    city = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    city.load("calls", folder / "calls.csv", definition=folder / "calls.toml")
    return city


def test_the_map_of_a_question_is_a_file(city, tmp_path):
    query = city.query("calls").when("2024-07")
    assert map_answer(query, query.count(["cell:100m"]), tmp_path / "out.png") == tmp_path / "out.png"
    assert png_size(tmp_path / "out.png") == (1400, 1000)


def test_the_outline_unites_what_one_call_names_and_meets_what_several_do(city):
    calls, cell = city.query("calls"), int(LATTICE.cells(X, Y, Level.KM1))
    square = LATTICE.polygon(cell)
    east = shapely.transform(square, lambda points: points + np.array([500, 0]))
    assert area_of(calls) is None
    assert area_of(calls.where(cell)).equals(square)
    assert area_of(calls.where(cell).where(east, crs=CRS)).area == 500_000
    assert area_of(calls.where(cell, east, crs=CRS)).area == 1_500_000


@pytest.fixture
def bare(monkeypatch):
    """A machine whose only font is the one that Matplotlib brings."""
    only = [face for face in font_manager.fontManager.ttflist if face.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", only)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    forget()
    yield
    monkeypatch.undo()
    forget()


def forget():
    for cached in (glyph._has, glyph._further, glyph._rescan):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("title", "lacking", "font"),
    [
        ("类别 = '路灯'", "类别路灯", "Noto Sans CJK SC"), ("가로등", "가로등", "Noto Sans CJK SC"),
        ("काम", "काम", "Noto Sans Devanagari"), ("ไฟ", "ไฟ", "Noto Sans Thai"), ("🚒", "🚒", "Symbola"),
        ("Laternen, φώτα, фонари, مصابيح", "", ""),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("bare")
def test_characters_without_a_font_are_named_with_the_font_to_install(title, lacking, font):
    figure = drawn(counted(cells(), [1] * 12), None, title=title)
    assert figure.missing == "".join(dict.fromkeys(lacking))
    assert font in glyph.advice(figure.missing)
    assert all(letter in glyph.advice(figure.missing) for letter in lacking)


@pytest.mark.usefixtures("bare")
def test_a_command_says_which_font_its_map_lacks(run, city, tmp_path, folder):
    words = ("query", folder / "city", "calls", "--by", "cell:100m", "--map", tmp_path / "out.png")
    ended = run(*words, "--what", "kind = '路灯'")
    assert ended.code == 0
    assert "no font has 路 灯, drawn as boxes: install 'Noto Sans CJK SC'" in ended.err
    assert "no font" not in run(*words, "--what", "kind = 'a'").err


@pytest.mark.parametrize(
    "title", ["$\\frac{", "$x_{$", "100 $ and 5 $", "\\alpha", "[red]a[/red]", "a\x1b[31m\u202eb"]
)
def test_titles_are_text_not_formulas_nor_markup(title, tmp_path):
    figure = drawn(counted(cells(), [1] * 12), None, title=title, subtitle=title, path=tmp_path / "out.png")
    assert texts(figure)[:2] == [visible(title)] * 2
    assert not any(text.get_parse_math() for text in figure.texts)
    assert figure.missing == ""


def test_a_map_that_fails_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    path.write_text("old")

    def half(self, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.backends.backend_agg.FigureCanvasAgg.print_png", half)
    with pytest.raises(StorageError) as caught:
        drawn(counted(cells(), [1] * 12), None, title="Where", path=path)
    assert caught.value.kind == "picture-not-written"
    assert "No space" in str(caught.value)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["out.png"]


def test_what_no_map_shows_is_refused_before_anything_is_printed(run, city, tmp_path, folder):
    ended = run("query", folder / "city", "calls", "--by", "kind", "--map", tmp_path / "out.png")
    assert (ended.code, ended.out) == (5, "")
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    "name", ["mean(delta_of_a_very_long_measure_name_without_any_blank - other)", "x" * 200, "蓝" * 90]
)
def test_the_heading_of_the_legend_stays_in_the_picture(name):
    areas = shapely.box([X, X + 200], [Y, Y], [X + 100, X + 300], [Y + 100, Y + 100])
    symbols = Symbols(areas, np.array([1.5, -2.0]), "area", name, name)
    figure = draw_map(symbols, None, MapText("Where"), crs=CRS)
    figure.canvas.draw()
    lines = marked(figure, "heading")
    assert 1 <= len(lines) <= 4
    assert all(line.get_window_extent().x1 <= figure.width_px for line in lines)


def test_areas_on_both_sides_of_zero_have_the_colours_of_their_sides_and_holes_stay_open():
    ring = shapely.Point(X, Y).buffer(500).difference(shapely.Point(X, Y).buffer(200))
    values = np.array([-1.5, 1.5, np.nan, 0.0, 2.5, -2.5, 9.0, -9.0])
    shapes = np.array(
        [shapely.transform(ring, lambda points, by=at: points + by * 1500) for at in range(8)], object
    )
    symbols = Symbols(shapes, values, "area", "mean_n", "mean(n)")
    figure = draw_map(symbols, None, MapText("Where"), crs=CRS, absent=[shapely.box(X, Y, X + 9, Y + 9)])
    assert texts(figure, "other") == ["0", "no value", "not in the answer"]
    assert sum(int(size) for size in texts(figure, "size")) == 9
    (areas,) = marked(figure, "cells")
    assert all(len(path.to_polygons()) == 2 for path in areas.get_paths())
    assert len({tuple(colour) for colour in areas.get_facecolor()}) == 8


def test_the_look_of_a_map_is_fixed_whatever_the_users_settings_say(tmp_path):
    answer = counted(cells(), range(1, 13))
    drawn(answer, None, title="Where", path=tmp_path / "plain.png")
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "axes.grid": True, "text.usetex": True}):
        drawn(answer, None, title="Where", path=tmp_path / "hostile.png")
    np.testing.assert_allclose(imread(tmp_path / "plain.png"), imread(tmp_path / "hostile.png"), atol=0.02)
