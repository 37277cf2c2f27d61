"""The latest values that were computed are kept, and no others."""

import pytest

from stcloud.saas.web.kept import Kept


def test_the_latest_values_are_kept():
    kept, computed = Kept(most=2), []

    def get(key):
        return kept.get(key, lambda: computed.append(key) or key)

    assert [get(key) for key in ("a", "b", "a", "c", "a", "b")] == ["a", "b", "a", "c", "a", "b"]
    assert computed == ["a", "b", "c", "b"]


def test_a_fault_is_not_kept():
    kept = Kept()
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 7) == 7
