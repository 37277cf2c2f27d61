"""Drawings: markup is escaped, charts show each value, paths of maps lie where the areas are."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from stcloud.saas.paper.areamap import AreaMap
from stcloud.saas.paper.colours import class_name, palette_style
from stcloud.saas.paper.figure import FigureTable, shown_value
from stcloud.saas.paper.markup import element, escaped, number
from stcloud.saas.paper.plot import calendar_map, chart_markup, hour_map
from stcloud.saas.paper.words import PaperWords
from stcloud.saas.report.chartdata import ChartData, Panel, Series
from stcloud.saas.report.palette import COLD, HOT, SEQUENTIAL

WORDS = PaperWords()


@given(st.text(max_size=30))
def test_whatever_data_hold_is_text_on_a_page(text):
    class Reader(HTMLParser):
        tags, texts = 0, ""

        def handle_starttag(self, *_):
            self.tags += 1

        def handle_data(self, data):
            self.texts += data

    reader = Reader()
    reader.feed(element("td", escaped(text), title=text))
    assert reader.tags == 1
    assert escaped(reader.texts) == escaped(text).replace("\\\\", "\\\\") or "\\" in escaped(text)


@given(st.floats(-1e6, 1e6))
def test_coordinates_are_short_and_near(value):
    assert abs(float(number(value)) - value) <= 0.05 + 1e-9
    assert not re.match(r"-?0\d|.*\.\d*0$", number(value))


def test_the_stylesheet_has_a_class_for_each_colour():
    style = palette_style()
    assert all(face in style for face in (*SEQUENTIAL, *HOT.values(), *COLD.values()))
    names = {class_name(at, 6) for at in range(7)} | {
        class_name(at, 3, diverging_scale=True) for at in range(-3, 4)
    }
    assert all(f".{name}{{" in style for name in names)
    assert (
        style.index("--c1:#fed976") < style.index("prefers-color-scheme:dark") < style.rindex("--c1:#6b0020")
    )


def lines(*series, positions=None):
    positions = np.arange(len(series[0])) if positions is None else positions
    labels = tuple(f"2024-06-{at + 1:02d}" for at in range(len(positions)))
    panel = Panel("", "count", tuple(Series("", np.array(values, float)) for values in series))
    return ChartData("lines", "day", np.asarray(positions, np.int64), labels, (panel,))


def test_a_line_has_a_point_for_each_value_and_a_gap_where_there_is_none():
    drawn = chart_markup(lines([1, np.nan, 3, 4], [2, 2, 2, 2]), WORDS, "the period before")
    line, before = (
        re.search(r'd="([^"]*)" class="line"', drawn),
        re.search(r'd="([^"]*)" class="line before"', drawn),
    )
    assert (line[1].count("M"), line[1].count("L")) == (2, 1)
    assert (before[1].count("M"), before[1].count("L")) == (1, 3)
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", line[1])]
    assert heights == sorted(heights, reverse=True)  # greater values lie higher
    assert "the period before" in drawn


@pytest.mark.parametrize("values", [[0, 0], [-3, 5], [0.25, 0.5], [np.nan, np.nan], [1e9, 3]])
def test_a_chart_of_any_values_is_drawn(values):
    assert "<svg" in chart_markup(lines(values), WORDS)


def test_labels_of_a_chart_do_not_overlap():
    drawn = chart_markup(lines([*range(30)]), WORDS)
    at = [float(x) for x in re.findall(r'x="([\d.]+)" y="214" class="middle"', drawn)]
    assert len(at) > 3
    assert min(np.diff(at)) > 68


@given(st.dictionaries(st.tuples(st.integers(1, 7), st.integers(0, 23)), st.integers(1, 60), max_size=60))
def test_a_heat_map_of_hours_has_every_hour_of_the_week_once(counts):
    squares = re.findall(r"M([\d.]+) ([\d.]+)h", hour_map(counts, WORDS))
    assert len(squares) == len(set(squares)) == 168


@given(st.dates(date(2020, 1, 1), date(2026, 1, 1)), st.integers(14, 700))
def test_a_calendar_has_every_day_once(first, days):
    last = first + timedelta(days=days - 1)
    counts = {first + timedelta(days=at): at for at in range(1, days, 3)}
    squares = re.findall(r"M([\d.]+) ([\d.]+)h", calendar_map(counts, first, last, WORDS))
    assert len(squares) == len(set(squares)) == days


def areas(markup):
    """Return the rings of the areas of a map, in pixels, by their class."""
    shapes = {}
    for path, css in re.findall(r'<path d="([^"]*)" class="(\w+) area"', markup):
        for start, steps in re.findall(r"M(-?\d+ -?\d+)l([^zM]*)z", path):
            moves = np.array(re.findall(r"-?\d+", f"{start} {steps}"), float).reshape(-1, 2)
            shapes.setdefault(css, []).append(shapely.Polygon(np.cumsum(moves, axis=0) / 4))
    return shapes


SQUARE = st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from(["c1", "c3"]))


@given(st.lists(SQUARE, min_size=1, unique_by=lambda square: square[:2]))
def test_areas_of_a_map_have_their_class_and_place(squares):
    """An independent count: the pixels of each class cover what its squares do."""
    shapes = np.array([box(x * 100, y * 100, x * 100 + 100, y * 100 + 100) for x, y, _ in squares], object)
    drawn = AreaMap(shapes, [name for *_, name in squares], "EPSG:2193")
    rings, scale = areas(drawn.markup("squares")), drawn.view().px_per_m
    for name in {name for *_, name in squares}:
        expected = sum(of == name for *_, of in squares) * 10_000 * scale**2
        assert sum(ring.area for ring in rings[name]) == pytest.approx(expected, rel=0.02)
    xmin, ymin, xmax, ymax = shapely.total_bounds([ring for of in rings.values() for ring in of])
    assert 0 <= xmin <= xmax <= 640
    assert 0 <= ymin <= ymax <= drawn.view().height


def test_a_map_of_many_detailed_areas_fits_its_budget():
    angles = np.linspace(0, 2 * np.pi, 500)
    wavy = np.column_stack([np.cos(angles), np.sin(angles)]) * (40 + 4 * np.sin(50 * angles))[:, None]
    shapes = np.array(
        [shapely.Polygon(wavy + np.array([x * 100, y * 100])) for x in range(16) for y in range(16)], object
    )
    markup = AreaMap(shapes, ["c1"] * len(shapes), "EPSG:2193", ranks=[*range(1, len(shapes) + 1)]).markup(
        "wavy"
    )
    assert len(markup) < 90_000
    assert re.findall(r'class="rank">(\d+)<', markup) == [str(rank) for rank in range(1, 11)]


def test_a_map_of_nothing_is_drawn():
    assert AreaMap(np.array([], object), [], "EPSG:2193").markup("nothing").startswith("<svg")


def test_a_table_has_the_value_as_it_is_printed_beside_what_is_shown():
    table = FigureTable(
        ("code", "count"), (("01", 1234), (None, 5)), {"code": {"01": "Dirty <road> (01)"}}, 1
    )
    markup = table.markup("Codes", WORDS)
    assert '<data value="01">Dirty &lt;road&gt; (01)</data>' in markup
    assert '<data value="1234">1,234</data>' in markup
    assert '<td class="n">5</td>' in markup
    assert '<th scope="row"><data value="">–</data></th>' in markup
    assert table.is_short


def test_values_are_shown_as_people_read_them():
    shown = [
        shown_value(1234567, "count", WORDS),
        shown_value(0.12345, "x", WORDS),
        shown_value(3, "weekday", WORDS),
    ]
    assert shown == ["1,234,567", "0.12", "Wed"]
    assert shown_value(3, "weekday", PaperWords("zh")) == "周三"
