"""A text of a bucket that machines change at once: one of them does, and nothing older is ever read after it."""

import itertools

import pytest

from stcloud.errors import Conflict, StorageError
from stcloud.iaas.store.local import LocalStore
from stcloud.iaas.store.mount import mount
from stcloud.iaas.store.revised import Revised, newest
from stcloud.iaas.store.steady import steady

KEY = "names.toml"


@pytest.fixture
def bucket(tmp_path):
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def machines(tmp_path, bucket):
    """Give the text as machines have it that share nothing else."""
    return (Revised(mount(tmp_path / f"m{number}", bucket), KEY) for number in itertools.count())


def writing(text):
    return lambda label: f"# {label}\n{text}"


def content(revised):
    text = revised.read()
    return None if text is None else text.partition("\n")[2]


def test_of_two_changes_of_the_same_text_one_is_made(machines):
    here, there = next(machines), next(machines)
    assert content(here) is None
    for number in range(4):
        former = here.read()
        assert former == there.read()
        there.replace(former, writing(f"there {number}"))
        with pytest.raises(Conflict) as refused:
            here.replace(former, writing("lost"))
        assert refused.value.kind == "concurrent-commit"
        assert content(here) == content(there) == f"there {number}"


def test_what_a_stalled_machine_puts_in_the_place_is_not_read(machines, bucket, monkeypatch):
    """Law: who reads a text gets its newest revision, whatever lies in the place of the text."""
    here, there = next(machines), next(machines)
    here.replace(None, writing("first"))
    older = [bucket.get(KEY)]
    for text in ("second", "third"):
        here.replace(here.read(), writing(text))
        older.append(bucket.get(KEY))
    for stale in older:
        bucket.put(KEY, stale)
        assert content(there) == "third"
        assert newest(lambda key: bucket.get(key) if bucket.exists(key) else None, KEY) == older[-1]

    def fails(*_):
        raise StorageError("unavailable", "it is gone")

    monkeypatch.setattr(LocalStore, "put", fails)
    here.replace(here.read(), writing("fourth"))
    assert content(there) == "fourth"


def test_a_change_is_seen_in_the_same_step_by_who_made_it_and_by_who_was_overtaken(machines):
    here, there = next(machines), next(machines)
    here.replace(None, writing("first"))
    with steady():
        former = here.read()
        there.replace(former, writing("second"))
        with pytest.raises(Conflict):
            here.replace(former, writing("lost"))
        assert content(here) == "second"


def test_a_text_without_a_label_is_where_counting_begins(machines, bucket):
    bucket.put(KEY, b"of a folder\n")
    here = next(machines)
    assert here.read() == "of a folder\n"
    here.replace(here.read(), writing("next"))
    assert content(next(machines)) == "next"
