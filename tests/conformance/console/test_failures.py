"""A slow service shows that it is waited for; one that is gone is said to be; what is forbidden is absent."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conformance.console.planner import WAIT_MS, at_console
from tests.conformance.web.serving import serve

pytestmark = pytest.mark.thorough

POLICY = """
[[allow]]
who = ["*"]
do = ["read"]
layers = ["communities", "streets"]

[[allow]]
who = ["role:desk"]
do = ["read"]
layers = ["*"]
"""


def test_a_slow_service_is_waited_for_and_shown_to_be(browser, service):
    with at_console(browser, service) as planner:
        planner.open(layer="requests", when="2024-05")
        planner.page.route(
            "**/questions**", lambda route: (planner.page.wait_for_timeout(1_500), route.continue_())
        )
        planner.page.evaluate("() => { location.hash = location.hash.replace('2024-05', '2024-06'); }")
        planner.page.wait_for_selector('[aria-busy="true"]', timeout=WAIT_MS)
        planner.settle()
        planner.page.unroute_all(behavior="ignoreErrors")
        assert planner.numbers()[0][1]["when"] == ["2024-06"]
        planner.check()


def test_a_view_that_comes_last_is_marked_as_awaited_until_it_is_there(browser, service):
    marked = "() => document.querySelector('[aria-busy=\"true\"]') !== null"
    with at_console(browser, service) as planner:
        seen = []

        def hold(route):
            if "median" in (route.request.post_data or ""):
                planner.page.wait_for_timeout(2_000)  # all else is there by then
                seen.append(planner.page.evaluate(marked))
            route.continue_()

        planner.page.route("**/questions/batch", hold)
        planner.open(layer="requests", when="2024-05")
        assert seen == [True]
        assert any("days(" in str(question) for _, question in planner.numbers())
        planner.check()


def test_a_service_that_is_gone_is_said_to_be_and_can_be_asked_again(browser, service):
    with at_console(browser, service) as planner:
        planner.open(layer="requests", when="2024-05")
        planner.page.route("**/questions**", lambda route: route.abort())
        planner.page.evaluate("() => { location.hash = location.hash.replace('2024-05', '2024-06'); }")
        shown = planner.page.wait_for_selector('[role="alert"]', timeout=WAIT_MS)
        assert "does not answer" in shown.inner_text()
        planner.check("ERR_FAILED", "Failed to load")


def test_a_wrong_filter_is_answered_in_words(browser, service):
    with at_console(browser, service) as planner:
        planner.open(layer="requests", when="2024-05", what="statsu = 'open'")
        assert "statsu" in planner.page.locator('[role="alert"]').first.inner_text()
        planner.check("400", "404")


def test_who_is_signed_in_sees_more_and_a_token_is_in_no_storage(browser, town, tmp_path):
    (tmp_path / "policy.toml").write_text(POLICY)
    tokens = tmp_path / "tokens.toml"
    command = [
        sys.executable,
        "-m",
        "stcloud",
        "token",
        "add",
        "zhao",
        "--role",
        "desk",
        "--file",
        str(tokens),
    ]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
    options = ["--policy", str(tmp_path / "policy.toml"), "--tokens", str(tokens)]
    with serve(town, *options) as service, at_console(browser, service) as planner:
        planner.open("catalogue")
        assert "requests" not in planner.page.inner_text("main").lower()
        planner.page.get_by_role("button", name="Sign in").click()
        planner.page.get_by_label("Token").fill(token)
        planner.page.keyboard.press("Enter")
        planner.page.wait_for_function(
            "() => /requests/i.test(document.querySelector('main').innerText)", timeout=WAIT_MS
        )
        kept = (
            "() => JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, document.cookie])"
        )
        assert token not in planner.page.evaluate(kept)
        planner.check()
