"""What was made ready of a layer is kept, found again, and never believed when it is older or damaged."""

import random
import shutil

import geopandas
import numpy as np
import pytest
import shapely

import stcloud
from stcloud.daas.table.feature import FeatureLayer
from stcloud.errors import StorageError
from stcloud.iaas.store.arrays import ArrayFolder
from stcloud.index import AsOfIndex, size
from stcloud.paas.cache import Cache
from stcloud.paas.query.join import read_how
from stcloud.paas.query.resolve.cache import IndexCache, IndexedLayer
from stcloud.testing.cases import AREAS, CRS, EVENTS, events
from stcloud.testing.examples import examples


@pytest.fixture(scope="module", autouse=True)
def kept_indexes():
    """Keep indexes on disk however small their layers are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size, "SMALL_VERTICES", -1)
        yield


WEST, SOUTH, SIDE, COUNT = 500_000, 3_380_000, 100, 6


def areas(shift):
    """Squares side by side, all moved east by so many metres."""
    at = [(WEST + shift + SIDE * i, SOUTH + SIDE * j) for i in range(COUNT) for j in range(COUNT)]
    shapes = [shapely.box(x, y, x + SIDE, y + SIDE) for x, y in at]
    names = [f"é{number:02}" for number in range(len(at))]
    return geopandas.GeoDataFrame({"name": names, "shift": shift}, geometry=shapes, crs=CRS)


def load(city, folder, shift, day):
    areas(shift).to_file(folder / f"{day}.gpkg")
    definition = stcloud.Definition.from_toml(AREAS, name="areas")
    city.load("areas", folder / f"{day}.gpkg", definition=definition, valid_from=day)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder with a city, which each test copies."""
    folder = tmp_path_factory.mktemp("model")
    found = stcloud.create(folder / "city", crs=CRS, zone="Asia/Shanghai")
    load(found, folder, 0, "2015-01-01")
    load(found, folder, 30, "2021-01-01")
    box = (WEST, SOUTH, WEST + SIDE * COUNT, SOUTH + SIDE * COUNT)
    events(200, 3, box).to_csv(folder / "cases.csv", index=False)
    found.load("cases", folder / "cases.csv", definition=stcloud.Definition.from_toml(EVENTS, name="cases"))
    return folder


@pytest.fixture
def city(model, tmp_path):
    shutil.copytree(model, tmp_path, dirs_exist_ok=True)
    return stcloud.open(tmp_path / "city")


def kept(folder):
    return sorted((folder / "city" / "index" / "areas.join").glob("*"))


def joined(city, how="within", **more):
    return city.query("cases").join("areas", how, **more).table


def anew(folder):
    """Return the same city, opened by another process, say: nothing of it is in memory."""
    return stcloud.open(folder / "city")


def unread(*_, **__):
    raise AssertionError("the layer was read")


def test_a_layer_is_made_ready_once(city, monkeypatch, tmp_path):
    first = joined(city)
    assert len(kept(tmp_path)) == 1
    monkeypatch.setattr(FeatureLayer, "believed", unread)
    assert joined(city).equals(first)
    city = anew(tmp_path)
    assert joined(city).equals(first)
    assert first["areas_key"].null_count < len(first)


def test_what_was_made_for_holding_is_made_anew_for_distances_and_then_serves_both(
    city, monkeypatch, tmp_path
):
    within = joined(city)
    near = joined(city, "nearest 2 within 50 m")
    assert len(kept(tmp_path)) == 1
    monkeypatch.setattr(FeatureLayer, "believed", unread)
    city = anew(tmp_path)
    assert joined(city, "nearest 2 within 50 m").equals(near)
    city = anew(tmp_path)
    assert joined(city).equals(within)


def test_a_layer_that_changed_is_made_ready_anew(city, tmp_path):
    before, old = joined(city), kept(tmp_path)
    load(city, tmp_path, 60, "2020-06-01")
    after = joined(city)
    assert len(kept(tmp_path)) == 1
    assert kept(tmp_path) != old
    assert not after.equals(before)
    assert set(after["areas_shift"].to_pylist()) - {None} == {0, 60, 30}
    known = city.layer("areas").loads[1].recorded_at_us
    assert joined(city, known_at=known).equals(before)


