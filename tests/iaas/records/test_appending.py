"""A batch is appended whole; of two writers one wins; a retry is no second entry."""

import threading
from dataclasses import replace

import pytest

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records import Medium, Notice, Records
from tests.iaas.records.conftest import READER, action, batch, note


def test_an_entry_is_read_back_as_it_was_given(records):
    given = action(
        post="desk", department="roads", happened_us=7, lon=118.125, lat=24.5,
        fields={"to": "北山", "n": 2, "x": 0.1, "yes": True, "no": None},
    )  # fmt: skip
    (written,) = records.append(batch(given))
    assert written == replace(given, recorded_us=written.recorded_us)
    assert records.log("A") == [written]
    assert written.recorded_us > 1_700_000_000_000_000


def test_what_happens_now_happens_as_it_is_recorded(records):
    (written,) = records.append(batch(action()))
    assert written.happened_us == written.recorded_us
    summary = records.summary("A")
    assert (summary.reported_us, summary.changed_us, summary.seq) == (
        written.recorded_us,
        written.recorded_us,
        1,
    )


def test_what_happened_later_than_it_is_recorded_is_refused(records):
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action(happened_us=2**60)))
    assert refused.value.kind == "happened-later"
    assert records.log("A") == []
    assert records.summary("A") is None


def test_instants_increase_over_batches_and_within(records):
    first = records.append(batch(action("A"), action("B"), action("A", 2)))
    second = records.append(batch(action("B", 2), action("C")))
    instants = [entry.recorded_us for entry in (*first, *second)]
    assert instants == sorted(set(instants))


def test_a_batch_over_several_cases_is_written_whole_or_not_at_all(records):
    records.append(batch(action("A"), action("B")))
    with pytest.raises(Conflict) as refused:
        records.append(batch(action("A", 2), action("B", 1, id="other"), action("C")))
    assert refused.value.kind == "case-changed"
    assert list(refused.value.context["since"]) == records.log("B")
    assert [len(records.log(case)) for case in "ABC"] == [1, 1, 0]


def test_who_was_slower_gets_what_is_there_now(records):
    records.append(batch(action("A"), action("A", 2), action("A", 3, name="file")))
    with pytest.raises(Conflict) as refused:
        records.append(batch(action("A", 2, id="mine", name="close")))
    assert refused.value.kind == "case-changed"
    assert refused.value.context["since"] == records.log("A")[1:]
    assert "file" in refused.value.message
    assert records.summary("A").state == "file"


def test_of_writers_at_once_one_wins(records):
    records.append(batch(action("A")))
    outcomes, start = [], threading.Barrier(8)

    def write(number):
        start.wait()
        try:
            outcomes.append(records.append(batch(action("A", 2, id=f"w{number}")))[0])
        except Conflict as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if not isinstance(outcome, Conflict)]
    assert records.log("A")[1:] == winners
    assert len(winners) == 1
    assert all(outcome.context["since"] == winners for outcome in outcomes if isinstance(outcome, Conflict))


def test_entries_that_do_not_exist_cannot_be_followed(records):
    records.append(batch(action("A")))
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action("A", 3)))
    assert refused.value.kind == "entry-gap"
    assert len(records.log("A")) == 1


def test_a_retry_is_no_second_entry(records):
    sent = batch(
        action("A", fields={"to": "x"}),
        private=[note()],
        notices=[Notice(id="n", case="A", seq=1, target="t", body="{}")],
    )
    first = records.append(sent)
    records.append(batch(action("A", 2)))
    assert records.append(sent) == first
    assert len(records.log("A")) == 2
    assert records.summary("A").seq == 2
    assert len(records.outbox.waiting()) == 1


def test_a_retry_that_expects_another_number_is_the_same_action(records):
    first = records.append(batch(action("A", id="x")))
    assert records.append(batch(action("A", 2, id="x"))) == first
    assert len(records.log("A")) == 1


def test_a_retry_after_erasing_brings_nothing_back(records):
    sent = batch(action(), private=[note()])
    first = records.append(sent)
    records.erase(READER, case="A")
    assert records.append(sent) == first
    assert records.private(READER, case="A") == []


@pytest.mark.parametrize(
    "other",
    [
        {"name": "file"}, {"fields": {"to": "y"}}, {"fields": {"n": True}}, {"lon": 1.0, "lat": 2.0}, {"case": "B"},
        {"department": "d"}, {"happened_us": 5},
    ],
)  # fmt: skip
def test_an_id_with_other_content_is_refused(records, other):
    records.append(batch(action("A", id="x", fields={"n": 1})))
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action(**{"case": "A", "id": "x", "fields": {"n": 1}, **other})))
    assert refused.value.kind == "action-id-reused"
    assert len(records.log("A")) == 1


def test_an_id_with_another_private_text_is_refused(records):
    records.append(batch(action(), private=[note(value="first")]))
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action(), private=[note(value="second")]))
    assert refused.value.kind == "action-id-reused"
    assert "second" not in str(refused.value)


