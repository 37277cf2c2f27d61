"""Layer definitions (ring: daas): how to read a source and what its rows mean, as data.

Nouns: `Definition` and its kinds, the clauses that they are made of, TOML documents. Start at `definition.py`.
"""

from stcloud.daas.definition.clause import (
    ColumnClause,
    DutyClause,
    GridClause,
    OriginClause,
    ReadClause,
    ShapeClause,
    SpaceClause,
    TimeClause,
    ValidClause,
)
from stcloud.daas.definition.definition import Definition, stored_name
from stcloud.daas.definition.event import EventDefinition
from stcloud.daas.definition.feature import FeatureDefinition
from stcloud.daas.definition.series import SeriesClause, ValueClause

__all__ = [
    "ColumnClause",
    "Definition",
    "DutyClause",
    "EventDefinition",
    "FeatureDefinition",
    "GridClause",
    "OriginClause",
    "ReadClause",
    "SeriesClause",
    "ShapeClause",
    "SpaceClause",
    "TimeClause",
    "ValidClause",
    "ValueClause",
    "stored_name",
]