def test_what_was_known_earlier_is_kept_in_memory_only(city, monkeypatch, tmp_path):
    known = city.layer("areas").loads[0].recorded_at_us
    first = joined(city, known_at=known)
    assert not kept(tmp_path)
    monkeypatch.setattr(FeatureLayer, "believed", unread)
    assert joined(city, known_at=known).equals(first)
    assert set(first["areas_shift"].to_pylist()) - {None} == {0}


@pytest.mark.parametrize("seed", range(max(4, examples(16))))
def test_what_is_damaged_is_made_anew(city, seed, tmp_path):
    """A file changed, cut, emptied or gone: the answer stays, and what is kept is whole again."""
    right, chance = joined(city, "nearest within 500 m"), random.Random(seed)
    files = sorted(kept(tmp_path)[0].glob("*.npy"))
    file = chance.choice([one for one in files if one.stat().st_size > 128])
    whole = file.read_bytes()
    data = bytearray(whole)
    match seed % 4:
        case 0:
            data[chance.randrange(128, len(data))] ^= 1 << chance.randrange(8)
        case 1:
            data = data[: chance.randrange(len(data))]
        case 2:
            data[chance.randrange(128)] ^= chance.randrange(1, 256)
        case 3:
            data = b""
    file.write_bytes(bytes(data)) if seed % 8 != 7 else file.unlink()
    city = anew(tmp_path)
    assert joined(city, "nearest within 500 m").equals(right)
    assert file.read_bytes() == whole


def test_what_another_layer_left_is_not_taken(city, tmp_path):
    """A layer deleted and made anew under its name has nothing of the old one."""
    joined(city)
    city.delete("areas")
    assert not (tmp_path / "city" / "index" / "areas.join").exists()
    load(city, tmp_path, 60, "2015-01-01")
    assert set(joined(city)["areas_shift"].to_pylist()) - {None} == {60}


def test_a_city_that_may_only_be_read_is_asked_all_the_same(city, monkeypatch, tmp_path):
    def refuse(*_):
        raise StorageError("read-only", "no")

    monkeypatch.setattr(ArrayFolder, "write", refuse)
    first = joined(city)
    assert not kept(tmp_path)
    assert first.equals(joined(city))


def test_a_city_that_was_moved_keeps_what_was_made(city, tmp_path, monkeypatch):
    first = joined(city)
    shutil.copytree(tmp_path / "city", tmp_path / "moved")
    monkeypatch.setattr(FeatureLayer, "believed", unread)
    assert joined(stcloud.open(tmp_path / "moved")).equals(first)


def indexed(number):
    shapes = [shapely.box(0, 0, 1 + number, 1)]
    return IndexedLayer(AsOfIndex.of([f"k{number}"], [0], [9], shapes), np.array([number]))


class Layer:
    """Enough of a layer of features that lies nowhere."""

    def __init__(self, name):
        self.snapshot = self
        self.files = [self]
        self.path = name


def test_the_last_few_are_in_memory_and_no_more():
    how, layers = read_how("within"), [Layer(f"{number}.parquet") for number in range(4)]
    few = IndexCache(Cache(most=2, most_bytes=1 << 30))
    for number, layer in enumerate(layers):
        few.keep(layer, 5, indexed(number))
    assert [few.find(layer, 5, how) is not None for layer in layers] == [False, False, True, True]
    assert few.find(layers[3], 6, how) is None
    few.find(layers[2], 5, how)
    few.keep(layers[0], 5, indexed(0))
    assert [few.find(layer, 5, how) is not None for layer in layers] == [True, False, True, False]
    small = IndexCache(Cache(most=9, most_bytes=1))
    small.keep(layers[0], 5, indexed(0))
    small.keep(layers[1], 5, indexed(1))
    assert small.find(layers[0], 5, how) is None
    assert small.find(layers[1], 5, how).partners.versions.key.to_pylist() == ["k1"]
    assert small.find(layers[1], 5, read_how("nearest")) is None


def test_two_cities_in_one_process_share_nothing(city, tmp_path, monkeypatch):
    """The other city lies in a copy of the folder, from which what was kept on disk is gone."""
    first = joined(city)
    shutil.copytree(tmp_path / "city", tmp_path / "other")
    shutil.rmtree(tmp_path / "other" / "index")
    other = stcloud.open(tmp_path / "other")
    made = []
    believed = FeatureLayer.believed
    monkeypatch.setattr(FeatureLayer, "believed", lambda *given: made.append(given) or believed(*given))
    assert joined(other).equals(first)
    assert made
    other.close()
    assert joined(city).equals(first)
