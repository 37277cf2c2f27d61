import numpy as np
import pytest
import shapely

from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query import Question
from stcloud.saas.report import MapOptions, picture, underlay
from stcloud.saas.report.underlay import underlays
from stcloud.saas.report.view import View

NOW_US = 1_720_000_000_000_000


@pytest.fixture
def draw(drawn_city, tmp_path, monkeypatch):
    """Draw a question; return the figure and the lines told."""

    def drawn(options=None, name="out.png", **asked):
        figures, lines = [], []
        original = picture.draw_map
        monkeypatch.setattr(
            picture, "draw_map", lambda *a, **k: figures.append(original(*a, **k)) or figures[-1]
        )
        question = Question(**{"layer": "calls", **asked})
        query = question.narrow(drawn_city.query(question.layer))
        path = tmp_path / name
        made = picture.map_answer(
            query,
            question.answer(query),
            path,
            lines.append,
            question=question,
            options=options or MapOptions(),
        )
        monkeypatch.undo()
        assert made == path
        assert path.stat().st_size > 1000
        return figures[0], lines

    return drawn


def texts(figure, gid=None):
    return [text.get_text() for text in figure.texts if gid is None or text.get_gid() == gid]


def named(figure, gid):
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def test_what_was_left_out_is_on_the_map(draw):
    figure, _ = draw(by=["cell:1km"], limit=1, having="count > 0")
    assert "only the first 1 groups are shown, there are more; only groups with count > 0 are shown" in texts(
        figure
    )


def test_a_comparison_is_drawn_as_changes_around_zero(draw):
    figure, _ = draw(by=["cell:100m"], when=["2024-08"], compare="previous")
    assert " ".join(texts(figure, "heading")) == "change of count per cell from the period before"
    assert texts(figure, "class") == ["−1", "1"]
    assert texts(figure, "size") == ["2", "1"]


def test_zero_has_its_own_look_and_is_in_no_class(draw):
    figure, _ = draw(by=["cell:100m"], measure=["count(days)"])
    assert texts(figure, "other") == ["0"]
    assert texts(figure, "class") == ["1"]
    (plain,) = named(figure, "plain")
    assert len(plain.get_segments()) == 1


def test_what_has_no_value_is_in_the_legend(draw):
    figure, _ = draw(by=["cell:100m"], measure=["mean(days)"])
    assert texts(figure, "other") == ["no value"]
    assert texts(figure, "class") == ["1.5", "3.0"]


def test_the_usual_layers_lie_underneath_cut_to_the_map(draw):
    figure, _ = draw(by=["cell:100m"])
    (axes,) = figure.axes
    (streets,) = named(figure, "under-streets")
    (west, east), (points,) = axes.get_xlim(), streets.get_segments()
    assert points[:, 0].min() == pytest.approx(west)
    assert points[:, 0].max() == pytest.approx(east)
    assert named(figure, "under-communities")
    assert " ".join(texts(figure, "under")[:2]).startswith("communities, 20")


@pytest.mark.parametrize(("under", "drawn"), [((), []), (("streets",), ["under-streets"])])
def test_layers_underneath_are_those_that_are_wished(draw, under, drawn):
    figure, _ = draw(MapOptions(under=under), by=["cell:100m"])
    found = {artist.get_gid() for artist in figure.findobj() if str(artist.get_gid()).startswith("under-")}
    assert sorted(found) == drawn


@pytest.mark.parametrize(("name", "error"), [("nowhere", NotFound), ("calls", InvalidInput)])
def test_layers_that_cannot_lie_underneath_are_refused(draw, name, error):
    with pytest.raises(error):
        draw(MapOptions(under=(name,)), by=["cell:100m"])


def test_a_layer_with_too_many_features_here_is_left_out_and_named(drawn_city, monkeypatch):
    monkeypatch.setattr(underlay, "_MOST", 0)
    lines = []
    subject = drawn_city.query("calls").subject
    view = View(0, 0, 100, 100, (490_000, 3_500_000, 510_000, 3_540_000))
    assert underlays(subject, ["streets"], NOW_US, lines.append)(view) == []
    assert lines == ["layer 'streets' has more than 0 features here and is not drawn underneath"]


def test_large_layers_are_no_quiet_default(draw, monkeypatch):
    monkeypatch.setattr(underlay, "_SMALL", 1)
    figure, lines = draw(by=["cell:100m"])
    assert not named(figure, "under-streets")
    assert lines == []


def test_a_layer_that_did_not_exist_yet_is_not_underneath(draw):
    figure, _ = draw(by=["cell:100m"], layer="calls", when=["2019"])
    assert not named(figure, "under-streets")


def test_features_of_an_instant_are_drawn(draw):
    figure, _ = draw(layer="communities", as_of="2024-06-01")
    assert texts(figure)[0] == "communities: as of 2024-06-01"
    assert "3 features" in texts(figure)[2]
    assert "streets, 2024-06-01" in texts(figure, "under")


def test_features_that_are_counted_are_not_called_events(draw):
    figure, _ = draw(layer="communities", as_of="2024-06-01", by=["cell:1km"])
    assert texts(figure)[2].startswith("3 features in ")


def test_a_title_can_be_given_and_is_text(draw):
    figure, _ = draw(MapOptions(title="Cost $5 to $9 \\alpha"), by=["cell:100m"])
    assert texts(figure)[0] == "Cost $5 to $9 \\alpha"
    assert not any(text.get_parse_math() for text in figure.texts)


def test_the_arrow_points_to_the_north_and_stands_on_every_map_with_a_place(draw):
    figure, _ = draw(by=["cell:100m"])
    (arrow,) = named(figure, "north")
    x, y = (arrow.get_xy() * [figure.width_px, figure.height_px]).T
    assert y[0] - y[2] > 15
    assert abs(x[0] - x[2]) < 1  # 117 degrees is the middle of the zone
    assert "N" in texts(figure)


@pytest.mark.parametrize("name", ["out.svg", "out.pdf", "out.PNG"])
def test_the_suffix_decides_the_format(draw, tmp_path, name):
    draw(name=name, by=["cell:100m"])
    head = (tmp_path / name).read_bytes()[:8]
    assert head.startswith({"svg": b"<?xml", "pdf": b"%PDF-", "png": b"\x89PNG"}[name[-3:].lower()])


def test_the_same_map_has_the_same_bytes(draw, tmp_path):
    for form in ("svg", "pdf"):
        draw(name=f"one.{form}", by=["cell:100m"])
        draw(name=f"two.{form}", by=["cell:100m"])
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"two.{form}").read_bytes()


def test_the_known_instant_is_written_to_the_second_in_the_citys_zone(draw):
    figure, _ = draw(by=["cell:100m"])
    (line,) = [text for text in texts(figure) if "known at" in text]
    assert line.endswith(", Asia/Shanghai")
    assert "." not in line.rpartition("known at ")[2]


def test_the_extent_covers_all_that_is_drawn(draw):
    figure, _ = draw(layer="communities", as_of="2024-06-01")
    (axes,) = figure.axes
    collections = [artist for artist in named(figure, "features") if hasattr(artist, "get_paths")]
    corners = np.concatenate([path.vertices for artist in collections for path in artist.get_paths()])
    box = shapely.box(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1])
    assert shapely.contains(box, shapely.multipoints(corners))
