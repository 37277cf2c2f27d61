"""A job tells of its steps, and one that was cancelled stops at the next, from whatever thread and under any name."""

import threading

import pytest

from stcloud.iaas.job import Cancelled, Job


def test_a_part_of_a_job_is_named_and_stops_with_it():
    steps = []
    job = Job(progress=lambda *step: steps.append(step))
    part = job.named("requests")
    part.tell("read", 1, 2)
    job.tell("write", 1)
    assert steps == [("requests: read", 1, 2), ("write", 1, 0)]
    thread = threading.Thread(target=part.cancel)
    thread.start()
    thread.join()
    for cancelled in (job, part):
        with pytest.raises(Cancelled) as refused:
            cancelled.tell("read", 2, 2)
        assert refused.value.kind == "cancelled"
    assert len(steps) == 2


def test_jobs_do_not_stop_one_another():
    steps = []
    Job().cancel()
    Job(progress=lambda *step: steps.append(step)).tell("read", 1)
    assert steps == [("read", 1, 0)]
