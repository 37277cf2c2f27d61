"""`stcloud report`: pages, moving maps and PDF from the command line; what is wrong is one line."""

import contextlib
import shlex

import pytest


@pytest.fixture
def question(tmp_path):
    path = tmp_path / "june.toml"
    path.write_text('layer = "calls"\nwhen = "2024-06"\n')
    return path


def test_the_command_on_the_page_writes_the_same_page(calls_town, question, run, tmp_path):
    first = tmp_path / "first.html"
    done = run(
        "report",
        calls_town,
        question,
        "-o",
        first,
        "--template",
        "class",
        "--title",
        "June & more",
        "--lang",
        "zh",
    )
    assert done.code == 0
    assert done.err.startswith(f"report: {first}\nknown at ")
    html = first.read_text(encoding="utf-8")
    command = html.split('<pre class="whole"><code>')[1].split("</code>")[0]
    for sign in ('<span class="o">', "</span>"):
        command = command.replace(sign, "")
    words = shlex.split(command.replace("&amp;", "&").replace("&#x27;", "'"))
    with contextlib.chdir(tmp_path):
        assert run(*words[1:]).code == 0
    assert (tmp_path / "report.html").read_bytes() == first.read_bytes()


@pytest.mark.parametrize(("words", "line"), [
    ((), "a report is not written to stdout"), (("-o", "x.txt"), "does not tell a format"),
    (("-o", "x.html", "--every", "day"), "--every is the step of a moving map"),
    (("-o", "x.html", "--template", "yearly"), "no template and no file 'yearly'"),
    (("-o", "x.html", "--lang", "fr"), "a report is not written in 'fr'"),
    (("-o", "none/x.html"), "there is no folder"),
    (("-o", "x.html", "--classes", "kid"), "--classes kid: there is no such column; did you mean 'kind'"),
    (("--map", "x.png"), "does not tell a format"), (("-o", "x.html", "--known-at", "soon"), "soon"),
])  # fmt: skip
def test_what_is_wrong_is_one_line_and_nothing_is_written(calls_town, question, run, tmp_path, words, line):
    with contextlib.chdir(tmp_path):
        done = run("report", calls_town, question, *words)
    assert done.code != 0
    assert line in done.line
    assert [path.name for path in tmp_path.iterdir()] == ["june.toml"]


def test_an_unknown_layer_and_a_missing_question_are_one_line(calls_town, run, tmp_path):
    (tmp_path / "q.toml").write_text('layer = "cals"\n')
    assert "no layer 'cals'" in run("report", calls_town, tmp_path / "q.toml", "-o", tmp_path / "x.html").line
    assert (
        "there is no file" in run("report", calls_town, tmp_path / "p.toml", "-o", tmp_path / "x.html").line
    )
    assert not (tmp_path / "x.html").exists()


def test_a_moving_map_is_drawn_without_a_page(calls_town, question, run, tmp_path):
    done = run("report", calls_town, question, "--map", tmp_path / "m.gif", "--every", "month")
    assert (done.code, (tmp_path / "m.gif").read_bytes()[:3]) == (0, b"GIF"), done.err
    assert "1 frames" in done.err or "1 frame" in done.err


def test_quality_as_it_was_known_needs_quality(calls_town, run):
    assert (
        "--known-at says when a layer's quality was so"
        in run("layers", calls_town, "calls", "--known-at", "2020").line
    )
    kinds = ("known-at-unused",)
    assert kinds
