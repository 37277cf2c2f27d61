"""Where a city's logs of cases are: beside its layers, or in a database that a file of its folder names.

Tested by `tests/city/test_cases.py`.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stcloud.city.casemedia import GivenMedia, kept_media
from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import Definition
from stcloud.errors import Conflict, FormatError, InvalidInput, NotFound, nearest
from stcloud.iaas.bundle import bundled_text, case_clocks, workflows
from stcloud.iaas.clock import Clock
from stcloud.iaas.records import Records, StoredRule
from stcloud.iaas.store.folder import Folder, check_name
from stcloud.paas.case.action import Scalar
from stcloud.paas.case.caselog import CaseLog
from stcloud.paas.case.caserules import ALWAYS_US, KINDS, CaseTiming, clocks_body
from stcloud.paas.case.classes import ConditionTable
from stcloud.paas.case.submitted import CaseMedium
from stcloud.paas.case.workflow import Workflow
from stcloud.space import inside_area_of_use, project
from stcloud.time import CityDays

__all__ = ["CasePlaces", "case_log_names", "create_case_log", "degrees", "open_case_log"]

_FOLDER = "cases"
_LON_LAT = "EPSG:4326"
_NEAR_DEG = 6.0  # a UTM zone: cities keep a CRS of their neighbours, and none of the other side of the world


@dataclass(frozen=True, slots=True)
class CasePlaces:
    """Where cases are in a city, and the rules of their log as the city completes them."""

    parts: CityParts
    configuration: CityConfiguration

    def fields(self, at: tuple[float, float], when_us: int | None) -> dict[str, Scalar]:
        """Return longitude, latitude, and the code of the unit cell that contained the place at an instant.

        Raises
        ------
        InvalidInput
            ``not-a-place``: these are no degrees, or not of where the city's CRS is used.
        """
        lon, lat = degrees(at, self.configuration.crs)
        fields: dict[str, Scalar] = {"lon": lon, "lat": lat}
        grids = self.parts.grids.grids()
        if len(grids) == 1:
            x, y = project([lon], [lat], _LON_LAT, self.configuration.crs)
            at_us = None if when_us is None else np.array([when_us], dtype=np.int64)
            code = self.parts.grids.grid(grids[0]).locate(x, y, at_us).to_pylist()[0]
            fields |= {} if code is None else {"cell": code}
        return fields

    def widen(self, layer: str, definition: Definition) -> None:
        """Give the layer of published cases the columns that newer workflows have brought."""
        self.parts.catalogue.widen(layer, definition)

    def media(
        self, media: GivenMedia, taken_us: int | None, at: tuple[float, float] | None
    ) -> tuple[CaseMedium, ...]:
        """Keep media in the city; see `kept_media`."""
        return kept_media(self.parts.folder, media, taken_us, at)

    def check_class(self, fields: Mapping[str, Any]) -> None:
        """Refuse a class of components or matters that the city has not: `NotFound` ``unknown-class``."""
        kind, code = fields.get("kind"), fields.get("class")
        if kind in ("component", "matter") and code:
            self.parts.classes.table().look_up(kind, str(code))

    def class_name(self, kind: str | None, code: str) -> str | None:
        """Return the name of a class in the city's language; None: it has none, or several."""
        language = self.configuration.language or "en"
        return self.parts.classes.table().name_of(kind, code, language=language)

    def add_rule(self, log: CaseLog, kind: str, body: str, valid_us: int | None) -> StoredRule:
        """Check a rule and add it to a log."""
        checked = _checked(kind, body, self.configuration)
        if kind == "conditions":
            ConditionTable.from_csv(checked, self.parts.classes.table())
        if kind == "clocks":
            _refuse_unknown_stages(checked, log.rules.workflows.values())
        return log.records.rules.add(kind, checked, valid_from_us=ALWAYS_US if valid_us is None else valid_us)


def degrees(at: Iterable[Any], crs: str) -> tuple[float, float]:
    """Return longitude and latitude of a place where a CRS is used; `InvalidInput` ``not-a-place``."""
    try:
        lon, lat = (float(value) for value in at)
    except (TypeError, ValueError):
        lon = lat = math.nan
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise InvalidInput(
            "not-a-place", f"{at!r:.80} is no longitude and latitude", hint="give lon, lat in degrees"
        )
    if not inside_area_of_use(lon, lat, crs, margin_deg=_NEAR_DEG):
        exchanged = inside_area_of_use(lat, lon, crs, margin_deg=_NEAR_DEG)
        raise InvalidInput(
            "not-a-place", f"lon {lon:g}, lat {lat:g} is far outside of where the city's CRS is used",
            hint=f"give lon first: {lat:g},{lon:g}" if exchanged else "give a place in the city: lon, lat in degrees",
        )  # fmt: skip
    return lon, lat


