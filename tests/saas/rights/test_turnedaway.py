"""Requests that are turned away are counted, and none is lost or counted twice."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stcloud.saas.rights.principal import ANONYMOUS, Principal
from stcloud.saas.rights.turnedaway import OTHERS, TurnedAway

MINUTE_US = 60_000_000
PRINCIPALS = (
    ANONYMOUS,
    Principal("zhao"),
    Principal("zhao", frozenset({"desk"})),
    Principal("zhao", kind="oidc"),
)
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(PRINCIPALS), st.sampled_from(["192.0.2.1", "192.0.2.2"]), st.sampled_from(["xiamen", ""]),
        st.integers(0, 5 * MINUTE_US), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@given(REQUESTS, st.integers(1, 6))
def test_the_counts_add_up_to_the_requests_that_were_turned_away(requests, most):
    counted, entries = TurnedAway(most), []
    for principal, address, city, at_us, ends in requests:
        counted.add(principal, address, city=city, status=429, error="too-many-requests", at_us=at_us)
        if ends:
            entries += counted.ended(at_us)
    entries += counted.ended()
    assert counted.ended() == ()
    assert sum(entry.count for entry in entries) == len(requests)
    assert all(entry.since_us <= entry.at_us < entry.since_us + MINUTE_US for entry in entries)
    expected = Counter((at_us // MINUTE_US, city) for _, _, city, at_us, _ in requests)
    by_minute = Counter()
    for entry in entries:
        by_minute[entry.at_us // MINUTE_US, entry.city] += entry.count
    assert by_minute == expected


def test_each_minute_and_principal_has_one_entry():
    counted = TurnedAway()
    for at_us in (1, MINUTE_US - 1, MINUTE_US):
        for principal in PRINCIPALS:
            counted.add(principal, "192.0.2.1", city="", status=429, error="too-many-requests", at_us=at_us)
    ended = counted.ended(MINUTE_US)
    assert [(entry.principal.kind, entry.address, entry.count) for entry in ended] == [
        ("anonymous", "192.0.2.1", 2), ("token", None, 4), ("oidc", None, 2),
    ]  # fmt: skip
    assert len(counted.ended(2 * MINUTE_US)) == 3


def test_a_flood_of_addresses_is_few_entries():
    counted = TurnedAway(most=3)
    for number in range(50):
        counted.add(ANONYMOUS, f"192.0.2.{number}", city="", status=401, error="not-signed-in", at_us=number)
    *own, others = counted.ended()
    assert len(own) == 3
    assert (others.address, others.count, others.since_us, others.at_us) == (OTHERS, 47, 3, 49)
