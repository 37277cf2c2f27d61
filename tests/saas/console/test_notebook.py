"""The console in a notebook: the same page, answered by this process, offline."""

from __future__ import annotations

import builtins
import json
import threading

import pytest

import stcloud
from stcloud.errors import InvalidInput, MissingExtra
from stcloud.saas.console.answerdesk import AnswerDesk
from stcloud.saas.console.inprocess import InProcess
from tests.browser import chromium
from tests.saas.console.notebookpage import shown


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    rows = [
        {"id": str(n), "at": f"2024-03-{1 + n % 28:02} 08:00", "lon": 174.7 + n / 1000, "lat": -36.9, "kind": "lamp"}
        for n in range(40)
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("notebook") / "town"
    with stcloud.create(folder, crs="EPSG:2193", zone="Pacific/Auckland") as made:
        made.load("calls", rows, key="id", time="at", lon="lon", lat="lat")
        yield made


def received(desk, path, method="GET", headers=None, body=b""):
    done, answers = threading.Event(), []
    desk.ask(method, path, headers or {}, body, lambda answer: (answers.append(answer), done.set()))
    assert done.wait(20)
    return answers[0]


def test_a_service_in_this_process_answers_without_a_port(city):
    from stcloud.saas.web import Service, application

    desk = InProcess(application(Service({"town": city})))
    document = json.dumps({"layer": "calls", "count": True}).encode()
    answer = received(desk, "/questions", "POST", {"Content-Type": "application/json"}, document)
    assert (answer.status, json.loads(answer.body)["rows"]) == (200, [{"count": 40}])
    assert received(desk, "/collections/none").status == 404
    desk.close()
    assert len(city.query("calls").rows()) == 40  # the city stays open


def test_an_answer_is_given_with_its_groups_and_places(city):
    counted = city.query("calls").count(by="cell:1km")
    desk = AnswerDesk(counted)
    document = json.loads(received(desk, "/answer.json?x=1").body)
    assert (document["groups"], len(document["rows"])) == (["cell_1km"], len(counted))
    assert document["facts"]["layer"] == "calls"
    west, south, east, north = json.loads(received(desk, "/console.json").body)["bbox"]
    assert 174.68 < west < 174.7 < 174.739 < east < 174.76
    assert -36.92 < south < -36.9 < north < -36.88
    legend = json.loads(received(desk, "/legend.json").body)
    assert (legend["field"], sum(part["count"] for part in legend["classes"])) == ("count", len(counted))
    places = json.loads(received(desk, "/answer.geojson").body)
    assert {feature["geometry"]["type"] for feature in places["features"]} == {"Polygon"}
    assert received(desk, "/questions", "POST").status == 404
    assert received(AnswerDesk(city.query("calls").count()), "/answer.geojson").status == 404


def test_more_rows_than_a_page_shows_are_refused(city):
    with pytest.raises(InvalidInput, match="40 rows"):
        AnswerDesk(city.query("calls").rows(), most_rows=39)


def test_without_the_library_it_says_what_to_install(city, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **named):
        if name == "anywidget":
            raise ImportError("no such thing", name="anywidget")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match="anywidget") as refused:
        city.console()
    assert refused.value.kind == "notebook-needed"


def test_a_cell_shows_a_city_and_an_answer_and_asks_nobody_else(city):
    with chromium() as browser:
        widget = city.console(layer="calls", when="2024-03")
        with shown(browser, widget) as (page, faults):
            page.wait_for_selector('[data-count="40"]', timeout=60_000)
            page.wait_for_selector("canvas", timeout=60_000)
            page.get_by_role("link", name="Catalogue").click()
            page.wait_for_selector("main.board.catalogue", timeout=60_000)
            assert page.url.endswith("/")  # the notebook's address is not the console's
            button = page.get_by_role("button", name="Dark")
            assert button.evaluate("part => getComputedStyle(part).borderRadius") == "4px"
            assert (
                page.evaluate("() => getComputedStyle(document.body).fontSize") == "16px"
            )  # nothing reaches beyond
            assert faults == []
        widget.close()
        answer = city.query("calls").count(by="cell:1km")
        with shown(browser, answer.explore()) as (page, faults):
            page.wait_for_function(
                f"() => document.querySelectorAll('tbody tr').length === {len(answer)}", timeout=60_000
            )
            page.wait_for_selector("canvas", timeout=60_000)
            page.wait_for_selector(".map-legend li", timeout=60_000)
            assert faults == []