def create_case_log(
    folder: Folder, configuration: CityConfiguration, name: str, clock: Clock, *, workflow: str, clocks: str | None,
    url: str | None,
) -> None:  # fmt: skip
    """Make an empty log with its first rules; one that a killed maker left without rules is completed.

    Parameters
    ----------
    folder, configuration, name, clock
        The city, the log's name, and the present instant.
    workflow
        Name of a bundled workflow, or a TOML document.
    clocks
        Name of bundled clocks, or a TOML document; None: those of the workflow's name, if there are any.
    url
        ``postgresql://…``; None: a file in the city's folder.

    Raises
    ------
    Conflict
        ``records-exist``.
    InvalidInput, InvalidDefinition
        What is wrong with the rules or the address.
    """
    check_name(name, "log")
    rules = {"workflow": _checked("workflow", workflow, configuration)}
    if clocks is None and workflow in case_clocks():
        clocks = workflow
    if clocks is not None:
        rules["clocks"] = _checked("clocks", clocks, configuration)
        _refuse_unknown_stages(rules["clocks"], [Workflow.from_toml(rules["workflow"], name="workflow")])
    if folder.exists(_FOLDER, f"{name}.toml"):
        raise _exists(configuration, name)
    with _made(url or folder, configuration, name, clock) as records:
        for kind, body in rules.items():
            records.rules.add(kind, body, valid_from_us=ALWAYS_US)
        address = records.address
    if url is not None:
        folder.put_text(f"address = {json.dumps(address)}\n", _FOLDER, f"{name}.toml")


def _made(place: Folder | str, configuration: CityConfiguration, name: str, clock: Clock) -> Records:
    """Return an empty log, which a maker that was killed may have left without its rules."""
    try:
        return Records.create(place, name, clock=clock)
    except Conflict as error:
        if error.kind != "records-exist":
            raise
    records = Records.open(place, name, clock=clock)
    if records.rules.known():
        records.close()
        raise _exists(configuration, name)
    return records


def _exists(configuration: CityConfiguration, name: str) -> Conflict:
    return Conflict("records-exist", f"city '{configuration.name}' has a log '{name}' already")


def _refuse_unknown_stages(clocks: str, workflows: Iterable[Workflow]) -> None:
    """Refuse clocks of stages that no workflow has: `InvalidInput` ``unknown-stage``."""
    timing = CaseTiming.of(clocks)
    known = {clause.stage for workflow in workflows for clause in workflow.definition.states.values()}
    for stage in (*timing.stages, *([timing.rules.start] if timing.rules.start else [])):
        if stage not in known:
            raise InvalidInput(
                "unknown-stage", f"the workflow has no stage '{stage}' for clocks",
                hint=f"it has {', '.join(sorted(known))}",
            )  # fmt: skip


def open_case_log(parts: CityParts, configuration: CityConfiguration, name: str, clock: Clock) -> CaseLog:
    """Open a log; `NotFound` ``no-records``, with the nearest names."""
    folder = parts.folder
    check_name(name, "log")
    known = case_log_names(folder)
    if name not in known:
        raise NotFound(
            "no-records", f"city '{configuration.name}' has no log '{name}'", nearest=nearest(name, known),
            hint="" if known else "make one: city.cases(name, create=workflow)",
            in_shell=f"did you mean '{nearest(name, known)[0]}'?" if nearest(name, known)
            else f"make one: stcloud case create CITY {name}",
        )  # fmt: skip
    place: Folder | str = folder
    if folder.exists(_FOLDER, f"{name}.toml"):
        place = _address(folder, name)
    return CaseLog(Records.open(place, name, clock=clock), clock, parts.calendar.published)


def _address(folder: Folder, name: str) -> str:
    """Return where a log is that is kept elsewhere; `FormatError` ``damaged-records``."""
    try:
        document = tomllib.loads(folder.read_text(_FOLDER, f"{name}.toml"))
    except (ValueError, RecursionError):
        document = {}
    address = document.get("address")
    if not isinstance(address, str) or not address.startswith("postgresql"):
        raise FormatError(
            "damaged-records", f"{_FOLDER}/{name}.toml does not say where log '{name}' is",
            hint='write address = "postgresql://user@host/database" in it',
        )  # fmt: skip
    return address


def case_log_names(folder: Folder) -> tuple[str, ...]:
    """Return the names of a city's logs, sorted."""
    children = folder.children(_FOLDER)
    files = [key.rpartition("/")[2] for key in children.keys]
    logs = [name for name in files if re.fullmatch(r"[^.].*\.(sqlite|toml)", name)]
    return tuple(sorted({name.rpartition(".")[0] for name in logs}))


def _checked(kind: str, body: str, configuration: CityConfiguration) -> str:
    """Return a rule as it is kept; a bare name is that of a bundled one."""
    if kind not in KINDS:
        raise InvalidInput(
            "unknown-rule-kind", f"there are no rules '{kind}'", hint=f"use {', '.join(KINDS)}"
        )
    is_name = re.fullmatch(r"[a-z0-9][a-z0-9-]*", body) is not None
    if kind == "workflow":
        if is_name and body not in workflows():
            raise InvalidInput(
                "unknown-workflow", f"there is no bundled workflow '{body}'",
                hint=f"use {', '.join(workflows())}, or a TOML document",
            )  # fmt: skip
        text = bundled_text("layers", "workflows", f"{body}.toml") if is_name else body
        Workflow.from_toml(text, name=f"{body}.toml" if is_name else "workflow")
        return text
    if kind == "clocks":
        name = body if is_name else "clocks"
        return clocks_body(
            None if is_name else body,
            name=name,
            calendar=configuration.calendar,
            zone=configuration.zone.name,
        )
    if kind == "calendar":
        days = CityDays.from_toml(body, name="calendar").to_dict()
        return json.dumps(days, sort_keys=True, ensure_ascii=False)
    return body
