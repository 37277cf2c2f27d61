"""Draw the pictures that README shows, from the fixtures.

::

    python docs/pictures.py    rewrites docs/images/map.png and chart.png
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import stcloud
from stcloud.paas.query import Question
from stcloud.saas.report import MapOptions, chart_answer, map_answer

ROOT = Path(__file__).resolve().parents[1]
DISTRICT = ROOT / "fixtures" / "district"
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Build the city of the examples and draw."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        city = stcloud.create(Path(folder) / "lantang", crs="EPSG:4548", zone="Asia/Shanghai")
        city.load("requests", DISTRICT / "requests_2024.csv", definition="district-requests")
        city.load(
            "communities",
            DISTRICT / "communities_2023.geojson",
            definition="communities",
            valid_from="2023-01-01",
        )
        requests = city.query("requests")
        june = Question(layer="requests", when=["2024-06"], by=["cell:100m"])
        asked = june.narrow(requests)
        options = MapOptions("Service requests in June 2024")
        map_answer(asked, june.answer(asked), IMAGES / "map.png", question=june, options=options)
        year = Question(layer="requests", when=["2024"], by=["month", "channel"])
        asked = year.narrow(requests)
        title = "Service requests of 2024 by channel"
        chart_answer(asked, year.answer(asked), IMAGES / "chart.png", question=year, title=title)
        city.close()


if __name__ == "__main__":
    main()
