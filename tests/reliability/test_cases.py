"""Many desks and one log: races have one winner, linked cases never part, and a killed desk leaves the log whole."""

import itertools
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stcloud.errors import Conflict, InvalidInput, StcloudError
from stcloud.testing.desks import new_desk, open_desk
from stcloud.testing.examples import examples
from stcloud.time import Zone

ENDED = ("closed", "forced_close")
numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    return str(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").url


@pytest.fixture
def desk(place):
    made = new_desk(place, f"desk{next(numbers)}")
    made.place, made.name = place, f"desk{next(numbers) - 1}"
    yield made
    made.records.close()


def outcomes(desk, *submissions):
    """Submit actions at the same moment, each in a thread; return what each gave or raised."""
    start = threading.Barrier(len(submissions))

    def run(submission):
        start.wait()
        try:
            return desk.log.submit(submission)
        except StcloudError as error:
            return error

    with ThreadPoolExecutor(len(submissions)) as pool:
        return [*pool.map(run, submissions)]


def test_of_two_desks_one_wins_and_the_other_gets_the_new_state(desk):
    for number in range(examples(24)):
        case = f"C-{number}"
        desk.do(case, "report", "file")
        dispatched, returned = (
            desk.submission(case, name, expected=2) for name in ("dispatch", "return_to_operator")
        )
        results = outcomes(desk, dispatched, returned)
        lost = [result for result in results if isinstance(result, StcloudError)]
        won = [result for result in results if not isinstance(result, StcloudError)]
        assert len(won) == len(lost) == 1
        assert isinstance(lost[0], Conflict)
        assert lost[0].kind == "case-changed"
        assert lost[0].context["state"] == won[0].state == desk.log.state(case)
        assert won[0].state.state in ("dispatched", "reported")


def test_no_duplicate_stays_linked_to_a_master_that_has_ended(desk):
    both = 0
    for number in range(examples(100)):
        master, duplicate = f"M-{number}", f"D-{number}"
        desk.do(master, "report", "file")
        desk.do(duplicate, "report")
        link = desk.submission(duplicate, "link", master=master)
        close = desk.submission(master, "force_close")
        together = [(link, close)] if number else [(link,), (close,)]  # the first pair one after the other
        linked, closed = (outcome for group in together for outcome in outcomes(desk, *group))
        assert closed.state.state == "forced_close"
        if isinstance(linked, StcloudError):
            assert linked.kind == "no-master"
            assert desk.log.state(duplicate).state == "reported"
            continue
        both += 1
        assert desk.log.state(duplicate).state == "closed"
        ended_us = desk.log.actions(master)[-1].recorded_us
        assert desk.log.actions(duplicate)[-1].name == "close_with_master"
        assert desk.log.actions(duplicate)[1].recorded_us < ended_us
    assert both


def test_of_two_splits_into_the_same_parts_one_is_refused(desk):
    for number in range(examples(24)):
        wholes = [f"W-{number}", f"V-{number}"]
        for whole in wholes:
            desk.do(whole, "report", "file")
        splits = [desk.submission(whole, "split", parts=f"P-{number};Q-{number}") for whole in wholes]
        results = outcomes(desk, *splits)
        refused = [result for result in results if isinstance(result, StcloudError)]
        assert [result.kind for result in refused] == ["parts-taken"]
        states = desk.log.states_of([*wholes, f"P-{number}", f"Q-{number}"])
        assert sorted(state.state for state in states.values()) == [
            "dispatched",
            "dispatched",
            "filed",
            "split",
        ]
        whole = next(state.case for state in states.values() if state.state == "split")
        assert {states[f"{letter}-{number}"].whole for letter in "PQ"} == {whole}


def test_a_whole_is_closed_only_while_all_its_parts_have_ended(desk):
    for number in range(examples(24)):
        whole, part = f"W-{number}", f"P-{number}"
        desk.do(whole, "report", "file")
        desk.do(whole, "split", parts=f"{part};Q-{number}")
        for each in (part, f"Q-{number}"):
            desk.do(each, "force_close")
        close, reopen = desk.submission(whole, "close"), desk.submission(part, "reopen")
        closed, reopened = outcomes(desk, close, reopen)
        assert reopened.state.state == "filed"
        if isinstance(closed, InvalidInput):
            assert closed.kind == "parts-open"
        else:
            at_us = closed.actions[0].recorded_us
            assert desk.log.state(part, known_us=at_us).state in ENDED


def test_what_twenty_desks_write_does_not_change_what_was_seen_at_a_pin(desk):
    for number in range(4):
        desk.do(f"C-{number}", "report", "file")
    seen, stop, errors = {}, threading.Event(), []

    def evaluate():
        watcher = open_desk(desk.place, desk.name)
        while not stop.is_set():
            known_us = watcher.records.pin()
            seen[known_us] = counts_at(watcher, known_us)
        watcher.records.close()

    def counts_at(watcher, known_us):
        states = [*watcher.log.states(known_us)]
        return states, sum(state.seq for state in states)

    def write(place):
        mine = open_desk(desk.place, desk.name)
        try:
            for step in range(6):
                if step % 2:
                    mine.log.open(
                        lambda number, step=step: mine.submission(number, "report", id=f"{place}/{step}"),
                        None, Zone("Asia/Shanghai"),
                    )  # fmt: skip
                else:
                    mine.do(f"C-{(place + step) % 4}", "amend", urgent=bool(step))
        except StcloudError as error:
            errors.append(error)
        finally:
            mine.records.close()

    watcher = threading.Thread(target=evaluate)
    watcher.start()
    with ThreadPoolExecutor(20) as pool:
        [*pool.map(write, range(20))]
    stop.set()
    watcher.join()
    assert [error.kind for error in errors if error.kind not in ("case-changed", "locked")] == []
    assert len(seen) > 1
    for known_us, before in seen.items():
        assert counts_at(desk, known_us) == before
    end_us = desk.records.pin()
    rows = [row for batch in desk.records.recorded(0, end_us) for row in batch.to_pylist()]
    assert [row["recorded_us"] for row in rows] == sorted({row["recorded_us"] for row in rows})
    opened = [row["case"] for row in rows if row["case"].startswith("20") and row["seq"] == 1]
    assert len(opened) == len(set(opened))
    assert len(rows) == 8 + 20 * 6 - len(errors_left(errors, rows))


def errors_left(errors, rows):
    """Return the actions that are not there; a desk that was refused once did not go on."""
    return range(8 + 20 * 6 - len(rows)) if errors else ()


KILLED = """
import json
from stcloud.testing.desks import open_desk
place, name, progress = args
desk = open_desk(place, name)
with open(progress, "a", encoding="utf-8") as sink:
    for number in range(100_000):
        case = f"W-{number}"
        for action, stated in (("report", {}), ("file", {}), ("split", {"parts": f"{case}a;{case}b"})):
            print(json.dumps([case, action, stated]), file=sink, flush=True)
            desk.do(case, action, id=f"{case}/{action}", happened_us=1_700_000_000_000_000, **stated)
"""


def test_a_killed_desk_leaves_the_log_whole_and_its_retry_completes_it(desk, forks, tmp_path):
    chance = random.Random(7)
    for attempt in range(examples(24)):
        name, progress = f"k{next(numbers)}", tmp_path / f"progress{attempt}"
        new_desk(desk.place, name).records.close()
        process = forks(KILLED, desk.place, name, str(progress))
        wanted = chance.randint(1, 60)
        while not progress.exists() or progress.read_bytes().count(b"\n") < wanted:
            assert process.is_alive()
            time.sleep(0.001)
        time.sleep(chance.random() * 0.01)
        process.kill()
        process.join()
        again = open_desk(desk.place, name)
        begun = [json.loads(line) for line in progress.read_text().splitlines()]
        refuse_broken(again, begun)
        before = again.records.pin()
        states = [*again.log.states(before)]
        case, action, stated = begun[-1]
        retried = again.do(case, action, id=f"{case}/{action}", happened_us=1_700_000_000_000_000, **stated)
        assert retried.repeated == any(state.case == case and action in state.names for state in states)
        known, repeated = (
            begun[0],
            again.do(*begun[0][:2], id=f"{begun[0][0]}/{begun[0][1]}", **known_instant()),
        )
        assert repeated.repeated, known
        refuse_broken(again, begun, last=True)
        again.records.close()


def known_instant():
    return {"happened_us": 1_700_000_000_000_000}


def refuse_broken(desk, begun, *, last=False):
    """Check that every action but perhaps the last is there, with all that belongs to it."""
    states = {state.case: state for state in desk.log.states(desk.records.pin())}
    done = [(case, action) for case, action, _ in begun]
    for case, action in done if last else done[:-1]:
        assert action in states[case].names
    notices = {notice.id for notice in desk.records.outbox.waiting()}
    for case, state in states.items():
        summary = desk.records.summary(case)
        assert (summary.state, summary.seq) == (state.state, state.seq)
        assert {f"{case}/{seq}" for seq in range(1, state.seq + 1)} <= notices
        if "split" in state.names:
            assert [states[part].names for part in state.parts] == [("open_part", "dispatch")] * 2
    assert len(notices) == sum(state.seq for state in states.values())
