"""A conditional put is ours when our bytes are there, another's when others are, and else not known."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stcloud.errors import StorageError
from stcloud.iaas.store.bucketerror import TRUNCATED, Failure, storage_failure
from stcloud.iaas.store.conditionalput import ConditionalPut
from stcloud.iaas.store.patience import Patience
from stcloud.iaas.store.traffic import TrafficCounter

LOST = Failure("unreachable", "the connection was lost", passing=True)
UNSENT = Failure("unreachable", "the endpoint does not answer", passing=True, sent=False)
EXISTS = Failure("exists")
REFUSED = Failure("no-permission", "the bucket refuses", sent=False)


class Bucket:
    """A bucket of one key that does as each step says; when steps end the last is repeated.

    A step is what happens to one put: ``done``, ``unsent``, ``lost`` (not done), ``done-lost`` (done, and the answer
    lost), ``conflict`` (refused although nothing is there) or ``no`` (not permitted). Another writer may come first.
    """

    url = "s3://bucket/city"
    patience = Patience(tries=4, first_pause_s=0)

    def __init__(self, steps, *, others=None, readable=True):
        self.steps = itertools.chain(steps, itertools.repeat(steps[-1]))
        self.kept = others
        self.readable = readable
        self.landed = False

    def attempt(self, request, *, once):
        assert once
        return request(self, None)

    def put(self, bucket, key, data, *, mode, use_multipart):
        assert (mode, use_multipart) == ("create", False)
        return None, self.failure(next(self.steps), data)

    def failure(self, step, data):
        if step in ("unsent", "no"):
            return UNSENT if step == "unsent" else REFUSED
        if step == "lost":
            return LOST
        if step == "conflict" or self.kept is not None:
            return LOST if step == "done-lost" else EXISTS
        self.kept, self.landed = data, True
        return LOST if step == "done-lost" else None

    def refused(self, failure, doing):
        return storage_failure(failure, doing, self.url)

    def read(self, key):
        if not self.readable:
            raise StorageError("unavailable", "could not read")
        return self.kept


def outcome(bucket, data=b"ours"):
    put = ConditionalPut(bucket, TrafficCounter(), "k", data, bucket.read)
    try:
        return put.made()
    except StorageError as error:
        return error.kind


@pytest.mark.parametrize(
    ("steps", "others", "readable", "expected"),
    [
        (["done"], None, True, True),
        (["done"], b"theirs", True, False),
        (["done-lost", "done"], None, True, True),
        (["done-lost"], None, True, True),
        (["done-lost"], None, False, "outcome-unknown"),
        (["done-lost", "done"], None, False, "outcome-unknown"),
        (["lost"], None, True, "outcome-unknown"),
        (["lost"], b"theirs", True, False),
        (["lost", "lost", "done"], None, True, True),
        (["unsent"], None, True, "unreachable"),
        (["unsent"], None, False, "unreachable"),
        (["unsent", "done"], None, True, True),
        (["lost", "unsent"], None, True, "outcome-unknown"),
        (["conflict", "done"], None, True, True),
        (["conflict"], None, True, "outcome-unknown"),
        (["no"], None, True, "no-permission"),
        (["lost", "no"], None, True, "outcome-unknown"),
        (["done"], b"theirs", False, "outcome-unknown"),
    ],
)
def test_the_outcome_of_a_put(steps, others, readable, expected):
    assert outcome(Bucket(steps, others=others, readable=readable)) == expected


STEPS = st.lists(
    st.sampled_from(["done", "unsent", "lost", "done-lost", "conflict", "no"]), min_size=1, max_size=5
)


@given(STEPS, st.sampled_from([None, b"theirs"]), st.booleans())
def test_what_is_acknowledged_is_there_and_what_is_denied_is_not(steps, others, readable):
    bucket = Bucket(steps, others=others, readable=readable)
    result = outcome(bucket)
    if result is True:
        assert bucket.kept == b"ours"
    elif result is False:
        assert bucket.kept == b"theirs"
    elif result != "outcome-unknown":
        assert not bucket.landed, "an error that is taken for a failure, and the bytes are there"


def test_the_error_says_that_it_is_not_known():
    put = ConditionalPut(Bucket(["lost"]), TrafficCounter(), "log/1.json", b"1", Bucket(["lost"]).read)
    with pytest.raises(
        StorageError, match=r"not known whether log/1.json was written in s3://bucket/city"
    ) as error:
        put.made()
    assert error.value.kind == "outcome-unknown"
    assert "look whether it is there" in error.value.hint
    assert TRUNCATED.kind not in str(error.value)
