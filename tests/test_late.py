"""Plug-ins: what an installed package offers, and what none does."""

import pytest

from stcloud.errors import MissingExtra
from stcloud.late import plugin


def test_what_no_package_offers_is_refused():
    with pytest.raises(MissingExtra, match="offers 'paint'") as refused:
        plugin("stcloud.notebook", "paint")
    assert refused.value.kind == "plug-in-needed"
