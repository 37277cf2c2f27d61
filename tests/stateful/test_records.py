"""A log on each database does what a dictionary does that keeps every entry, whichever client writes."""

import itertools
import tempfile
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stcloud.errors import Conflict, InvalidInput
from stcloud.iaas.records import Audit, CaseSummary, Entry, Find, Notice, PrivateValue, RecordBatch, Records

CASES = ["A", "a", "井-1"]
READER = Audit(who="w", why="y")
NAMES = itertools.count(1)


class LogMachine(RuleBasedStateMachine):
    """Two clients of one log against entries in dictionaries."""

    place = ""

    @initialize()
    def create(self):
        name = f"machine{next(NAMES)}"
        self.clients = [Records.create(self.place, name), Records.open(self.place, name)]
        self.ids = itertools.count(1)
        self.log = {case: [] for case in CASES}
        self.state, self.values, self.batches, self.pinned, self.notices = {}, {}, [], {}, set()

    def teardown(self):
        for client in getattr(self, "clients", ()):
            client.close()

    def entries(self, until_us=2**62):
        return [
            entry
            for case in sorted(CASES, key=str.encode)
            for entry in self.log[case]
            if entry.recorded_us <= until_us
        ]

    def draft(self, counts, name, person):
        """Return a batch of so many entries of each case, with a private value and a notice for each."""
        entries, summaries, private, notices = [], [], [], []
        for case, count in counts.items():
            for at in range(count):
                number, seq = next(self.ids), len(self.log[case]) + at + 1
                entries.append(
                    Entry(
                        case=case,
                        seq=seq,
                        id=f"i{number}",
                        name=name,
                        actor="a",
                        role="r",
                        fields={"n": number},
                    )
                )
                private.append(
                    PrivateValue(
                        ref=f"r{number}", case=case, seq=seq, field="f", value=f"v{number}", person=person
                    )
                )
                notices.append(Notice(id=f"n{number}", case=case, seq=seq, target="t", body="{}"))
            summaries.append(CaseSummary(number=case, state=name, text=f"text {name}"))
        return RecordBatch(
            entries=tuple(entries), summaries=tuple(summaries), private=tuple(private), notices=tuple(notices)
        )

    def keep(self, batch, written):
        assert [replace(entry, happened_us=None, recorded_us=0) for entry in written] == list(batch.entries)
        before = max((entry.recorded_us for entry in self.entries()), default=0)
        instants = [entry.recorded_us for entry in written]
        assert instants == sorted(set(instants))
        assert instants[0] > max(before, *self.pinned, 0)
        for entry in written:
            self.log[entry.case].append(entry)
        self.state |= {summary.number: summary.state for summary in batch.summaries}
        self.values |= {value.ref: value for value in batch.private}
        self.notices |= {notice.id for notice in batch.notices}
        self.batches.append((batch, written))

    @rule(
        client=st.integers(0, 1), name=st.sampled_from(["report", "file"]), person=st.sampled_from(["p", "q", None]),
        counts=st.dictionaries(st.sampled_from(CASES), st.integers(1, 2), min_size=1), each=st.booleans(),
    )  # fmt: skip
    def append(self, client, name, person, counts, each):
        batch = self.draft(counts, name, person)
        records = self.clients[client]
        self.keep(batch, records.append_each(batch) if each else records.append(batch))

    @rule(client=st.integers(0, 1), case=st.sampled_from(CASES), back=st.integers(1, 3), each=st.booleans())
    def append_late(self, client, case, back, each):
        """Expect fewer entries than there are: who was faster is named, and nothing is written."""
        seq = len(self.log[case]) + 1 - back
        if seq < 1:
            return
        entry = Entry(case=case, seq=seq, id=f"i{next(self.ids)}", name="late", actor="a", role="r")
        batch = RecordBatch(entries=(entry,), summaries=(CaseSummary(number=case, state="late"),))
        if each:
            (refused,) = self.clients[client].append_each(batch)
        else:
            with pytest.raises(Conflict) as error:
                self.clients[client].append(batch)
            refused = error.value
        assert refused.context["since"] == self.log[case][seq - 1 :]

    @precondition(lambda self: self.batches)
    @rule(client=st.integers(0, 1), at=st.integers(0, 50))
    def send_again(self, client, at):
        batch, written = self.batches[at % len(self.batches)]
        assert self.clients[client].append(batch) == written

    @precondition(lambda self: self.batches)
    @rule(client=st.integers(0, 1), at=st.integers(0, 50))
    def reuse_an_id(self, client, at):
        batch, _ = self.batches[at % len(self.batches)]
        other = replace(batch, entries=(replace(batch.entries[0], name="other"), *batch.entries[1:]))
        with pytest.raises(InvalidInput) as refused:
            self.clients[client].append(other)
        assert refused.value.kind == "action-id-reused"

    @rule(client=st.integers(0, 1))
    def pin(self, client):
        instant_us = self.clients[client].pin()
        self.pinned[instant_us] = self.entries()

    @precondition(lambda self: self.pinned)
    @rule(client=st.integers(0, 1), at=st.integers(0, 50), rows=st.integers(1, 9))
    def read_as_known(self, client, at, rows):
        instant_us = sorted(self.pinned)[at % len(self.pinned)]
        records = self.clients[client]
        read = [row["id"] for part in records.logs(instant_us, rows=rows) for row in part.to_pylist()]
        assert read == [entry.id for entry in self.pinned[instant_us]]
        for case in CASES:
            assert records.log(case, instant_us) == [e for e in self.pinned[instant_us] if e.case == case]

    @rule(client=st.integers(0, 1), person=st.sampled_from(["p", "q"]))
    def erase_a_person(self, client, person):
        gone = {ref for ref, value in self.values.items() if value.person == person}
        assert self.clients[client].erase(READER, person=person).values == len(gone)
        self.values = {ref: value for ref, value in self.values.items() if ref not in gone}

    @precondition(lambda self: self.notices)
    @rule(client=st.integers(0, 1), count=st.integers(1, 3))
    def deliver(self, client, count):
        outbox = self.clients[client].outbox
        for notice in outbox.take(count):
            outbox.done(notice)
            self.notices.remove(notice.id)

    @invariant()
    def everybody_sees_the_same(self):
        for records in getattr(self, "clients", ()):
            for case in CASES:
                assert records.log(case) == self.log[case]
                values = records.private(READER, case=case)
                assert {value.ref for value in values} == {
                    ref for ref, value in self.values.items() if value.case == case
                }
            page = records.find(Find()).summaries
            assert {summary.number: (summary.state, summary.seq) for summary in page} == {
                case: (state, len(self.log[case])) for case, state in self.state.items()
            }
            for name in ("report", "file"):
                matches = records.find(Find(text=name)).summaries
                assert {summary.number for summary in matches} == {
                    c for c, state in self.state.items() if state == name
                }
            assert {notice.id for notice in records.outbox.waiting()} == self.notices


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_log_does_what_a_dictionary_does(request, kind):
    quick = settings(max_examples=settings().max_examples // 5, stateful_step_count=20)
    with tempfile.TemporaryDirectory() as folder:
        LogMachine.place = folder if kind == "sqlite" else request.getfixturevalue("postgres").url
        run_state_machine_as_test(LogMachine, settings=quick)
