"""A client that walks, pages, draws and counts at random, and notes what it was given at which pin."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd

from stcloud.space.tilegrid import Tile
from tests.conformance.web.busytown import CENTER, TILE, ZONE

__all__ = ["SELECTIONS", "TILES", "BusyClient", "Seen", "digest"]

MARCH = pd.Timestamp("2024-03-01", tz=ZONE)
SELECTIONS: tuple[tuple[dict[str, str], Callable[[pd.DataFrame], pd.Series]], ...] = (
    ({"filter": "n = 3"}, lambda rows: rows["n"].eq(3)),
    ({"filter": "kind = 'O''Neil' AND n > 6"}, lambda rows: rows["kind"].eq("O'Neil") & rows["n"].gt(6)),
    ({"datetime": f"../{MARCH.isoformat()}", "filter": "n < 4"}, lambda rows: rows["at"].le(MARCH) & rows["n"].lt(4)),
    ({"datetime": f"{MARCH.isoformat()}/..", "filter": "kind = '路灯' AND n IN (1, 2)"},
     lambda rows: rows["at"].ge(MARCH) & rows["kind"].eq("路灯") & rows["n"].isin([1, 2])),
)  # fmt: skip
"""Parameters of addresses, and which rows they select, by pandas."""
TILES = (TILE, Tile.at(*CENTER, 12), Tile.at(*CENTER, 14))


@dataclass(frozen=True)
class Seen:
    """An answer: what was asked for, at which pin it was given, and what it was."""

    what: str
    selection: int
    pin: str
    value: Any


def digest(rows: list[tuple[str, str, int]]) -> str:
    """Return a digest of rows, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()


@dataclass
class BusyClient:
    """A client with a connection and a chance of its own."""

    service: str
    seed: int
    seen: list[Seen] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    walks: int = 0

    def run(self, end_s: float) -> None:
        """Ask until an instant of the monotonic clock, then finish what was begun."""
        self._chance = random.Random(self.seed)
        with closing(
            http.client.HTTPConnection(urlsplit(self.service).netloc, timeout=120)
        ) as self._connection:
            while time.monotonic() < end_s:
                self._chance.choices((self.walk, self.page_again, self.tile, self.tally), (3, 3, 3, 2))[0]()

    def walk(self) -> None:
        """Follow the pages of a selection: every row once, and as many as the first page says."""
        number, parameters = self._selection()
        address = (
            f"/collections/calls/items?{urlencode({**parameters, 'limit': self._chance.choice((150, 400))})}"
        )
        rows, pages = [], []
        while address:
            page = json.loads(self._get(address)[0])
            pages.append((page["pin"], page["numberMatched"]))
            rows += [
                (made["id"], made["properties"]["kind"], made["properties"]["n"]) for made in page["features"]
            ]
            address = next((made["href"] for made in page["links"] if made["rel"] == "next"), "")
            address = address.removeprefix(self.service.rstrip("/"))
        assert len({*pages}) == 1, pages
        assert len({key for key, *_ in rows}) == len(rows) == pages[0][1], (number, pages, len(rows))
        self.seen.append(Seen("rows", number, pages[0][0], digest(rows)))
        self.walks += 1

    def page_again(self) -> None:
        """Ask for a page, then for the same for ever, then whether it changed."""
        _, parameters = self._selection()
        body, headers = self._get(f"/collections/calls/items?{urlencode({**parameters, 'limit': 40})}")
        pinned = headers["content-location"].removeprefix(self.service.rstrip("/"))
        again, kept = self._get(pinned)
        first, second = json.loads(body), json.loads(again)
        for name in ("features", "numberMatched", "numberReturned", "pin"):
            assert first[name] == second[name], name
        assert self._get(pinned, **{"If-None-Match": kept["etag"]})[0] == b""

    def tile(self) -> None:
        """Ask for a tile."""
        number, parameters = self._selection()
        place = self._chance.randrange(len(TILES))
        at = TILES[place]
        path = f"/collections/calls/tiles/WebMercatorQuad/{at.z}/{at.y}/{at.x}"
        body, headers = self._get(f"{path}?{urlencode(parameters)}")
        pinned = dict(
            part.partition("=")[::2] for part in urlsplit(headers["content-location"]).query.split("&")
        )
        self.seen.append(Seen(f"tile {place}", number, pinned["known"], body))

    def tally(self) -> None:
        """Count by kind."""
        document = json.dumps({"layer": "calls", "by": ["kind"], "count": True, "what": ["n = 3"]})
        body, headers = self._get("/questions", document)
        rows = {row["kind"]: row["count"] for row in json.loads(body)["rows"]}
        self.seen.append(Seen("tally", 0, json.loads(body)["pin"], tuple(sorted(rows.items()))))
        assert "pin" in headers

    def _selection(self) -> tuple[int, dict[str, str]]:
        number = self._chance.randrange(len(SELECTIONS))
        return number, SELECTIONS[number][0]

    def _get(self, path: str, document: str | None = None, **headers: str) -> tuple[bytes, dict[str, str]]:
        """Return body and headers; who asks too often waits, and asks again."""
        method = "GET" if document is None else "POST"
        while True:
            self._connection.request(method, path, document, {"Content-Type": "application/json", **headers})
            answer = self._connection.getresponse()
            body = answer.read()
            self.statuses[answer.status] += 1
            if answer.status != 429:
                assert answer.status in (200, 304), (answer.status, path, body[:500])
                return body, {name.lower(): value for name, value in answer.getheaders()}
            time.sleep(float(answer.headers["Retry-After"]) * self._chance.uniform(0.5, 1.5))
