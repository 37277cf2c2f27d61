"""Purge of a city's layer: reads what is to be removed, and removes it under the layer's lock.

Tested by ``tests/daas/purge/test_purge.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stcloud.city.parts import CityParts
from stcloud.daas.catalogue import Layer
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.definition import FeatureDefinition
from stcloud.daas.exchange.readonly import refuse_received
from stcloud.daas.purge.purge import Purge, Purged
from stcloud.daas.purge.scope import PurgeScope, RowTest, purge_columns, read_before
from stcloud.errors import InvalidInput, Unsupported
from stcloud.iaas.clock import Clock
from stcloud.paas.query import Subject
from stcloud.paas.query.resolve.storedtest import row_test
from stcloud.time import Instant

__all__ = ["LayerPurge", "Purged", "refuse_unit_grid"]


@dataclass(frozen=True, slots=True)
class LayerPurge:
    """A purge of a layer as its caller states it.

    Parameters
    ----------
    before, what, columns
        Rows that were over before an instant, of which all filters are true; columns whose values go, none: the rows.
    again
        Repeat the recorded purges that say which rows are meant; then nothing else is stated.
    dry_run
        Count only.
    """

    before: Instant | None
    what: tuple[str, ...]
    columns: tuple[str, ...]
    again: bool
    dry_run: bool = False

    @classmethod
    def of(
        cls, before: Instant | None, what: str | Iterable[str], columns: str | Iterable[str], *, again: bool,
        dry_run: bool = False,
    ) -> LayerPurge:  # fmt: skip
        """Check what is stated; a bare text is one filter, or one column.

        Raises
        ------
        InvalidInput
            ``scope-needed``: nothing says which rows; ``unclear-scope``: a scope besides ``again``.
        """
        filters = (what,) if isinstance(what, str) else tuple(what)
        names = (columns,) if isinstance(columns, str) else tuple(columns)
        stated = before is not None or bool(filters)
        if again and (stated or names):
            raise InvalidInput(
                "unclear-scope", "a purge that is repeated has the scope that was recorded",
                hint="leave out --before, --what and --columns, or --again",
            )  # fmt: skip
        if not again and not stated:
            raise InvalidInput(
                "scope-needed", "nothing says which rows are to be purged",
                hint="state before or what; City.delete deletes a whole layer",
                in_shell="state --before or --what; stcloud layers CITY LAYER --delete deletes a whole layer",
            )  # fmt: skip
        return cls(before, filters, names, again, dry_run)

    def run(
        self, parts: CityParts, configuration: CityConfiguration, clock: Clock, layer: str, *, wait_s: float
    ) -> list[Purged]:
        """Purge the layer, or only count; return what was, or would be, removed, by purge."""
        catalogue = parts.catalogue
        refuse_received(catalogue, layer)
        refuse_unit_grid(catalogue.layer(layer))
        if self.dry_run:
            return [purge.counted() for purge in self._purges(parts, configuration, clock, layer)]
        with catalogue.locked(layer, wait_s=wait_s):
            catalogue.mend(layer)
            purges = self._purges(parts, configuration, clock, layer)
            return [purge.run() for purge in purges if not self.again or purge.finds_some]

    def _purges(
        self, parts: CityParts, configuration: CityConfiguration, clock: Clock, layer: str
    ) -> Iterator[Purge]:
        """Give the purges that are meant, each of the version that the one before left."""
        for scope, test in self._scopes(parts, configuration, clock, layer):
            yield Purge(parts.catalogue, parts.folder, clock, parts.catalogue.layer(layer), scope, test)

    def _scopes(
        self, parts: CityParts, configuration: CityConfiguration, clock: Clock, layer: str
    ) -> list[tuple[PurgeScope, RowTest | None]]:
        """Return what is to be removed, with the tests of rows."""
        zone, known = configuration.zone, parts.catalogue.layer(layer)
        if self.again:
            repeated = [purge.scope for purge in known.purges if purge.scope.repeats]
            stated = dict.fromkeys((scope.before, scope.columns) for scope in repeated)
            again = [(*read_before(before, zone, clock()), columns) for before, columns in stated]
            return [(PurgeScope(before, before_us, columns), None) for before, before_us, columns in again]
        before, before_us = read_before(self.before, zone, clock())
        columns = purge_columns(known.definition, known.attributes, self.columns)
        test = row_test(Subject(known, configuration, parts.engine), self.what) if self.what else None
        names = tuple(column.name for column in columns)
        return [(PurgeScope(before, before_us, names, test.columns if test else None), test)]


def refuse_unit_grid(layer: Layer) -> None:
    """Refuse a unit grid, whose codes other layers hold."""
    definition = layer.definition
    if isinstance(definition, FeatureDefinition) and definition.grid is not None:
        raise Unsupported(
            "no-purge", f"layer '{layer.name}' is a unit grid: layers that are indexed on it hold its codes",
            hint="correct it by a load; it holds nothing of persons",
        )  # fmt: skip
