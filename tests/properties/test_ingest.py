"""Laws of loads: every row is accounted for, and every past stays as it was."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import stcloud
from stcloud.daas.definition import Definition
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import NotFound
from stcloud.iaas.engine.duck import Duck
from stcloud.testing.engines import difference
from stcloud.testing.examples import examples
from stcloud.testing.oracle import ExpectedLoad, Oracle
from stcloud.testing.question import Question
from stcloud.testing.scenes import Delivery, Scene, csv_texts

DEFINITION = """
id = "calls"
kind = "event"
key = ["id"]
duplicates = "{rule}"
null = ["", "NA"]
[time]
column = "at"
formats = ["%m/%d/%Y %H:%M", "iso"]
[space]
lon = "lon"
lat = "lat"
[columns]
note = {{ values = {{ OPEN = "open", Open = "open" }} }}
n = {{ type = "number" }}
i = {{ type = "integer" }}
ok = {{ type = "boolean" }}
day = {{ type = "date" }}
done = {{ type = "instant", formats = ["%m/%d/%Y %H:%M", "iso"] }}
more = {{ optional = true, rename = "More" }}
"""
POOLS = {
    "id": ("k1", "k2", "k3", " k1 ", "K1", "ключ", "k,4", "", "  ", "NA"),
    "at": (
        "2024-01-05 07:00",
        "2024-03-10 02:30",
        "2024-03-10T03:30",
        "2024-11-03 01:30:00.5",
        "11/03/2024 01:30",
        "1969-12-31T23:59:59.999999Z",
        "2100-01-01",
        "2024-06-30 23:59-04:00",
        "",
        "NA",
        "2024-02-30",
        "yesterday",
        "13/13/2024 10:00",
        "2024-01-05 24:00",
        " 2024-01-31 20:00 ",
    ),
    "lon": (
        "-74.0",
        "-74.0",
        "-73.95",
        "0",
        "",
        "NA",
        "abc",
        "nan",
        "inf",
        "-200",
        "40.7",
        " -74.1 ",
        "+10",
        "-7.4e1",
        "-71.99",
    ),
    "lat": ("40.7", "40.7", "40.75", "0", "", "NA", "40,7", "nan", "91", "-74", "85.9", "1e1"),
    "note": ("", "OPEN", "Open", "closed", " closed ", 'it\'s "so"', "line\nbreak", "NA"),
    "n": ("", "1", "-2.5", "1e3", ".5", "+3.", "1,5", "0x10"),
    "i": (
        "",
        "7",
        "-7",
        "+7",
        "007",
        "1.0",
        "1.5",
        "9007199254740993.00",
        "9223372036854775807",
        "9999999999999999999",
    ),
    "ok": ("", "true", "N", "0", "yes", "maybe"),
    "day": ("", "2024-02-29", "1900-01-01", "2023-02-29", "1969-12-31 10:00"),
    "done": ("", "2024-11-03 01:30", "11/03/2024 01:30", "2024-03-10 02:30", "soon"),
}
MODES = ("changes", "changes", "changes", "append", "delete")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
RULES = st.sampled_from(["last", "first", "refuse"])
TWINS_TEXT = """id,at,lon,lat,note,n,i,ok,day,done
k1,2024-11-03 01:30,-74,40.7,one,,,,,
k2,2024-11-03 01:30,-74,40.7,alone,,,,,
k1,2024-03-10 02:30,-74,40.7,two,,,,,
k2,2024-11-03 01:30,-74,40.7,alone,,,,,
"""
NOON_US = 1_717_243_200_000_000
TWINS = (
    Delivery(csv_texts(TWINS_TEXT), NOON_US),
    Delivery(csv_texts(TWINS_TEXT)[2:], NOON_US, "append"),
    Delivery(csv_texts(TWINS_TEXT)[1:], NOON_US),
    Delivery(csv_texts(TWINS_TEXT)[["id"]], NOON_US, "delete"),
)


def _column(name: str) -> st.SearchStrategy[str]:
    """Mostly good values: a row is refused for its first fault, and others should be seen too."""
    good = st.sampled_from(POOLS[name][:3])
    return st.one_of(good, good, st.sampled_from(POOLS[name]))


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Delivery, ...]:
    """Draw one to four loads; rows repeat exactly and in other readings, clocks stand still or go back."""
    row = st.fixed_dictionaries({name: _column(name) for name in POOLS})
    seen: list[dict[str, str]] = []
    found = []
    for _ in range(draw(st.integers(1, 4))):
        again = st.sampled_from(seen) if seen else row
        rows = draw(st.lists(st.one_of(row, again, row), min_size=1, max_size=7))
        rows += draw(st.lists(st.sampled_from(rows), max_size=2))
        seen += rows
        mode = draw(st.sampled_from(MODES))
        table = pd.DataFrame(rows, columns=list(POOLS))
        if mode == "delete" and draw(st.booleans()):
            table = table[["id"]]
        elif draw(st.integers(0, 4)) == 0:
            table = table.assign(more="x", other="kept as well")
        found.append(Delivery(table, NOON_US + draw(st.sampled_from([-1, 0, 0, 10**6, 10**12])), mode))
    return tuple(found)


@pytest.fixture(scope="module")
def engine() -> Duck:
    return Duck()


def scene_of(loads: tuple[Delivery, ...], rule: str = "last") -> Scene:
    definition = Definition.from_toml(DEFINITION.format(rule=rule), name="calls.toml")
    return Scene("loads", "EPSG:32618", "America/New_York", definition, loads)


def compare(reckoning: Reckoning, expected: ExpectedLoad) -> None:
    assert reckoning.known == expected.known
    assert reckoning.recorded_at_us == expected.recorded_at_us
    assert reckoning.adds_up
    assert reckoning.counts == expected.counts
    if not expected.known:
        assert dict(reckoning.unplaced_by) == expected.unplaced_by
        assert dict(reckoning.rejected_by) == dict(Counter(expected.refusals.values()))


def compare_rows(city: stcloud.City, layer: str, oracle: Oracle, known_at: int | None) -> None:
    question = Question("rows", "loads", known_at=known_at)
    if oracle.states:
        found = difference(question.ask(city, layer).table, oracle.answer(question))
        assert found is None, found
    elif oracle.recorded_us:  # a layer whose rows were all refused is there, and empty
        assert question.ask(city, layer).table.num_rows == 0
    else:
        with pytest.raises(NotFound):
            question.ask(city, layer)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=SLOW)
@example(loads=TWINS, rule="first")
@example(loads=TWINS, rule="refuse")
@given(loads=deliveries(), rule=RULES)
def test_loads_come_to_what_the_oracle_counts_and_keep_every_past(
    engine: Duck, loads: tuple[Delivery, ...], rule: str
) -> None:
    """``read = accepted + updated + unchanged + duplicates + rejected``, and ``known_at`` any load is as it was."""
    load_both(engine, loads, rule)


@pytest.mark.slow
@settings(max_examples=examples(100), deadline=None, suppress_health_check=SLOW)
@given(loads=deliveries(), rule=RULES)
def test_many_loads_come_to_what_the_oracle_counts(
    engine: Duck, loads: tuple[Delivery, ...], rule: str
) -> None:
    load_both(engine, loads, rule)


def load_both(engine: Duck, loads: tuple[Delivery, ...], rule: str) -> None:
    scene = scene_of(loads, rule)
    oracle = scene.oracle()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "city")
        stcloud.create(path, crs=scene.crs, zone=scene.zone)
        city = stcloud.open(path, engine=engine)
        for number in range(len(loads)):
            deliver_both(scene, number, path, oracle, city)
        for at_us in oracle.recorded_us:
            for near_us in (at_us - 1, at_us):
                compare_rows(city, scene.layer, oracle, near_us)
        compare_rows(city, scene.layer, oracle, None)


def deliver_both(scene: Scene, number: int, path: Path, oracle: Oracle, city: stcloud.City) -> None:
    load = scene.deliveries[number]
    if load.mode == "delete" and not oracle.recorded_us:
        with pytest.raises(NotFound, match="to delete from"):
            scene.deliver(path, number)
        return
    expected = oracle.load(load.rows, mode=load.mode, now_us=load.at_us)
    reckoning = scene.deliver(path, number)
    compare(reckoning, expected)
    refused = city._catalogue.quarantine.rows([] if expected.known else [reckoning])
    assert (
        dict(zip(refused["row"].to_pylist(), refused["reason"].to_pylist(), strict=True)) == expected.refusals
    )


@settings(max_examples=examples(4), deadline=None, suppress_health_check=SLOW)
@given(loads=deliveries())
def test_a_load_that_is_known_changes_nothing(engine: Duck, loads: tuple[Delivery, ...]) -> None:
    """Loading a file again gives the first reckoning again, whatever came between."""
    scene = scene_of(tuple(load for load in loads if load.mode != "delete"))
    oracle = scene.oracle()
    scene.load_all(oracle)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "city")
        first = scene.build(path)
        again = [scene.deliver(path, number) for number in range(len(scene.deliveries))]
        assert all(one.known for one in again)
        assert [one.load for one in again] == [one.load for one in first]
        assert [one.counts for one in again] == [one.counts for one in first]
        city = stcloud.open(path, engine=engine)
        compare_rows(city, scene.layer, oracle, None)
        assert sum(len(layer.loads) for layer in city.layers()) == len({one.load for one in first})


def test_a_row_without_a_key_of_its_own_is_deleted_by_its_content(tmp_path: Path) -> None:
    """The key is the digest of the row: who gives the row again names it."""
    text = 'id = "calls"\nkind = "event"\n[time]\ncolumn = "at"\n[space]\nlon = "lon"\nlat = "lat"\n'
    rows = csv_texts("at,lon,lat,note\n2024-01-05,-74,40.7,a\n2024-01-05,-74,40.7,b\n")
    loads = (Delivery(rows, NOON_US), Delivery(rows[1:], NOON_US + 5, "delete"))
    scene = Scene("loads", "EPSG:32618", "America/New_York", Definition.from_toml(text, name="calls"), loads)
    _, deleted = scene.build(tmp_path / "city")
    assert (deleted.updated, deleted.unchanged) == (1, 0)
    assert stcloud.open(tmp_path / "city").query("calls").rows().table["note"].to_pylist() == ["a"]


def test_a_file_that_names_keys_only_must_have_the_key(tmp_path: Path) -> None:
    rows = csv_texts("id,at,lon,lat,note,n,i,ok,day,done\nk1,2024-01-05,-74,40.7,,,,,,\n")
    scene = scene_of((Delivery(rows, NOON_US), Delivery(csv_texts("key\nk1\n"), NOON_US, "delete")))
    with pytest.raises(NotFound, match="no column 'id'"):
        scene.build(tmp_path / "city")
