import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from stcloud.paas.query import Question
from stcloud.saas.report.chart import chart_answer, draw_chart
from stcloud.saas.report.chartdata import ChartData, Panel, Series


def data(form="bars", values=(3, -1, np.nan), labels=("one", "two", "three"), panels=("",), **more):
    made = tuple(Panel(title, "count", (Series("count", np.array(values, float)),)) for title in panels)
    return ChartData(form, more.pop("group", "kind"), np.arange(len(values)), tuple(labels), made, **more)


def named(figure, gid):
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def boxes(figure, texts):
    figure.canvas.draw()
    return [text.get_window_extent() for text in texts if text.get_visible() and text.get_text()]


def overlapping(found):
    return [(one, other) for at, one in enumerate(found) for other in found[at + 1 :] if one.overlaps(other)]


def test_bars_start_at_zero_and_nothing_is_written_as_nothing():
    figure = draw_chart(data(), title="Calls")
    bars = named(figure, "series")
    assert [bar.get_width() for bar in bars] == [3, -1]
    assert {bar.get_x() for bar in bars} == {0}
    assert [text.get_text() for text in named(figure, "value")] == ["3", "−1", "n/a"]
    low, high = figure.axes[0].get_xlim()
    assert low < -1 < 3 < high


def test_a_gap_of_a_line_stays_one_and_lonely_points_are_seen():
    figure = draw_chart(
        data("lines", [1, np.nan, 2, 3], ["a"] * 4, group="week"), title="Calls", zone="Asia/Shanghai"
    )
    (line,) = named(figure, "series")
    assert np.isnan(line.get_ydata()[1])
    assert line.get_marker() == "o"
    assert figure.axes[0].get_xlabel() == "week, Asia/Shanghai"
    assert figure.axes[0].get_ylabel() == "count"


def test_small_multiples_share_their_scale_and_have_titles():
    made = data("lines", [1, 5], ["2024-01", "2024-02"], ["a", "b", "c"], group="month")
    figure = draw_chart(made, title="Calls")
    assert [text.get_text() for text in named(figure, "panel")] == ["a", "b", "c"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


@pytest.mark.parametrize("labels", [["x" * 300, "name " * 60, "short"], ["蓝塘大道夜市" * 20, "b", "c"]])
def test_long_names_stay_in_the_picture_and_do_not_overlap(labels):
    figure = draw_chart(data(labels=labels, values=[1, 2, 3]), title="Calls")
    ticks = boxes(figure, figure.axes[0].get_yticklabels())
    assert all(box.x0 >= 0 and box.x1 <= figure.width_px for box in ticks)
    assert not overlapping(ticks)


@pytest.mark.costly
@pytest.mark.parametrize(
    "panels",
    [("",), ("a", "b"), pytest.param(("a", "b", "c", "d", "e", "f", "g"), marks=pytest.mark.thorough)],
)
def test_labels_along_the_axis_do_not_overlap(panels):
    hours = [f"{hour:02d}:00" for hour in range(24)]
    figures = [
        draw_chart(
            data(values=range(24), labels=hours, panels=panels, group="hour_of_day", recurs=True),
            title="Calls",
        ),
        draw_chart(
            data("lines", range(99), [f"2024-W{week:02d}" for week in range(99)], panels, group="week"),
            title="C",
        ),
    ]
    for figure in figures:
        for axes in figure.axes:
            assert not overlapping(boxes(figure, axes.get_xticklabels()))


@pytest.mark.parametrize("values", [[0, 0, 0], [5, 5, 5], [-5, -5, -5], [1e15, 1, 2], [np.nan] * 3])
def test_values_of_any_size_are_drawn(values, tmp_path):
    bars = draw_chart(data(values=values), title="Calls", path=tmp_path / "bars.png")
    lines = draw_chart(data("lines", values, group="week"), title="Calls", path=tmp_path / "lines.svg")
    there = [value for value in values if not np.isnan(value)]
    assert [bar.get_width() for bar in named(bars, "series")] == there
    if there:
        (line,) = named(lines, "series")
        np.testing.assert_array_equal(line.get_ydata(), values)
    for figure, (low, high) in ((bars, bars.axes[0].get_xlim()), (lines, lines.axes[0].get_ylim())):
        assert low < high, figure
        assert all(low <= value <= high for value in there)
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("bars.png", "lines.svg"))


def test_titles_and_names_are_text_not_formulas():
    hostile = ["$x_{$", "\\alpha", "a\x1b[31mb"]
    figure = draw_chart(data(labels=hostile, values=[1, 2, 3]), title="$\\frac{", subtitle="$")
    figure.canvas.draw()
    ticks = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert ticks[:2] == hostile[:2]
    assert "\x1b" not in ticks[2]
    assert not any(text.get_parse_math() for text in [*figure.texts, *figure.axes[0].get_yticklabels()])


def test_the_look_is_fixed_whatever_the_users_settings_say(tmp_path):
    draw_chart(data(), title="Calls", path=tmp_path / "plain.png")
    hostile = {
        "axes.facecolor": "black",
        "font.size": 30,
        "axes.grid": True,
        "text.usetex": True,
        "lines.linewidth": 9,
    }
    with mpl.rc_context(hostile):
        draw_chart(data(), title="Calls", path=tmp_path / "hostile.png")
        assert mpl.rcParams["font.size"] == 30
    np.testing.assert_allclose(imread(tmp_path / "plain.png"), imread(tmp_path / "hostile.png"), atol=0.02)


def test_the_chart_of_a_question_says_what_it_is_of(drawn_city, tmp_path):
    question = Question(layer="calls", by=["kind"], order=["-count"], limit=1)
    query = question.narrow(drawn_city.query("calls"))
    figures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "stcloud.saas.report.chart.draw_chart",
            lambda *a, **k: figures.append(draw_chart(*a, **k)) or figures[0],
        )
        chart_answer(query, question.answer(query), tmp_path / "out.pdf", question=question, title="The most")
    texts = [text.get_text() for text in figures[0].texts]
    assert texts[0] == "The most"
    assert "only the first 1 groups by count, greatest first are shown, there are more" in texts
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF-")
