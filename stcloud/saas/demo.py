"""The demo: a city of its own, a year of requests, three questions, a map.

Tested by `tests/architecture/test_wheel.py`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import shapely
from rich.console import Console
from rich.markup import escape

import stcloud
from stcloud.city import City
from stcloud.errors import Conflict
from stcloud.iaas.bundle import bundled
from stcloud.saas.cli.load import watched
from stcloud.saas.cli.output import note, print_answer
from stcloud.saas.plaintext import visible
from stcloud.saas.report import map_answer
from stcloud.space import LONLAT, project

__all__ = ["run"]

_DISTRICT = ("fixtures", "district")


def run(folder: Path) -> None:
    """Build the demo city in ``folder`` and ask it three questions.

    Raises
    ------
    Conflict
        ``city-exists``: the folder holds something else than a demo city.
    """
    say = _voice()
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "city.toml").is_file():
            raise Conflict("city-exists", f"{folder} holds something else", hint="name another folder")
        shutil.rmtree(folder)
    city = stcloud.create(folder, crs="EPSG:4548", zone="Asia/Shanghai", name="lantang")
    say(f"[bold]Lantang District[/], an invented city, in {_plain(folder)}")
    for name in ("requests_2024.csv", "requests_2024_update.csv"):
        with watched() as job:
            reckoning = city.load(
                "requests", bundled(*_DISTRICT, name), definition="district-requests", job=job
            )
        counts = ", ".join(f"{what} {count:,}" for what, count in reckoning.counts.items() if count)
        say(f"loaded {name}: {counts}")
    _ask(city, folder)


def _voice() -> Callable[[str], None]:
    return Console(stderr=True, highlight=False, emoji=False).print


def _plain(folder: Path) -> str:
    """Return the folder's name as text that is no markup."""
    return escape(visible(str(folder)))


def _ask(city: City, folder: Path) -> None:
    say = _voice()
    requests = city.query("requests")
    say("\n[bold]1. On which days are cars parked illegally by the school, from 7 to 9?[/] (1 is Monday)")
    parked = requests.what("class_code = '09009'").where(
        _near_school(city.configuration.crs), crs=city.configuration.crs
    )
    print_answer(parked.when("2024-03/2024-07", hours="07:00-09:00").count(["weekday"]))
    say("\n[bold]2. What did the first dump, of 1 January 2025, know of December's requests?[/] And now:")
    december = requests.when("2024-12")
    first = city.layer("requests").loads[0].recorded_at_us
    for knowing in (december.known_at(first), december):
        print_answer(knowing.count(["status"]))
    say(
        "\n[bold]3. Where was refuse left about in summer?[/] Counted in cells of 100 m, about 10,000 m² each:"
    )
    summer = requests.what("class_code = '06010'").when("2024-07/2024-10")
    note(f"map: {map_answer(summer, summer.count(['cell:100m']), folder / 'refuse.png', note)}")
    say(f"\nAsk on: stcloud query {_plain(folder)} requests --when 2024-06 --by week")


def _near_school(crs: str) -> shapely.Polygon:
    """Return a circle of 150 m around the school gate, where the fixtures plant parked cars."""
    planted = json.loads(bundled(*_DISTRICT, "planted.json").read_text(encoding="utf-8"))
    school = next(place for place in planted["hot_spots"] if place["name"] == "school-parking")
    lon, lat = school["centre"]
    x, y = project(lon, lat, LONLAT, crs)
    return shapely.Point(float(x), float(y)).buffer(school["radius_m"], quad_segs=32)