def test_what_is_there_and_what_is_new_may_come_together(records):
    first = records.append(batch(action("A"), private=[note("A")]))
    both = records.append(
        batch(action("A"), action("A", 2), action("B"), private=[note("A"), note("A", 2), note("B")])
    )
    assert both[0] == first[0]
    assert [len(records.log(case)) for case in "AB"] == [2, 1]
    assert len(records.private(READER, case="A")) == 2


def test_each_case_is_reported(records):
    records.append(batch(action("A"), action("B")))
    outcomes = records.append_each(
        batch(action("A"), action("B", 1, id="late"), action("C"), action("C", 2), action("D", 3))
    )
    assert outcomes[0] == records.log("A")[0]
    assert [outcome.kind for outcome in (outcomes[1], outcomes[4])] == ["case-changed", "entry-gap"]
    assert outcomes[2:4] == records.log("C")
    assert [records.summary(case) is None for case in "ABCD"] == [False, False, False, True]


def test_each_case_is_written_in_one_transaction_when_all_can_be(records):
    outcomes = records.append_each(batch(action("A"), action("B")))
    assert outcomes == [*records.log("A"), *records.log("B")]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: replace(batch(action()), entries=()),
        lambda: batch(action("A", id="x"), action("B", id="x")),
        lambda: batch(action("A", 2), action("A", 1)),
        lambda: batch(action("A", 1), action("A", 3)),
        lambda: batch(action("A", 0)),
        lambda: replace(batch(action("A")), summaries=()),
        lambda: replace(batch(action("A")), summaries=batch(action("B")).summaries),
        lambda: replace(batch(action("A")), summaries=batch(action("A")).summaries * 2),
        lambda: batch(action("A"), private=[note("B")]),
        lambda: batch(action("A"), private=[note("A"), note("A")]),
        lambda: batch(action("A"), media=[Medium(digest="d", case="A", seq=2, use="near", key="k")]),
    ],
)
def test_a_batch_that_is_wrong_in_itself_is_refused(records, wrong):
    with pytest.raises(InvalidInput) as refused:
        records.append(wrong())
    assert refused.value.kind == "bad-batch"
    assert [records.summary(case) for case in "AB"] == [None, None]


def test_a_reference_that_is_taken_is_refused(records):
    records.append(batch(action("A"), private=[note("A", value="v")]))
    other = replace(note("A", value="v"), seq=2)
    with pytest.raises(InvalidInput) as refused:
        records.append(batch(action("A", 2), private=[other]))
    assert refused.value.kind == "bad-batch"
    assert len(records.log("A")) == 1


def test_media_belong_to_entries(records):
    near = Medium(digest="d1", case="A", seq=1, use="near", key="media/d1", taken_us=5, lon=1.5, lat=2.5)
    after = Medium(digest="d2", case="A", seq=2, use="after", key="media/d2")
    records.append(batch(action("A"), media=[near]))
    records.append(batch(action("A", 2), media=[after]))
    assert records.media("A") == [near, after]
    assert records.media("B") == []


def test_many_entries_are_appended_as_one_is(place, records, name):
    entries = [action(f"c{case:03d}", seq) for case in range(60) for seq in (1, 2)]
    texts = [note(f"c{case:03d}", value=f"a\tb\\c\n{case}") for case in range(60)]
    written = records.append(batch(*entries, private=texts, text="湖滨路"))
    assert [entry for case in range(60) for entry in records.log(f"c{case:03d}")] == written
    with Records.open(place, name) as again:
        assert [value.value for value in again.private(READER, case="c007")] == ["a\tb\\c\n7"]
    late = [action(f"c{case:03d}", 3) for case in range(60)]
    assert len(records.append(batch(*late, state="late"))) == 60
    assert records.summary("c059").state == "late"
    assert records.summary("c059").text == "湖滨路"


def test_many_entries_are_refused_as_one_is(records):
    records.append(batch(action("c59", id="other")))
    with pytest.raises(Conflict):
        records.append(batch(*[action(f"c{case}") for case in range(60)]))
    assert records.summary("c1") is None
    outcomes = records.append_each(batch(*[action(f"c{case}") for case in range(60)]))
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False] * 59 + [True]


def test_who_holds_a_connection_sees_what_others_commit_and_undoes_what_is_refused(records, place, name):
    with records.hold(), records.hold(), Records.open(place, name) as other:
        records.append(batch(action()))
        assert len(other.log("A")) == 1
        other.append(batch(action("A", 2)))
        assert len(records.log("A")) == 2
        with pytest.raises(Conflict):
            records.append(batch(action("A", 2, id="late")))
        records.append(batch(action("A", 3)))
    assert [entry.id for entry in records.log("A")] == ["A-1", "A-2", "A-3"]


def test_a_thread_holds_no_connection_of_another(records):
    records.append(batch(action()))

    def append(case):
        with records.hold():
            for seq in range(1, 6):
                records.append(batch(action(case, seq, id=f"{case}-{seq}")))

    threads = [threading.Thread(target=append, args=(f"T{number}",)) for number in range(6)]
    with records.hold():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(records.log(f"T{number}")) for number in range(6)] == [5] * 6
