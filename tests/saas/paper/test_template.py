"""Templates reach the values of a report and nothing else; what is wrong with one is said with its line."""

import sys

import pytest

from stcloud.errors import InvalidInput, MissingExtra, NotFound
from stcloud.paas.query import Question
from stcloud.saas.paper import template
from stcloud.saas.paper.paper import paper_of
from stcloud.saas.paper.template import PaperTemplate

JUNE = Question(layer="calls", when="2024-06")


def page(city, tmp_path, text):
    path = tmp_path / "own.html.jinja"
    path.write_text(text, encoding="utf-8")
    return PaperTemplate(str(path)).render(paper_of(city, [JUNE], place="town"))


def test_an_own_template_chooses_sections(paper_city, tmp_path):
    text = '{% extends "page.html.jinja" %}\n{% set heading = "Calls & more" %}\n{% set sections = ["overview"] %}\n'
    html = page(paper_city, tmp_path, text)
    assert "<h1>Calls &amp; more</h1>" in html
    assert html.count("<figure") == 1


def test_an_own_template_writes_its_own_markup(paper_city, tmp_path):
    text = '{% set part = paper.parts[0] %}{{ part.section("overview").figures[0].command }}|{{ paper.city }}'
    assert page(paper_city, tmp_path, text).startswith("stcloud query town calls --when 2024-06 --known-at ")
    assert page(paper_city, tmp_path, text).endswith("|Town &lt;i&gt;")


@pytest.mark.parametrize("text", [
    "\n{{ paper.__class__ }}", "\n{{ paper.parts[0]._scope.city }}", "\n{{ ''.__class__.__mro__ }}",
    "\n{{ paper.words.__globals__ }}", "\n{{ paper|attr('__class__') }}", "\n{{ 'x' * 1000000000 }}",
    "\n{{ 9 ** 9 ** 9 }}", "\n{% for n in range(1000000000) %}{% endfor %}", "\n{{ '{0.__class__}'.format(paper) }}",
    "\n{{ paper.parts[0].section.__self__ }}", "\n{{ cycler.__init__.__globals__ }}",
])  # fmt: skip
def test_a_template_that_reaches_further_is_refused_with_its_line(paper_city, tmp_path, text):
    with pytest.raises(InvalidInput, match="line 2") as refused:
        page(paper_city, tmp_path, text)
    assert refused.value.kind == "unsafe-template"
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(("text", "fault"), [
    ("\n\n{% for %}", "line 3"), ("\n{{ nothing }}", "line 2: 'nothing' is undefined"),
    ("\n{{ paper.nothing }}", "line 2"), ("\n{{ 1 / 0 }}", "line 2"), ("{% extends 'other' %}", "line 1"),
    ("\n\n{% include '/etc/passwd' %}", "line 3: there is no template '/etc/passwd'"),
    ("\n{{ paper.parts[7].title }}", "line 2"), ("\n{{ paper.parts[0].section() }}", "line 2"),
    ("\n{{ paper.city = 1 }}", "line 2"),
])  # fmt: skip
def test_a_template_that_is_wrong_is_refused_with_its_line(paper_city, tmp_path, text, fault):
    with pytest.raises(InvalidInput) as refused:
        page(paper_city, tmp_path, text)
    assert refused.value.kind == "unreadable-template"
    assert fault in refused.value.message
    assert "own.html.jinja" in refused.value.message


def test_unknown_sections_and_templates_are_said(paper_city, tmp_path):
    with pytest.raises(NotFound, match="no section 'curse'") as unknown:
        page(paper_city, tmp_path, '{{ paper.parts[0].section("curse") }}')
    assert unknown.value.nearest == ("course",)
    with pytest.raises(NotFound, match="no template and no file 'yearly'"):
        PaperTemplate("yearly")
    (tmp_path / "bad.jinja").write_bytes(b"one\n\xff")
    with pytest.raises(InvalidInput, match="line 2: it is not UTF-8"):
        PaperTemplate(str(tmp_path / "bad.jinja"))


def test_words_format_only_what_the_catalogue_has(paper_city, tmp_path):
    assert page(paper_city, tmp_path, "{{ words('{x.parts}', x=paper) }}") == "{x.parts}"


def test_reports_need_jinja2(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"jinja2.*stcloud\[report\]"):
        PaperTemplate()


def test_a_page_without_end_is_refused(paper_city, tmp_path, monkeypatch):
    monkeypatch.setattr(template, "MOST_BYTES", 1_000)
    with pytest.raises(InvalidInput) as refused:
        page(paper_city, tmp_path, "{% for n in range(9999) %}{{ paper.city }}{% endfor %}")
    assert refused.value.kind == "large-report"


def test_errors_of_templates_have_these_kinds(paper_city, tmp_path):
    kinds = {"unknown-section", "unknown-template", "report-needed"}
    with pytest.raises(NotFound) as refused:
        page(paper_city, tmp_path, '{{ paper.parts[0].section("x") }}')
    assert refused.value.kind in kinds
