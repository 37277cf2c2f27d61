"""Keywords of `City.load` and `City.describe`, for type checkers.

Which return type a load has depends on how many sources it names.

Tested by `tests/city/test_load_keywords.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from stcloud.daas.definition import Definition
    from stcloud.daas.load.event_load import Mode
    from stcloud.daas.load.feature_load import FeatureMode
    from stcloud.daas.reckoning import Reckoning
    from stcloud.errors import StcloudError
    from stcloud.iaas.engine.model import Engine
    from stcloud.iaas.job import Job
    from stcloud.space import GivenCRS
    from stcloud.time import Instant

__all__ = [
    "LOCK_WAIT_S", "DescriptionKeywords", "GivenDefinition", "GivenEngine", "LoadKeywords", "Names", "Source",
]  # fmt: skip

LOCK_WAIT_S = 600.0
"""Seconds that a change waits for another change of the same layer."""

Source: TypeAlias = "str | os.PathLike[str] | Any"
"""What is loaded: a file, or rows in memory; see `stcloud.iaas.source.memory`."""

GivenDefinition: TypeAlias = "str | os.PathLike[str] | Definition | None"
"""A bundled definition's name, a TOML file, or a definition."""

GivenEngine: TypeAlias = "str | Engine | None"
"""The URL of a Spark Connect endpoint, or an engine."""

Names: TypeAlias = "str | Iterable[str] | None"
"""Names; a bare text is one."""


class DescriptionKeywords(TypedDict, total=False):
    """Keywords of `City.describe`, which documents them; None clears a field."""

    title: str | None
    description: str | None
    themes: str | Iterable[str] | None
    keywords: str | Iterable[str] | None
    owner: str | None
    contact: str | None
    licence: str | None
    update_cycle: str | None
    lineage: str | None


class LoadKeywords(TypedDict, total=False):
    """Keywords of `City.load`, which documents them."""

    definition: GivenDefinition
    mode: Mode | FeatureMode | None
    valid_from: Instant | None
    valid_to: Instant | None
    complete_to: Instant | None
    max_rejected: str | int
    again: bool
    allow_missing: str | Iterable[str]
    empty: bool
    keep_going: bool
    dry_run: bool
    on_loaded: Callable[[Reckoning], None] | None
    on_failed: Callable[[StcloudError], None] | None
    job: Job | None
    wait_s: float
    key: Names
    time: str | None
    time_formats: Names
    lon: str | None
    lat: str | None
    x: str | None
    y: str | None
    crs: GivenCRS | None
    datum: str | None
    zone: str | None
    encoding: str | None
    source_layer: str | None
    source_format: str | None
    mover: str | None
    engine: GivenEngine
