"""Actions are values: none is changed, and they differ where any part does."""

from dataclasses import FrozenInstanceError, replace

import pytest

from stcloud.paas.case import PRIVATE, Action
from stcloud.testing.caselogs import handled_case


def test_an_action_is_a_value():
    action = Action("2024-1", 1, "a1", "report", 5, 0, "li", "collector")
    assert action == replace(action)
    assert action != replace(action, id="a2")
    with pytest.raises(FrozenInstanceError):
        action.seq = 2
    with pytest.raises(TypeError):
        action.fields["reason"] = "not_ours"


def test_a_private_text_is_a_reference():
    log = handled_case("report", "file")
    assert log.refuse("force_close", reason="The owner, Ms Wu, phoned").kind == "bad-value"
    assert log.do("force_close", reason=f"{PRIVATE}17").state == "forced_close"
    assert "17" not in str(log.state.values)
