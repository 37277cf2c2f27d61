"""Names of layers: one small file says what each is called now and was called before; what is damaged is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stcloud.daas.names import NAMES_FILE, LayerNames
from stcloud.errors import FormatError
from stcloud.iaas.store.folder import Folder
from stcloud.testing.examples import examples


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_a_layer_that_was_never_renamed_has_its_folders_name(folder):
    names = LayerNames(folder)
    assert (names.folder_of("a"), names.name_of("a"), names.former("a"), names.renamed("a")) == (
        "a", "a", (), None,
    )  # fmt: skip
    assert not folder.exists(NAMES_FILE)


def test_names_are_read_back_by_whoever_opens_the_city(folder):
    LayerNames(folder).give_name("a", "b", 1)
    LayerNames(folder).give_name("b", "c", 5_000_001)
    LayerNames(folder).give_name("x", "y-1", 7)
    names = LayerNames(folder, needed=True)
    assert [names.folder_of(name) for name in ("a", "b", "c", "x", "y-1", "z")] == [
        "a",
        "a",
        "a",
        "x",
        "x",
        "z",
    ]
    assert (names.name_of("a"), names.name_of("x")) == ("c", "y-1")
    assert names.former("c") == ("a", "b")
    assert names.renamed("a").former == {"a": 1, "b": 5_000_001}
    assert names.renamed("a").since_us == 5_000_001


def test_a_former_name_is_taken_up_again(folder):
    names = LayerNames(folder)
    names.give_name("a", "b", 1)
    names.give_name("b", "a", 2)
    assert (names.name_of("a"), names.folder_of("b"), names.former("a")) == ("a", "a", ("b",))
    assert names.renamed("b").since_us == 2


def test_what_is_forgotten_is_free(folder):
    names = LayerNames(folder)
    names.give_name("a", "b", 1)
    names.forget("b")  # the name of no folder
    assert names.name_of("a") == "b"
    names.forget("a")
    assert (names.folder_of("b"), names.name_of("a")) == ("b", "a")


def test_a_change_by_another_process_is_seen(folder):
    names = LayerNames(folder)
    assert names.name_of("a") == "a"
    LayerNames(folder).give_name("a", "b", 1)
    assert names.name_of("a") == "b"


NAME = st.sampled_from("abcdef")


@settings(max_examples=examples(60), deadline=None)
@given(steps=st.lists(st.tuples(NAME, NAME), max_size=12))
def test_every_name_leads_to_one_layer(tmp_path_factory, steps):
    names = LayerNames(Folder(tmp_path_factory.mktemp("names")))
    present = {"a": "a", "b": "b"}  # folder: name
    owner = {"a": "a", "b": "b"}  # name: folder, former names too
    for at, (old, new) in enumerate(steps):
        known = owner.get(old)
        if known is None or present[known] != old or owner.get(new, known) != known or old == new:
            continue
        names.give_name(old, new, at)
        present[known] = new
        owner[new] = known
    assert {folder: names.name_of(folder) for folder in present} == present
    assert {name: names.folder_of(name) for name in owner} == owner


DAMAGED = {
    "changed": lambda text: text.replace('"b"', '"c"'),
    "cut": lambda text: text[: len(text) // 2],
    "no toml": lambda _: "a = [",
    "a name of two": lambda _: (
        '[a]\nname = "b"\n[a.former]\na = "2024-01-01T00:00:00+00:00"\n'
        '[x]\nname = "b"\n[x.former]\nx = "2024-01-01T00:00:00+00:00"\n'
    ),
    "no former name": lambda _: '[a]\nname = "b"\n[a.former]\n',
    "no name": lambda _: "[a]\n",
    "a path": lambda _: '[a]\nname = "../b"\n[a.former]\na = "2024-01-01T00:00:00+00:00"\n',
    "no time": lambda _: '[a]\nname = "b"\n[a.former]\na = "yesterday"\n',
    "no zone": lambda _: '[a]\nname = "b"\n[a.former]\na = "2024-01-01T00:00:00"\n',
    "no table": lambda _: "a = 1\n",
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused(folder, damage):
    LayerNames(folder).give_name("a", "b", 1)
    folder.write_text(damage(folder.read_text(NAMES_FILE)), NAMES_FILE)
    with pytest.raises(FormatError, match=r"names\.toml") as caught:
        LayerNames(folder).name_of("a")
    assert caught.value.kind == "damaged-city"


def test_an_edit_on_purpose_deletes_the_first_line(folder):
    LayerNames(folder).give_name("a", "b", 1)
    text = folder.read_text(NAMES_FILE).replace('"b"', '"c"').partition("\n")[2]
    folder.write_text(text, NAMES_FILE)
    assert LayerNames(folder).folder_of("c") == "a"


def test_the_file_is_missed_where_a_layer_was_renamed(folder):
    with pytest.raises(FormatError, match="is missing"):
        LayerNames(folder, needed=True).name_of("a")
