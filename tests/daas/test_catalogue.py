"""A catalogue of many layers: to open a city reads no layer, and to list them reads as much of each, however many."""

import shutil
import sys
from collections import Counter
from dataclasses import replace

import pytest

import stcloud
from stcloud.daas.ledger import Ledger
from stcloud.daas.names import LayerNames
from stcloud.iaas.store.folder import Folder
from stcloud.iaas.table import head as tables
from stcloud.iaas.table.table import Table
from stcloud.testing.events import define, rows

WATCHED = []


def _watch(event, arguments):
    if WATCHED and event == "open" and isinstance(arguments[0], str) and WATCHED[-1][0] in arguments[0]:
        WATCHED[-1][1].append(arguments[0])


sys.addaudithook(_watch)


@pytest.fixture
def opened(monkeypatch):
    """Give a function that does something with a city, and returns what it gave and which files it opened."""
    delta = []

    class Counted(tables.DeltaTable):
        def __init__(self, *arguments, **more):
            delta.append(arguments)
            super().__init__(*arguments, **more)

    monkeypatch.setattr(tables, "DeltaTable", Counted)

    def run(work, folder):
        WATCHED.append((str(folder), []))
        delta.clear()
        try:
            return work(folder), [*WATCHED[-1][1]], [*delta]
        finally:
            WATCHED.clear()

    return run


def city_of(folder, source, count):
    """Make a city of so many layers: one is loaded, and the others are copies of it."""
    city = stcloud.create(folder, crs="EPSG:32651", zone="Asia/Shanghai")
    source.write_text(rows(5))
    for number in range(3):
        source.write_text(rows(5 + number))
        city.load("layer-000", source, definition=define())
    loads = city.layer("layer-000").loads
    layers = folder / "layers"
    names = [f"layer-{number:03d}" for number in range(1, count)]
    for name in names:
        shutil.copytree(layers / "layer-000", layers / name)
        shutil.copy(layers / "layer-000.toml", layers / f"{name}.toml")
    place = Folder.at(folder)
    Ledger(Table.at(place, "ledger"), LayerNames(place)).write(
        [replace(load, layer=name) for name in names for load in loads]
    )
    city.close()
    return folder


def test_to_open_a_city_reads_one_file_however_many_layers_it_has(tmp_path, opened):
    folder = city_of(tmp_path / "city", tmp_path / "part.csv", 30)
    _, files, delta = opened(stcloud.open, folder)
    assert files == [str(folder / "city.toml")]
    assert delta == []


def listing(folder):
    with stcloud.open(folder) as city:
        return [(layer.name, layer.rows, layer.kind, layer.span_us) for layer in city.layers()]


def test_to_list_layers_reads_as_much_of_each_however_many_there_are(tmp_path, opened):
    counted = {}
    for count in (20, 200):
        folder = city_of(tmp_path / f"city{count}", tmp_path / "part.csv", count)
        listed, files, delta = opened(listing, folder)
        assert len(listed) == count
        assert {one[1:3] for one in listed} == {(7, "event")}
        assert not [path for path in files if path.endswith(".parquet")]
        assert delta == []
        counted[count] = Counter(path.rpartition("/")[2].rpartition(".")[2] for path in files)
        assert len(files) == len(set(files))  # each once
    more = counted[200] - counted[20]
    assert more == {"json": 180 * 6, "toml": 180}  # four entries, state and purges; the definition
