"""What the methods of a city need of the rooms below, imported when a method first needs it.

So opening a city imports what opening needs. Tested by ``tests/architecture/test_late_imports.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.city.blueprint import open_blueprint
    from stcloud.city.calendar import CityCalendar
    from stcloud.city.carrying import carry_totals
    from stcloud.city.caselogs import case_log_names
    from stcloud.city.cases import open_cases
    from stcloud.city.catalogueentries import catalogue_entries
    from stcloud.city.changes import LayerChanges, Watchers
    from stcloud.city.classes import CityClasses
    from stcloud.city.conflicts import open_conflicts
    from stcloud.city.copying import CityCopy
    from stcloud.city.episodes import open_episodes
    from stcloud.city.evaluatedcases import evaluate_layer
    from stcloud.city.exchange import CityExchange
    from stcloud.city.indicators import CityIndicators
    from stcloud.city.overview import city_html, city_lines
    from stcloud.city.purging import LayerPurge
    from stcloud.city.reach import reach_of
    from stcloud.city.situations import SituationQuestion
    from stcloud.city.standing import CityStanding
    from stcloud.city.wholecheck import CityCheck
    from stcloud.daas.catalogue import Catalogue
    from stcloud.daas.check import LayersCheck
    from stcloud.daas.exchange.readonly import refuse_received
    from stcloud.daas.load.draft import Options
    from stcloud.daas.load.limit import Limit
    from stcloud.daas.load.sequence import LoadTerms
    from stcloud.daas.quality import quality_of
    from stcloud.daas.table.scene import arrays_of
    from stcloud.daas.vacuum import vacuum_city
    from stcloud.iaas.engine.engines import start
    from stcloud.iaas.job import Job
    from stcloud.iaas.source.paths import is_of_several, is_pattern
    from stcloud.paas.grid import Indexer
    from stcloud.paas.grid.divided import GroundSources, divide_ground
    from stcloud.paas.grid.geometries import GeometryReader
    from stcloud.paas.grid.points import locate_points
    from stcloud.paas.movement import TrackQuery
    from stcloud.paas.query import Features, Query, Subject, UnitIndex
    from stcloud.paas.query.resolve.cache import IndexCache
    from stcloud.paas.scene.atevents import SceneSource
    from stcloud.paas.scene.cellsource import CellSource
    from stcloud.paas.scene.scenes import Scenes
    from stcloud.paas.series import SeriesQuery
    from stcloud.space import crs_text, require_metric
    from stcloud.time import instant_us

__all__ = [
    "Catalogue", "CellSource", "CityCalendar", "CityCheck", "CityClasses", "CityCopy", "CityExchange",
    "CityIndicators", "CityStanding", "Features", "GeometryReader", "GroundSources", "IndexCache", "Indexer",
    "Job", "LayerChanges", "LayerPurge", "LayersCheck", "Limit", "LoadTerms", "Options", "Query", "SceneSource",
    "Scenes", "SeriesQuery", "SituationQuestion", "Subject", "TrackQuery", "UnitIndex", "Watchers", "arrays_of",
    "carry_totals", "case_log_names", "catalogue_entries", "city_html", "city_lines", "crs_text",
    "divide_ground", "evaluate_layer", "instant_us", "is_of_several", "is_pattern", "locate_points",
    "open_blueprint", "open_cases", "open_conflicts", "open_episodes", "quality_of", "reach_of",
    "refuse_received", "require_metric", "start", "vacuum_city",
]  # fmt: skip

_HOMES = {
    "Catalogue": "stcloud.daas.catalogue",
    "CellSource": "stcloud.paas.scene.cellsource",
    "CityCalendar": "stcloud.city.calendar",
    "CityCheck": "stcloud.city.wholecheck",
    "CityClasses": "stcloud.city.classes",
    "CityCopy": "stcloud.city.copying",
    "CityExchange": "stcloud.city.exchange",
    "CityIndicators": "stcloud.city.indicators",
    "CityStanding": "stcloud.city.standing",
    "Features": "stcloud.paas.query",
    "GeometryReader": "stcloud.paas.grid.geometries",
    "GroundSources": "stcloud.paas.grid.divided",
    "IndexCache": "stcloud.paas.query.resolve.cache",
    "Indexer": "stcloud.paas.grid",
    "Job": "stcloud.iaas.job",
    "LayerChanges": "stcloud.city.changes",
    "LayerPurge": "stcloud.city.purging",
    "LayersCheck": "stcloud.daas.check",
    "Limit": "stcloud.daas.load.limit",
    "LoadTerms": "stcloud.daas.load.sequence",
    "Options": "stcloud.daas.load.draft",
    "Query": "stcloud.paas.query",
    "SceneSource": "stcloud.paas.scene.atevents",
    "Scenes": "stcloud.paas.scene.scenes",
    "SeriesQuery": "stcloud.paas.series",
    "SituationQuestion": "stcloud.city.situations",
    "Subject": "stcloud.paas.query",
    "TrackQuery": "stcloud.paas.movement",
    "UnitIndex": "stcloud.paas.query",
    "Watchers": "stcloud.city.changes",
    "arrays_of": "stcloud.daas.table.scene",
    "carry_totals": "stcloud.city.carrying",
    "case_log_names": "stcloud.city.caselogs",
    "catalogue_entries": "stcloud.city.catalogueentries",
    "city_html": "stcloud.city.overview",
    "city_lines": "stcloud.city.overview",
    "crs_text": "stcloud.space",
    "divide_ground": "stcloud.paas.grid.divided",
    "evaluate_layer": "stcloud.city.evaluatedcases",
    "instant_us": "stcloud.time",
    "is_of_several": "stcloud.iaas.source.paths",
    "is_pattern": "stcloud.iaas.source.paths",
    "locate_points": "stcloud.paas.grid.points",
    "open_blueprint": "stcloud.city.blueprint",
    "open_cases": "stcloud.city.cases",
    "open_conflicts": "stcloud.city.conflicts",
    "open_episodes": "stcloud.city.episodes",
    "quality_of": "stcloud.daas.quality",
    "reach_of": "stcloud.city.reach",
    "refuse_received": "stcloud.daas.exchange.readonly",
    "require_metric": "stcloud.space",
    "start": "stcloud.iaas.engine.engines",
    "vacuum_city": "stcloud.daas.vacuum",
}

__getattr__ = late_names(__name__, _HOMES)  # opening a city needs few of them
