"""Patterns of file names."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.iaas.raster.naming import NamePattern


@pytest.mark.parametrize(
    ("pattern", "name", "read"),
    [
        ("%Y", "1985", ("1985", "%Y", {})),
        ("{tile}_%Y%m%d", "T50_20240229", ("2024 02 29", "%Y %m %d", {"tile": "T50"})),
        (
            "*_{product}_{tile}_%Y%j",
            "x_y_L2_T50_2024060",
            ("2024 060", "%Y %j", {"product": "L2", "tile": "T50"}),
        ),
        ("a.b[c]_%y", "a.b[c]_24", ("24", "%y", {})),
    ],
)
def test_a_name_is_read(pattern, name, read):
    assert NamePattern(pattern).read(name) == read


@pytest.mark.parametrize(("pattern", "name"), [("%Y", "85"), ("x_%Y%m%d", "y_20240101"), ("%Y", "2024a")])
def test_another_name_is_refused(pattern, name):
    with pytest.raises(InvalidInput, match=name) as refused:
        NamePattern(pattern).read(name)
    assert refused.value.kind == "no-date"


@pytest.mark.parametrize("pattern", ["{tile}", "%m%d", "%Y_{what}", "%Y_{tile}_{tile}", "%Y%B"])
def test_a_pattern_that_gives_no_date_is_refused(pattern):
    with pytest.raises(ValueError, match="file"):
        NamePattern(pattern)
