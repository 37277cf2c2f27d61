"""Law: what a principal sees of a city in a bucket, or beside an engine elsewhere, is a city without the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as some

import stcloud
from stcloud.city import City
from stcloud.errors import StorageError
from stcloud.iaas.engine.duck import Duck
from stcloud.iaas.engine.model import Engine
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.opening import open_store
from stcloud.saas.rights.permits import Permits
from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import Principal
from stcloud.testing.examples import examples
from stcloud.testing.objectserver import ObjectServer
from tests.saas.rights.test_permitted import (
    Limits,
    Town,
    city_of,
    facts_of,
    outcome,
    permitted,
    policies,
    questions,
    rectangle,
    towns,
)

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
FEW = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate), max_examples=examples(20))
HIDING = """
[[allow]]
who = "zhao"
do = "read"
layers = "requests"
hide = "phone"
[[allow]]
who = "zhao"
do = "read"
layers = "areas"
columns = ["code", "name", "part"]
"""


NAMES = (
    "rows",
    "page",
    "kinds",
    "sums",
    "phones",
    "join",
    "in names",
    "of owners",
    "areas",
    "as of",
    "history A",
)


class Elsewhere:
    """An engine on another machine, which has nothing of this one's disk but the city."""

    name = "elsewhere"
    stretch_rows = 1 << 21

    def run(self, *_: Any) -> Any:
        raise StorageError("engine-unreachable", "there is no such file")

    write = run

    def close(self) -> None:
        """Do nothing."""


def pair(place: Path, town: Town, limits: Limits) -> City:
    """Make a city in the folder ``whole``, and return one that never held what is forbidden."""
    if (
        "n" in limits.hidden["requests"]
    ):  # that a row was stated anew is seen, also where nothing else differs
        for frame in town.events:
            frame["n"] = frame.index % 5
    whole = city_of(place / "whole", town, town.events, town.areas)
    origin = whole.configuration.lattice.origin
    whole.close()
    events = [permitted(frame, "requests", limits, town, origin) for frame in town.events]
    areas = [permitted(frame, "areas", limits, town, origin) for frame in town.areas]
    return city_of(place / "bare", town, events, None if "areas" in limits.absent else areas)


def limited(limits: Limits) -> bool:
    """Tell whether there are copies."""
    return bool(limits.kept["requests"]) and (limits.position is not None or limits.hashed or limits.dropped)


def differences(
    city: City, bare: City, town: Town, text: str, names: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return what is answered otherwise than by the city that never held what is forbidden."""
    permits = Permits(city, Policy.from_toml(text, name="policy.toml"))
    seen = permits.city_for(Principal("zhao", frozenset({"desk"})))
    compared = {
        name: (outcome(question, seen), outcome(question, bare))
        for name, question in questions(town).items()
        if names is None or name in names
    }
    if names is None:
        compared["facts"] = facts_of(seen), facts_of(bare)
    permits.close()
    return {name: pair for name, pair in compared.items() if pair[0] != pair[1]}


@pytest.mark.thorough
@FEW
@given(some.data())
def test_of_a_city_in_a_bucket_nothing_is_seen_that_is_forbidden(
    tmp_path_factory: pytest.TempPathFactory, s3: ObjectServer, data: some.DataObject
) -> None:
    town = data.draw(towns())
    limits = data.draw(policies(town).filter(limited))
    place = tmp_path_factory.mktemp("rights")
    bare, here = pair(place, town, limits), LocalStore(place / "whole")
    address = s3.address(f"rights/{place.name}")
    there = open_store(address, s3.options)
    for key in here.list():
        there.put(key, here.get(key))
    city = stcloud.open(address, store_options=s3.options, cache=place / "cache", clock=bare.parts.clock)
    with city, bare:
        assert differences(city, bare, town, limits.text, NAMES) == {}


@pytest.mark.thorough
@FEW
@given(some.data())
def test_beside_an_engine_elsewhere_nothing_is_seen_that_is_forbidden(
    tmp_path_factory: pytest.TempPathFactory, data: some.DataObject
) -> None:
    town = data.draw(towns())
    limits = data.draw(policies(town).filter(limited))
    place = tmp_path_factory.mktemp("rights")
    bare = pair(place, town, limits)
    engine: Engine = Elsewhere()
    with stcloud.open(place / "whole", engine=engine, clock=bare.parts.clock) as city, bare:
        assert differences(city, bare, town, limits.text) == {}
        assert city.engine is engine


def fixed_town() -> Town:
    """Return a town far from UTC, of which one event and one area change."""
    east, north = 1_750_000.0, 5_900_000.0
    events = pd.DataFrame({
        "id": ["e0", "e1", "e2", "e3"], "at": ["2024-02-28 23:30:00", "2024-03-01 00:30:00"] * 2,
        "kind": list("xyzx"), "phone": ["110", "119", "120", "110"], "n": [0, 1, 2, 3],
        "x": [east + step for step in (13.5, 1_110.5, 2_120.5, 3_890.5)], "y": [north + 913.5] * 4,
    })  # fmt: skip
    events["wkt"] = [f"POINT({x} {y})" for x, y in zip(events.x, events.y, strict=True)]
    boxes = [rectangle(east + step, north, east + step + 2_000, north + 2_000) for step in (0, 2_000)]
    areas = pd.DataFrame(
        {"code": ["A", "B"], "name": "old", "part": "low", "owner": ["owner A", "owner B"], "wkt": boxes}
    )
    return Town(
        "EPSG:2193", "Pacific/Auckland", east, north, [events, events.assign(n=[0, 1, 2, 4])],
        [areas, areas.assign(name=["new", "old"])],
    )  # fmt: skip


def test_an_engine_elsewhere_gives_no_column_that_is_hidden(sail: Engine, tmp_path: Path) -> None:
    town = fixed_town()
    limits = Limits(hidden={"requests": ["phone"], "areas": ["owner"]}, kept={"requests": [], "areas": []})
    bare = pair(tmp_path, town, limits)
    with stcloud.open(tmp_path / "whole", engine=sail, clock=bare.parts.clock) as city, bare:
        permits = Permits(city, Policy.from_toml(HIDING, name="policy.toml"))
        assert not isinstance(permits.city_for(Principal("zhao")).parts.engine, Duck)
        permits.close()
        assert differences(city, bare, town, HIDING, NAMES) == {}
