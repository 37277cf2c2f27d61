"""What people write for fields becomes what the workflow has them as, or is refused."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.paas.case import read_workflow
from stcloud.paas.case.stated import stated_fields
from stcloud.time import Zone

WORKFLOWS = [read_workflow("imported-requests"), read_workflow("urban-management")]
ZONE = Zone("Asia/Shanghai")


def read(**stated):
    return stated_fields(WORKFLOWS, stated, ZONE)


def test_texts_become_the_types_of_the_workflow():
    assert read(satisfaction="4", limit_value="2.5", urgent="Yes", until="2024-03-01T08:00", reason="rain") == {
        "satisfaction": 4, "limit_value": 2.5, "urgent": True, "until": 1_709_251_200_000_000, "reason": "rain",
    }  # fmt: skip


def test_what_has_its_type_stays():
    given = {"satisfaction": 4, "urgent": False, "until": 5, "source": None, "unknown": "x"}
    assert read(**given) == given
    assert read(parts=["P-1", "P-2"], departments=("roads", "lamps")) == {
        "parts": "P-1;P-2", "departments": "roads;lamps",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({"satisfaction": "many"}, "bad-value"), ({"limit_value": "4 h"}, "bad-value"),
        ({"urgent": "perhaps"}, "bad-value"), ({"until": "soon"}, "unreadable-time"),
        ({"until": 1.5}, "unreadable-time"),
    ],
)  # fmt: skip
def test_what_is_not_of_its_type_is_refused(stated, kind):
    with pytest.raises(InvalidInput) as refused:
        read(**stated)
    assert refused.value.kind == kind
