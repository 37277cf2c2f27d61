"""Laws of the two-clock algebra: stating things one by one fills a dictionary of instants."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stcloud.daas.table.timeline import ABSENT, ALWAYS, FOREVER, Change, Pieces, reverse, state
from stcloud.errors import InternalError, InvalidInput
from stcloud.testing.examples import examples
from stcloud.testing.timeline import Chronicle, Counts

KEYS = (-(2**63), 0, 7, 2**63 - 1)
CONTENTS = (0, 1, 2**63 - 1)
PLACES = 8  # stretches of time that a drawn timeline tells apart
DAYS = 8

several = settings(max_examples=examples(60), deadline=None)


@st.composite
def cuts(draw):
    """Instants between which nothing changes, from ALWAYS to FOREVER; neighbours may be a microsecond apart."""
    inner = st.one_of(
        st.integers(-4, 8), st.integers(ALWAYS + 1, FOREVER - 1), st.sampled_from([FOREVER - 1])
    )
    drawn = draw(st.sets(inner, min_size=PLACES - 1, max_size=PLACES - 1))
    return [ALWAYS, *sorted(drawn), FOREVER]


@st.composite
def fillings(draw, contents=CONTENTS, keys=KEYS):
    """Contents by key and place: runs of one content, with gaps."""
    stretch = st.tuples(st.integers(1, 4), st.sampled_from([None, *contents]))
    filled = {}
    for key in draw(st.sets(st.sampled_from(keys))):
        run = [content for count, content in draw(st.lists(stretch, max_size=5)) for _ in range(count)]
        filled |= {(key, place): it for place, it in enumerate(run[:PLACES]) if it is not None}
    return filled


@st.composite
def believed_and_stated(draw):
    """Instants, what is believed, and what is stated: rows in any order, touching ones of equal content too."""
    grid = draw(cuts())
    believed, stated = draw(fillings()), draw(fillings((*CONTENTS, ABSENT)))
    rows = pieces_of(stated, grid, split=draw(st.sets(st.integers(1, PLACES - 1))))
    return grid, shuffled(draw, pieces_of(believed, grid)), shuffled(draw, rows)


def shuffled(draw, rows):
    return Pieces.of(draw(st.permutations(rows)))


def pieces_of(filled, grid, split=()):
    """Rows of a filling, as long as can be but for the places where they are split."""
    rows = []
    for key, place in sorted(filled):
        content, start, end = filled[key, place], grid[place], grid[place + 1]
        if rows and place not in split and (key, start, content) == (rows[-1][0], *rows[-1][2:]):
            rows[-1] = (key, rows[-1][1], end, content)
        else:
            rows.append((key, start, end, content))
    return rows


def filled_by(pieces, grid):
    """The dictionary of instants: key and place to content, absent ones too."""
    filled = {}
    for key, start, end, content in pieces.to_list():
        for place in range(grid.index(start), grid.index(end)):
            assert (key, place) not in filled, "two pieces of a key overlap"
            filled[key, place] = content
    return filled


def there(filled):
    return {place: content for place, content in filled.items() if content != ABSENT}


def after(believed, stated):
    """The timelines once it is stated, in no order."""
    change = state(believed, stated)
    kept = np.delete(np.arange(len(believed)), change.ended)
    return Pieces.of(believed.take(kept).to_list() + change.begun.to_list())


def is_nothing(change: Change):
    return len(change.ended) == len(change.begun) == 0


@several
@given(believed_and_stated())
def test_model(drawn):
    """Law: what is believed is what a dictionary of instants gives, filled statement by statement."""
    grid, believed, stated = drawn
    expected = there(filled_by(believed, grid) | filled_by(stated, grid))
    assert filled_by(after(believed, stated), grid) == expected


@several
@given(believed_and_stated())
def test_no_overlap_and_coalescing(drawn):
    """Law: periods of one key never overlap, and touching ones differ in content; none is empty or of nothing."""
    grid, believed, stated = drawn
    found = sorted(after(believed, stated).to_list())
    assert found == pieces_of(there(filled_by(believed, grid) | filled_by(stated, grid)), grid)
    for (key, _, end, content), (next_key, start, _, next_content) in itertools.pairwise(found):
        assert key < next_key or end < start or (end == start and content != next_content)
    assert all(start < end and content >= 0 for _, start, end, content in found)


@several
@given(believed_and_stated())
def test_minimality(drawn):
    """Law: a load writes the difference: no piece ends and begins again, and what is left alone is not written."""
    _, believed, stated = drawn
    change = state(believed, stated)
    ended, begun = believed.take(change.ended).to_list(), change.begun.to_list()
    assert not set(ended) & set(begun)
    assert set(ended) == set(believed.to_list()) - set(after(believed, stated).to_list())
    assert change.ended.tolist() == sorted(set(change.ended.tolist()))
    assert begun == sorted(set(begun))


@several
@given(believed_and_stated())
def test_replay(drawn):
    """Law: stating again what has been stated changes nothing."""
    _, believed, stated = drawn
    assert is_nothing(state(after(believed, stated), stated))


@several
@given(believed_and_stated(), st.data())
def test_stating_what_is_believed_changes_nothing(drawn, data):
    """Law: any part of what is believed, and absence where nothing is, may be stated in vain."""
    grid, believed, _ = drawn
    filled = {(key, place): ABSENT for key in KEYS for place in range(PLACES)} | filled_by(believed, grid)
    spoken = data.draw(st.sets(st.sampled_from(sorted(filled))))
    rows = pieces_of({place: filled[place] for place in spoken}, grid)
    assert is_nothing(state(believed, shuffled(data.draw, rows)))


@several
@given(believed_and_stated(), st.data())
def test_order_of_rows_does_not_matter(drawn, data):
    """Law: sorted or not, the same rows change the same."""
    _, believed, stated = drawn
    change = state(believed, stated)
    other = shuffled(data.draw, believed.to_list())
    again = state(other, shuffled(data.draw, stated.to_list()))
    assert again.begun.to_list() == change.begun.to_list()
    assert set(other.take(again.ended).to_list()) == set(believed.take(change.ended).to_list())


@several
@given(believed_and_stated())
def test_other_keys_stay_as_they_are(drawn):
    """Law: keys that are not spoken of may be left out, and nothing of them ends or begins."""
    _, believed, stated = drawn
    change = state(believed, stated)
    spoken = np.isin(believed.key, stated.key)
    without = state(believed.take(spoken), stated)
    assert without.begun.to_list() == change.begun.to_list()
    assert np.flatnonzero(spoken)[without.ended].tolist() == change.ended.tolist()


@several
@given(believed_and_stated())
def test_what_a_load_changed_can_be_stated_back(drawn):
    """Law: stating for each period what was believed of it brings the very pieces back."""
    grid, believed, stated = drawn
    before = filled_by(believed, grid)
    reverse = {place: before.get(place, ABSENT) for place in filled_by(stated, grid)}
    back = after(after(believed, stated), Pieces.of(pieces_of(reverse, grid)))
    assert sorted(back.to_list()) == sorted(believed.to_list())


@several
@given(believed_and_stated(), st.data())
def test_a_change_is_taken_back_where_it_stands(drawn, data):
    """Law: where a change changed something that is still so, what was before is stated, and nothing else is."""
    grid, before, stated = drawn
    made = after(before, stated)
    now = after(made, Pieces.of(pieces_of(data.draw(fillings((*CONTENTS, ABSENT))), grid)))
    was, became, holds = (filled_by(one, grid) for one in (before, made, now))
    expected = {
        place: was.get(place, ABSENT)
        for place in {*was, *became}
        if was.get(place) != became.get(place) == holds.get(place)
    }
    assert reverse(before, made, now).to_list() == pieces_of(expected, grid)
    assert sorted(after(made, reverse(before, made, made)).to_list()) == sorted(before.to_list())


@several
@given(believed_and_stated(), st.data())
def test_later_statements_win(drawn, data):
    """Law: stating one thing after another is stating at once the later, and of the earlier what remains."""
    grid, believed, one = drawn
    other = Pieces.of(pieces_of(data.draw(fillings((*CONTENTS, ABSENT))), grid))
    both = Pieces.of(pieces_of(filled_by(one, grid) | filled_by(other, grid), grid))
    twice = after(after(believed, one), other)
    assert sorted(twice.to_list()) == sorted(after(believed, both).to_list())


snapshots = st.dictionaries(
    st.integers(0, DAYS - 1), st.dictionaries(st.sampled_from(KEYS), st.sampled_from(CONTENTS)), max_size=5
)


@several
@given(snapshots, st.data())
def test_order_independence(drawn, data):
    """Law: after the same snapshots in any order, each instant is as the latest snapshot before it says."""
    believed, known = Pieces.of([]), []
    for at in data.draw(st.permutations(sorted(drawn))):
        end = min((one for one in known if one > at), default=FOREVER)
        said = dict.fromkeys(believed.key.tolist(), ABSENT) | drawn[at]
        believed = after(believed, Pieces.of([(key, at, end, content) for key, content in said.items()]))
        known.append(at)
    grid = [*range(DAYS), FOREVER]
    latest = {day: max((at for at in drawn if at <= day), default=None) for day in range(DAYS)}
    expected = {
        (key, day): content for day, at in latest.items() for key, content in drawn.get(at, {}).items()
    }
    assert filled_by(believed, grid) == expected
    assert sorted(believed.to_list()) == pieces_of(expected, grid)


@st.composite
def periods(draw):
    start = draw(st.integers(0, DAYS - 1))
    ends = st.integers(start + 1, DAYS - 1) if start + 1 < DAYS else st.nothing()
    return start, draw(st.one_of(st.none(), ends))


rows = st.dictionaries(st.sampled_from(KEYS), st.tuples(periods(), st.sampled_from(CONTENTS)), max_size=3)
loads = st.one_of(
    st.tuples(st.just("changes"), rows),
    st.tuples(st.just("delete"), rows),
    st.tuples(st.just("undo"), st.integers(0, 10)),
    st.tuples(
        st.just("snapshot"),
        st.integers(0, DAYS - 1),
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from(CONTENTS)),
    ),
)


class Book:
    """The algebra as a caller uses it: the timelines after each load, and the snapshots that are known."""

    def __init__(self):
        self.after = [Pieces.of([])]
        self.grid = [*range(DAYS), FOREVER]
        self.snapshots = {}

    def record(self, stated):
        self.after.append(after(self.after[-1], Pieces.of(stated)))

    def changes(self, rows):
        self.record([(key, start, end or FOREVER, it) for key, ((start, end), it) in rows.items()])

    def delete(self, rows):
        self.record([(key, start, end or FOREVER, ABSENT) for key, ((start, end), _) in rows.items()])

    def snapshot(self, at, contents):
        end = min((one for one in self.snapshots.values() if one > at), default=FOREVER)
        said = dict.fromkeys(self.after[-1].key.tolist(), ABSENT) | contents
        self.record([(key, at, end, content) for key, content in said.items()])
        self.snapshots[len(self.after) - 1] = at

    def undo(self, load):
        before, made, now = (filled_by(self.after[one], self.grid) for one in (load - 1, load, -1))
        back = {
            place: before.get(place, ABSENT)
            for place in {*before, *made}
            if before.get(place) != made.get(place) == now.get(place)
        }
        self.record(pieces_of(back, self.grid))
        self.snapshots.pop(load, None)


@several
@given(st.lists(loads, max_size=8))
def test_a_layer_of_many_loads_is_as_the_chronicle_says(drawn):
    """Law: every pair of day and load, however the loads were mixed, undone ones too."""
    book, chronicle, undone = Book(), Chronicle(DAYS), set()
    for mode, *said in drawn:
        if mode == "undo":
            undoable = [load for load in range(1, chronicle.loads + 1) if load not in undone]
            if not undoable:
                continue
            load = undoable[said[0] % len(undoable)]
            undone |= {load, chronicle.loads + 1}  # an undo is not undone here
            book.undo(load), chronicle.undo(load)
        elif mode == "snapshot":
            book.snapshot(*said), chronicle.snapshot(*said)
        elif mode == "changes":
            book.changes(*said), chronicle.changes([(key, *ends, it) for key, (ends, it) in said[0].items()])
        else:
            book.delete(*said), chronicle.delete([(key, *ends) for key, (ends, _) in said[0].items()])
    for load, believed in enumerate(book.after):
        filled = filled_by(believed, book.grid)
        for day in range(DAYS):
            told = {key: content for (key, at), content in filled.items() if at == day}
            assert told == chronicle.as_of(day, known_at=load)
        found = [
            (key, start, None if end == FOREVER else end, it) for key, start, end, it in believed.to_list()
        ]
        told = {(key, *piece) for key, all_ in chronicle.pieces(load).items() for piece in all_}
        assert set(found) == told


ENDS = st.one_of(st.integers(0, 6), st.sampled_from([ALWAYS, FOREVER]))


@several
@given(st.lists(st.tuples(st.sampled_from([1, 2]), ENDS, ENDS, st.just(0)), max_size=5))
@example([(1, 0, 9, 0), (1, 2, 3, 0), (1, 5, 6, 0)])
@example([(1, ALWAYS, FOREVER, 0), (2, ALWAYS, FOREVER, 0)])
@example([(1, 3, 3, 0)])
def test_pieces_refuse_exactly_what_is_empty_or_overlaps(drawn):
    """Law: pieces of one key share no instant, whatever their order, and none lasts no time."""
    instants = sorted({end for row in drawn for end in row[1:3]})
    taken = [(key, at) for key, start, end, _ in drawn for at in instants if start <= at < end]
    if any(start >= end for _, start, end, _ in drawn):
        expected = "empty-period"
    elif len(taken) != len(set(taken)):
        expected = "overlapping-periods"
    else:
        assert Pieces.of(drawn).to_list() == drawn
        return
    with pytest.raises(InvalidInput) as caught:
        Pieces.of(drawn)
    assert caught.value.kind == expected


@pytest.mark.parametrize("start", [ALWAYS, 10, 99])
@pytest.mark.parametrize("end", [FOREVER, 100, 101])
def test_a_statement_of_all_time_leaves_nothing_of_the_former(start, end):
    believed = Pieces.of([(1, start, end, 5)])
    change = state(believed, Pieces.of([(1, ALWAYS, FOREVER, 6)]))
    assert (change.ended.tolist(), change.begun.to_list()) == ([0], [(1, ALWAYS, FOREVER, 6)])
    gone = state(believed, Pieces.of([(1, ALWAYS, FOREVER, ABSENT)]))
    assert (gone.ended.tolist(), gone.begun.to_list()) == ([0], [])


def test_an_open_piece_is_cut_and_stays_open():
    change = state(Pieces.of([(1, ALWAYS, FOREVER, 5)]), Pieces.of([(1, 0, 1, ABSENT)]))
    assert change.begun.to_list() == [(1, ALWAYS, 0, 5), (1, 1, FOREVER, 5)]


def test_a_gap_that_is_filled_makes_one_piece_of_three():
    believed = Pieces.of([(1, 0, 10, 5), (1, 20, FOREVER, 5)])
    change = state(believed, Pieces.of([(1, 10, 20, 5)]))
    assert (change.ended.tolist(), change.begun.to_list()) == ([0, 1], [(1, 0, FOREVER, 5)])


@pytest.mark.parametrize("believed", [[], [(1, 0, 10, 5), (2, ALWAYS, 3, 5)]])
@pytest.mark.parametrize("stated", [[], [(3, 0, 5, ABSENT), (2, 3, FOREVER, ABSENT)]])
def test_saying_nothing_changes_nothing(believed, stated):
    change = state(Pieces.of(believed), Pieces.of(stated))
    assert is_nothing(change)
    assert change.begun.key.dtype == np.int64


def test_from_nothing_all_that_is_there_begins():
    stated = Pieces.of([(2, 5, 9, 1), (1, 0, 5, 0), (1, 5, 9, ABSENT)])
    assert state(Pieces.of([]), stated).begun.to_list() == [(1, 0, 5, 0), (2, 5, 9, 1)]


def test_counts_of_the_chronicle():
    """The model itself, by hand: rows are judged by what was believed in their own period."""
    layer = Chronicle(10)
    assert layer.snapshot(2, {"a": 1, "b": 1}) == Counts(accepted=2)
    assert layer.snapshot(6, {"a": 2, "b": 1, "c": 1}) == Counts(accepted=1, updated=1, unchanged=1)
    assert layer.changes([("a", 0, 2, 1), ("b", 3, 8, 1), ("c", 4, 7, 9)]) == Counts(1, 1, 1)
    assert layer.append([("a", 1, 3, 5), ("d", 1, 3, 5)]) == Counts(accepted=1, rejected=1)
    assert layer.delete([("a", 3, 4), ("z", 3, 4), ("d", 5, 6)]) == Counts(updated=1, unchanged=2)
    assert layer.pieces()["a"] == [(0, 3, 1), (4, 6, 1), (6, None, 2)]


def test_a_snapshot_overrides_changes_only():
    """A piece that changes had stated counts once if the snapshot ends days of it, not if it grows or stays."""
    layer = Chronicle(10)
    layer.snapshot(0, {"a": 1, "b": 1})
    layer.changes([("b", 2, 5, 2), ("c", 2, None, 3), ("d", 6, 8, 4), ("e", 1, 4, 5), ("f", 1, 3, 6)])
    said = {"a": 9, "b": 1, "d": 4, "e": 5}
    assert layer.snapshot(4, said) == Counts(accepted=1, updated=3, ended=1, overridden=2)  # c; b and c
    assert layer.snapshot(4, said) == Counts(unchanged=4)


def test_snapshots_of_the_chronicle_come_in_any_order():
    layer = Chronicle(10)
    for at in (2, 8, 5):
        layer.snapshot(at, {"a": at})
    assert layer.pieces()["a"] == [(2, 5, 2), (5, 8, 5), (8, None, 8)]
    layer.snapshot(5, {"b": 0})
    assert layer.pieces() == {"a": [(2, 5, 2), (8, None, 8)], "b": [(5, 8, 0)]}


def test_undoing_gives_back_what_no_later_load_has_changed():
    layer = Chronicle(10)
    layer.snapshot(0, {"a": 1})
    layer.snapshot(4, {"a": 2})
    layer.changes([("a", 6, 8, 3)])
    layer.undo(2)
    assert layer.pieces()["a"] == [(0, 6, 1), (6, 8, 3), (8, None, 1)]
    layer.snapshot(2, {"a": 4})  # the snapshot of day 4 is not known any more
    assert layer.pieces()["a"] == [(0, 2, 1), (2, None, 4)]
    assert layer.pieces(known_at=3)["a"] == [(0, 4, 1), (4, 6, 2), (6, 8, 3), (8, None, 2)]
    layer.undo(5)
    layer.undo(4)
    assert layer.pieces() == layer.pieces(known_at=3)
    layer.snapshot(2, {"a": 4})  # and it is known again
    assert layer.as_of(4) == {"a": 2}


@pytest.mark.parametrize("content", [[0], [ABSENT - 1, 0]])
def test_columns_of_pieces_are_of_one_length_and_contents_are_numbers(content):
    with pytest.raises(InternalError) as caught:
        Pieces(np.array([7, 7]), np.array([0, 5]), np.array([5, 9]), np.array(content))
    assert caught.value.kind == "bad-pieces"
