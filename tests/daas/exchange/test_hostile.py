"""Hostile and damaged packages: refused in one line, and the city is as it was."""

import gzip
import json
import struct
import zipfile

import pytest

from stcloud.daas.exchange.entrychain import EntryChain
from stcloud.errors import StcloudError
from stcloud.testing.exchange import Sender, Ticking, receiving_city

KINDS = {"damaged-package", "newer-package"}


@pytest.fixture
def sender(tmp_path):
    sender = Sender(tmp_path, Ticking())
    sender.load(1, 2)
    return sender


@pytest.fixture
def city(sender, tmp_path):
    city = receiving_city(tmp_path, sender.clock)
    city.receive(sender.pack())
    return city


def state(city):
    root = city.parts.folder.root
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".work" not in path.parts
    }


def refused(city, path):
    before = state(city)
    with pytest.raises(StcloudError) as caught:
        city.receive(path)
    assert "\n" not in str(caught.value)
    assert state(city) == before
    return caught.value.kind


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, contents, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return path


def edited(path, change):
    """Write a package whose manifest was changed."""
    contents = members(path)
    document = json.loads(gzip.decompress(contents["manifest.json.gz"]))
    change(document)
    contents["manifest.json.gz"] = gzip.compress(json.dumps(document).encode())
    return written(path, contents.items())


@pytest.fixture
def package(sender, city):
    sender.load(3)
    return sender.pack(sender.folder / "district-1.stpack")


@pytest.mark.parametrize(
    "name", ["../evil.parquet", "/etc/evil", "0.parquet/../../x", "run.py", "C:\\x", "layers/x"]
)
def test_names_that_lead_elsewhere(city, package, name):
    written(package, [*members(package).items(), (name, b"x")])
    assert refused(city, package) == "damaged-package"


def test_bombs(city, package, tmp_path):
    contents = members(package)
    assert (
        refused(city, written(tmp_path / "a.stpack", contents.items(), zipfile.ZIP_DEFLATED))
        == "damaged-package"
    )
    blank = gzip.compress(bytes(300 << 20), 1)
    assert refused(city, written(tmp_path / "b.stpack", [("manifest.json.gz", blank)])) == "damaged-package"
    lying = bytearray(package.read_bytes())
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 20 : place + 28] = struct.pack("<II", 1 << 30, 1 << 30)
    (tmp_path / "c.stpack").write_bytes(lying)
    assert refused(city, tmp_path / "c.stpack") == "damaged-package"


def test_cut_off_anywhere(city, package, tmp_path):
    content = package.read_bytes()
    for size in {0, 1, 30, len(content) // 3, len(content) // 2, len(content) - 30, len(content) - 1}:
        (tmp_path / "cut.stpack").write_bytes(content[:size])
        assert refused(city, tmp_path / "cut.stpack") == "damaged-package"


def test_a_flipped_byte_anywhere_is_refused_or_means_nothing(city, package, tmp_path):
    content, whole = package.read_bytes(), members(package)
    before = state(city)
    for place in range(0, len(content), 37):
        flipped = bytearray(content)
        flipped[place] ^= 0x15
        path = tmp_path / "flipped.stpack"
        path.write_bytes(flipped)
        try:
            same = members(path) == whole  # a date, say, which nobody reads
        except Exception:  # noqa: BLE001
            same = False
        if not same:
            assert refused(city, path) in KINDS
    assert state(city) == before


def test_a_member_that_was_exchanged(city, package):
    contents = members(package)
    contents["0.parquet.gz"] = contents["0.parquet.gz"][:-1] + b"\1"
    assert refused(city, written(package, contents.items())) == "damaged-package"
    del contents["0.parquet.gz"]
    assert refused(city, written(package, contents.items())) == "damaged-package"


def no_layers(document):
    del document["layers"][0]["entries"]


def other_link(document):
    document["layers"][0]["link"] = "0" * 64


def forged_entry(document):
    document["layers"][0]["entries"][0]["accepted"] = 99


def more_rows(document):
    document["layers"][0]["rows"] = 7


def odd_column(document):
    document["layers"][0]["attributes"].append(["st_key", "st_key", "text", None, None])


def no_definition(document):
    document["layers"][0]["definition"] = "kind = ["


def backwards(document):
    document["layers"][0]["since_us"] = 2**60


def odd_types(document):
    document["layers"] = {"x": 1}


def newer(document):
    document["format"] = 2


def half_a_character(document):
    document["layers"][0]["attributes"][1][3] = "\ud800"


def half_a_character_in_an_entry(document):
    """A forger closes the chain again."""
    parcel = document["layers"][0]
    parcel["entries"][0]["attempt"] = "\ud800"
    parcel["link"] = EntryChain(parcel["since_link"], tuple(parcel["entries"])).link


def description_that_cannot_be(document):
    document["layers"][0]["description"] = {"owner": "x" * 100_000}


def line_in_a_name(document):
    document["crs"] = "EPSG:4548\nreceived 9 rows"


@pytest.mark.parametrize(
    "change",
    [
        no_layers,
        other_link,
        forged_entry,
        more_rows,
        odd_column,
        no_definition,
        backwards,
        odd_types,
        newer,
        half_a_character,
        half_a_character_in_an_entry,
        description_that_cannot_be,
        line_in_a_name,
    ],
)
def test_manifests_that_lie(city, package, change):
    assert refused(city, edited(package, change)) in KINDS


def test_a_name_of_a_layer_is_no_path(sender, package, tmp_path):
    (tmp_path / "other").mkdir()
    other = receiving_city(tmp_path / "other", sender.clock)

    def outside(document):
        document["layers"][0]["layer"] = "../../evil"

    before = state(other)
    with pytest.raises(StcloudError) as caught:
        other.receive(edited(sender.folder / "district-1.stpack", outside))
    assert caught.value.kind == "bad-name"
    assert state(other) == before


def test_no_file_of_another_kind(city, tmp_path):
    for content in (b"", b"PK", b"\x1f\x8b", b"not a zip file"):
        (tmp_path / "odd.stpack").write_bytes(content)
        assert refused(city, tmp_path / "odd.stpack") == "damaged-package"
