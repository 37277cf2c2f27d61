"""Reports as a reader has them: laws of bytes, of commands, of size, and of what a page may hold."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stcloud
from stcloud.errors import InvalidInput, NotFound
from stcloud.paas.query import Question
from stcloud.saas.paper.choices import PaperChoices
from stcloud.saas.paper.paper import known_of, paper_of
from stcloud.saas.paper.template import TEMPLATES, PaperTemplate
from tests.saas.paper.conftest import CRS, calls, communities
from tests.saas.paper.pageparts import differing, read_page

JUNE = Question(layer="calls", when="2024-06")
CHOICES = PaperChoices(closed="closed", classes="kind")


def rendered(city, question=JUNE, template="weekly", choices=CHOICES, **more):
    paper = paper_of(city, [question], place="town", choices=choices, **more)
    return PaperTemplate(template).render(paper)


@pytest.fixture(scope="module")
def weekly(paper_folder):
    with stcloud.open(paper_folder / "town") as city:
        return rendered(city, known_at=known_of(city))


def test_a_weekly_report_has_every_section(weekly):
    page = read_page(weekly)
    names = [figure.name for figure in page.figures]
    assert names == [
        "number",
        "course",
        "days",
        "hours",
        "kinds",
        "areas",
        "cells",
        "hotspots",
        "closing",
        "quality",
    ]
    assert all(figure.caption and figure.command and figure.python for figure in page.figures)
    assert all(figure.drawings for figure in page.figures if figure.name not in ("number", "quality"))
    assert page.missing == ["Left out: a year earlier layer calls had nothing"]


def test_every_command_of_a_report_run_gives_its_figures_numbers(weekly, paper_folder, run):
    with contextlib.chdir(paper_folder):
        assert {figure.name: differing(figure, run) for figure in read_page(weekly).figures} == {
            figure.name: [] for figure in read_page(weekly).figures
        }


def test_every_command_of_each_template_gives_its_figures_numbers_in_the_demo_city(demo, run, tmp_path):
    folder, _ = demo
    (tmp_path / "nov.toml").write_text(
        'layer = "requests"\nwhen = "2024-11"\nby = "in:communities.name"\ncompare = "previous"\n'
    )
    figures = {}
    with contextlib.chdir(folder.parent):
        for template in TEMPLATES:
            out = run(
                "report", "demo", tmp_path / "nov.toml", "--template", template, "-o", tmp_path / f"{template}.html",
                "--closed", "closed", "--classes", "subject",
            )  # fmt: skip
            assert out.code == 0, out.err
            page = read_page((tmp_path / f"{template}.html").read_text(encoding="utf-8"))
            figures |= {figure.command: figure for figure in page.figures}
        assert {"evaluation-street", "evaluation-department", "case-times", "itself", "cells"} <= {
            figure.name for figure in figures.values()
        }
        assert {figure.name: differing(figure, run) for figure in figures.values()} == {
            figure.name: [] for figure in figures.values()
        }


def test_the_same_question_and_pin_give_the_same_bytes(weekly, tmp_path):
    """Also after other loads, corrections among them, of the layer and of layers that are drawn beneath."""
    with stcloud.create(tmp_path / "town", crs=CRS, zone="Pacific/Auckland") as city:
        city.load("calls", calls(), key="id", time="at", x="x", y="y", crs=CRS)
        city.load("communities", communities(), key="code", valid_from="2020-01-01")
        pin = known_of(city)
        first = rendered(city, known_at=pin)
        assert rendered(city, known_at=pin) == first
        assert rendered(city) == first  # nothing was loaded since
        corrected = calls(61, seed=4)
        corrected["note"] = "new column"
        city.load("calls", corrected)
        city.load("communities", communities().iloc[:3], valid_from="2024-06-10")
        city.load("streets", communities().rename(columns={"code": "id"}), key="id", valid_from="2020-01-01")
        assert rendered(city, known_at=pin) == first
        assert rendered(city) != first


def test_the_same_question_and_pin_give_the_same_bytes_in_another_process(weekly, paper_folder, tmp_path):
    pin = (
        next(row for row in read_page(weekly).figures if row.name == "number")
        .command.split("--known-at ")[1]
        .split()[0]
    )
    code = (
        "import stcloud, sys\nfrom tests.saas.paper.test_paper import rendered\n"
        f"sys.stdout.buffer.write(rendered(stcloud.open('town'), known_at={pin!r}).encode())"
    )
    more = {
        "TZ": "America/Lima",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=paper_folder, env=os.environ | more, capture_output=True, check=True
    )  # fmt: skip
    assert ended.stdout.decode() == weekly


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_external_is_referenced_and_what_data_hold_is_escaped(paper_city, language):
    html = rendered(paper_city, template="class", language=language, title="<script>alert(2)</script>")
    page = read_page(html)
    assert not page.elements & {"script", "iframe", "object", "embed", "link", "img"}
    assert all(reference.startswith("#") for reference in page.references)
    for word in ("http://", "https://", "url(", "@import", "<script", " onload", "javascript:"):
        assert word not in html, word
    assert "<script>alert(2)</script>" in page.text
    assert "Hill <b>" in page.text


def test_a_page_of_another_language_has_the_same_numbers(paper_city, weekly):
    chinese = read_page(rendered(paper_city, language="zh", known_at=known_of(paper_city)))
    english = read_page(weekly)
    assert [(figure.command, figure.rows) for figure in chinese.figures] == [
        (figure.command, figure.rows) for figure in english.figures
    ]
    assert "按星期与时刻" in chinese.text


def test_a_districts_month_is_at_most_500_kb(tmp_path):
    """As the guide builds the district: twelve thousand requests a year, in 30 communities."""
    fixtures = Path(__file__).parents[3] / "fixtures" / "district"
    with stcloud.create(tmp_path / "lantang", crs="EPSG:4548", zone="Asia/Shanghai") as city:
        city.load("requests", fixtures / "requests_2024.csv", definition="district-requests")
        city.load(
            "communities",
            fixtures / "communities_2023.geojson",
            definition="communities",
            valid_from="2023-01-01",
        )
        city.load(
            "streets", fixtures / "streets.geojson", key="street_id", datum="wgs84", valid_from="2020-01-01"
        )
        html = rendered(
            city, Question(layer="requests", when="2024-06"), choices=PaperChoices(closed="closed_at")
        )
    assert len(read_page(html).figures) == 10
    assert len(html.encode()) <= 500_000


def test_layers_of_features_have_no_course_and_say_so(paper_city):
    page = read_page(
        rendered(paper_city, Question(layer="communities", as_of="2024-06-01"), choices=PaperChoices())
    )
    assert page.figures[0].name == "number"
    assert "Left out: features have no course over time" in page.missing


@pytest.mark.parametrize("question", [
    Question(layer="calls", when="1999"), Question(layer="calls", what="kind = 'nothing'", when="2024-06"),
    Question(layer="calls"), Question(layer="calls", when="2024-06-03"), Question(layer="calls", limit=3),
])  # fmt: skip
def test_empty_short_and_endless_questions_have_a_page_that_says_what_is_left_out(
    paper_city, question, run, paper_folder
):
    page = read_page(rendered(paper_city, question))
    assert page.figures
    assert page.missing
    with contextlib.chdir(paper_folder):
        for figure in page.figures[:2]:
            assert differing(figure, run) == []


def test_several_questions_have_anchors_of_their_own(paper_city):
    paper = paper_of(paper_city, [JUNE, Question(layer="calls", when="2024-05")], place="town")
    names = [figure.name for figure in read_page(PaperTemplate().render(paper)).figures]
    assert len(names) == len(set(names))
    assert {"q1-number", "q2-number"} <= set(names)


def test_what_is_wrong_with_a_question_is_said_at_once(paper_city):
    with pytest.raises(NotFound, match="no layer 'cals'"):
        paper_of(paper_city, [Question(layer="cals")], place="town")
    with pytest.raises(NotFound, match="kin"):
        paper_of(paper_city, [Question(layer="calls", what="kin = 'x'")], place="town")
    with pytest.raises(InvalidInput) as refused:
        paper_of(paper_city, [JUNE], place="town", known_at=paper_city.query("calls").count().pin.text)
    assert refused.value.kind == "pin-of-answer"


def test_an_instant_to_come_is_no_pin(paper_city, weekly):
    paper = paper_of(paper_city, [JUNE], place="town", known_at="2099-01-01")
    assert paper.known == known_of(paper_city)
    assert rendered(paper_city, known_at="2099-01-01") == weekly
