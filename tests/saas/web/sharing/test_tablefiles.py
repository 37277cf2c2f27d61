"""Files of tables: the same bytes for the same rows, made once, in a folder that holds so much."""

import threading
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as some

from stcloud.errors import InvalidInput, NotFound
from stcloud.iaas.engine.stop import Stop, stoppable
from stcloud.iaas.job import Cancelled
from stcloud.saas.web.sharing import tablefiles
from stcloud.saas.web.sharing.tablefiles import TableFiles, written_files


def numbers(count, first=0):
    return pa.table({"n": pa.array(range(first, first + count), pa.int64())})


@pytest.fixture
def files():
    made = TableFiles(10_000)
    yield made
    made.close()


def test_rows_are_written_to_files_of_so_many_rows(tmp_path):
    made = written_files([numbers(7), numbers(18, 7)], tmp_path, "s", file_rows=10, group_rows=5)
    assert [(file.id, file.rows, file.bytes) for file in made] == [
        (f"s-{place}", rows, (tmp_path / f"{place}.parquet").stat().st_size)
        for place, rows in enumerate((10, 10, 5))
    ]
    assert pa.concat_tables(pq.read_table(file.path) for file in made).equals(numbers(25))
    assert pq.ParquetFile(made[0].path).metadata.num_row_groups == 2
    assert written_files([numbers(0)], tmp_path, "s") == ()


@given(
    cuts=some.lists(some.integers(0, 60), max_size=5),
    texts=some.lists(some.text(max_size=3) | some.none(), min_size=60, max_size=60),
)
def test_bytes_do_not_depend_on_the_pieces_that_rows_come_in(cuts, texts, tmp_path_factory):
    rows = pa.table({"n": pa.array(range(60), pa.int64()), "text": pa.array(texts, pa.string())})
    edges = [0, *sorted(cuts), 60]
    pieces = [rows.slice(start, stop - start) for start, stop in pairwise(edges)]
    folder = tmp_path_factory.mktemp("bytes")
    made = []
    for name, given_pieces in (("whole", [rows]), ("cut", pieces)):
        (folder / name).mkdir()
        made.append(written_files(given_pieces, folder / name, "s", file_rows=40, group_rows=20))
    whole, cut = made
    assert [file.path.read_bytes() for file in whole] == [file.path.read_bytes() for file in cut]


def test_files_of_a_state_are_made_once(files):
    made = []
    for _ in range(2):
        (file,) = files.of("a", lambda _: made.append(1) or [numbers(3)])
    assert (len(made), file.path.exists()) == (1, True)
    files.close()
    assert not file.path.exists()


def test_what_fails_leaves_nothing_and_is_made_anew(files):
    def failing(folder):
        (folder / "half").touch()
        raise NotFound("unknown-layer", "it is gone")

    with pytest.raises(NotFound, match="it is gone"):
        files.of("a", failing)
    (file,) = files.of("a", lambda _: [numbers(3)])
    assert [path.name for path in file.path.parent.iterdir()] == ["0.parquet"]


def test_who_waits_no_longer_leaves_them_to_be_made_on(files):
    begun, go_on, stop, refused = threading.Event(), threading.Event(), Stop(), []

    def slow(_):
        begun.set()
        go_on.wait(60)
        return [numbers(3)]

    def asking():
        with stoppable(stop), pytest.raises(Cancelled) as error:
            files.of("a", slow)
        refused.append(error.value.kind)

    thread = threading.Thread(target=asking)
    thread.start()
    assert begun.wait(60)
    stop.now()
    thread.join(60)
    go_on.set()
    (file,) = files.of("a", lambda _: pytest.fail("they are being made"))
    assert (refused, file.rows) == (["cancelled"], 3)


def test_the_folder_holds_so_much_but_for_what_was_just_given(files, monkeypatch):
    """What was given longest ago is removed; in the first minute nothing is."""
    rows = [numbers(1_000)]
    size = files.of("size", lambda _: rows)[0].bytes
    assert size < 10_000 < 4 * size
    first = [files.of(str(number), lambda _: rows)[0] for number in range(4)]
    assert all(file.path.exists() for file in first)
    monkeypatch.setattr(tablefiles, "_LASTS_S", 0.0)
    files.of("0", lambda _: pytest.fail("it is there"))
    last = files.of("last", lambda _: rows)[0]
    held = [file for file in (*first, last) if file.path.exists()]
    assert sum(file.bytes for file in held) <= 10_000
    assert held[-1] == last
    assert held[0] == first[0]
    assert len(held) == 10_000 // size


def test_what_is_not_current_any_more_is_removed(files):
    def gone():
        raise InvalidInput("purged", "the layer was purged")

    kept, *ended = (files.of(name, lambda _: [numbers(3)], current)[0]
                    for name, current in (("a", lambda: True), ("b", lambda: False), ("c", gone)))  # fmt: skip
    files.renew()
    assert kept.path.exists()
    assert not any(file.path.exists() for file in ended)
