"""All can use the console: axe-core finds no violation, at both widths, light and dark, in both languages."""

from __future__ import annotations

import pytest

from tests.conformance.console.planner import BOARDS, NARROW, WIDE, Planner, at_console

pytestmark = pytest.mark.thorough

GIVEN = {"layer": "requests", "when": "2024-06", "log": "matters"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.costly
def test_axe_finds_no_violation_on_any_board(browser, service, axe, theme, lang):
    size = NARROW if (theme, lang) in {("light", "en"), ("dark", "zh")} else WIDE
    with at_console(browser, service, size) as planner:
        for board in BOARDS:
            planner.open(board, **GIVEN, theme=theme, lang=lang)
            assert (board, planner.violations()) == (board, [])
        planner.check()


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.costly
def test_nothing_is_wider_than_a_telephone(browser, service, board):
    with at_console(browser, service, NARROW) as planner:
        planner.open(board, **GIVEN)
        width = planner.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= NARROW["width"]
        planner.check()


def test_the_keyboard_reaches_a_number_and_its_rows_and_comes_back(browser, service):
    focused = "() => document.activeElement?.dataset?.count ?? null"
    with at_console(browser, service) as planner:
        planner.open(**GIVEN)
        count = None
        for _ in range(150):
            planner.page.keyboard.press("Tab")
            count = planner.page.evaluate(focused)
            if count is not None:
                break
        assert int(count) > 0
        planner.page.keyboard.press("Enter")
        planner.page.wait_for_selector("section.rows h2[data-rows]")
        planner.settle()
        assert planner.page.locator("section.rows h2[data-rows]").get_attribute("data-rows") == count
        assert planner.page.evaluate("() => document.activeElement.closest('section.rows') !== null")
        planner.page.keyboard.press("Escape")
        planner.page.wait_for_selector("section.rows", state="detached")
        assert planner.page.evaluate(focused) == count
        planner.check()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.costly
def test_axe_finds_no_violation_in_a_report(browser, town, axe, tmp_path, monkeypatch, run, theme):
    (tmp_path / "june.toml").write_text('layer = "requests"\nwhen = ["2024-06"]\n')
    monkeypatch.chdir(tmp_path)
    done = run("report", town, "june.toml", "-o", "june.html", "--closed", "closed", "--classes", "subject")
    assert done.code in (0, None), done.err
    with browser.new_context(viewport=WIDE, color_scheme=theme) as context:
        planner = Planner(context.new_page(), "file://")
        planner.page.goto((tmp_path / "june.html").as_uri())
        assert planner.violations() == []
        assert planner.page.evaluate("() => document.scripts.length") == 0
