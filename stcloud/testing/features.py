"""A definition of small layers of features, for tests of loading.

Tested by `tests/daas/load/test_feature_load.py`.
"""

from __future__ import annotations

from stcloud.daas.definition import FeatureDefinition

__all__ = ["define"]

_DEFINITION = """
id = "things"
kind = "feature"
key = ["k"]
[space]
column = "wkt"
crs = "{crs}"
{more}
"""


def define(crs: str = "EPSG:32618", more: str = "") -> FeatureDefinition:
    """Return a definition of features with key ``k`` and geometry ``wkt``; ``more`` lines of TOML come after it.

    >>> define("EPSG:4548").space.crs
    'EPSG:4548'
    """
    return FeatureDefinition.from_toml(_DEFINITION.format(crs=crs, more=more), name="things.toml")
