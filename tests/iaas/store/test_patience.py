"""Waiting is bounded: in tries and in time."""

import time

from stcloud.iaas.store.patience import PATIENCE, Patience


def test_tries_are_bounded_and_pauses_grow(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert list(PATIENCE.rounds()) == list(range(8))
    longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 4.0]
    assert all(most / 2 <= pause <= most for pause, most in zip(slept, longest, strict=True))


def test_no_try_begins_after_its_time(monkeypatch):
    moments = iter([0.0, 10.0, 25.0, 29.95, 40.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    assert list(Patience(total_s=30.0).rounds()) == [0, 1, 2]


def test_the_client_waits_as_long():
    assert PATIENCE.retrying(tries=8)["max_retries"] == 7
    assert PATIENCE.retrying(tries=1)["max_retries"] == 0
    assert PATIENCE.retrying(tries=8)["retry_timeout"].total_seconds() <= 60
    assert PATIENCE.connecting(allow_http=False)["connect_timeout"].total_seconds() <= 10
    assert PATIENCE.connecting(allow_http=False)["allow_http"] is False
