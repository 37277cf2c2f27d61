"""The layers of a city: what there is, how it is described, and how good it is.

Tested by `tests/city/test_city.py` and `tests/city/test_describing.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from stcloud.city import below
from stcloud.city.keywords import DescriptionKeywords
from stcloud.city.methods.opened import OpenedCity

if TYPE_CHECKING:
    from stcloud.city.catalogueentries import CatalogueEntries
    from stcloud.daas.catalogue import Layer
    from stcloud.daas.description import Description
    from stcloud.daas.quality import LayerQuality
    from stcloud.paas.query import Features
    from stcloud.paas.scene.scenes import Scenes
    from stcloud.time import Instant

__all__ = ["CityLayers"]


class CityLayers(OpenedCity):
    """What a city holds: its layers, their descriptions and their quality."""

    def layers(self) -> tuple[Layer, ...]:
        """Return the city's layers, sorted by name."""
        return tuple(self.layer(name) for name in self._catalogue.names())

    def layer(self, name: str) -> Layer:
        """Return a layer, as `Features` if it is a layer of features; `NotFound` ``unknown-layer``."""
        layer = self._catalogue.layer(name)
        return self._parts.features(layer) if layer.layer_kind.versioned else layer

    def features(self, name: str) -> Features:
        """Return a layer of features, with ``as_of``, ``between``, ``history``, ``diff`` and ``lineage``.

        Raises `NotFound` ``unknown-layer``, with the nearest names; `InvalidInput` ``not-features``: it has events.
        """
        return self._parts.features(self._catalogue.layer(name))

    def scenes(self, name: str) -> Scenes:
        """Return a layer of scenes, with ``as_of``, ``between`` and ``all``: images, as arrays and pictures.

        Raises `NotFound` ``unknown-layer``; `InvalidInput` ``not-scenes``: it is of another kind.
        """
        return self._parts.scenes(self._catalogue.layer(name))

    def catalogue(self, words: str = "") -> CatalogueEntries:
        """Return what the city holds: layers with themes, owners, what came when, and how late it is.

        Parameters
        ----------
        words
            Only layers in whose name, title, description, themes, keywords, owner or origin all of these occur, in
            any case; empty: all.

        Reads the ledger, the logs of all layers and their descriptions, and no rows.
        """
        return below.catalogue_entries(self._parts, self.configuration, self._clock, words)

    def describe(self, layer: str, **fields: Unpack[DescriptionKeywords]) -> Description:
        """Write some fields of a layer's description, for people, and return it; no load is needed.

        Fields are ``title``, ``description``, ``themes``, ``keywords``, ``owner``, ``contact``, ``licence``,
        ``update_cycle`` and ``lineage``, as in ``city.describe("requests", owner="Roads department",
        licence="CC-BY-4.0")``. None clears a field; those that are left out stay. `Layer.description` has them.

        Raises
        ------
        NotFound
            ``unknown-layer``
        InvalidInput
            ``no-such-field``, with the nearest names; ``bad-licence``: no SPDX identifier and no URL;
            ``bad-contact``: no e-mail address and no URL; ``bad-cycle``: no duration of ISO 8601; ``bad-text``;
            ``received-layer``: its owner describes it.
        """
        self._catalogue.layer(layer)
        below.refuse_received(self._catalogue, layer)
        return self._catalogue.descriptions.write(layer, fields, self._clock)

    def quality(self, layer: str, known_at: Instant | None = None) -> LayerQuality:
        """Return how good a layer's rows are: how many, unplaced, rejected, until when complete, how late recorded.

        ``known_at``: as it was known at this recorded instant; None: now. Reads the ledger and, of the events of the
        last year, two columns; of a past instant columns of all rows. `NotFound` ``unknown-layer``.
        """
        chosen = self._catalogue.layer(layer)
        known_us = None if known_at is None else below.instant_us(known_at, self.configuration.zone)
        return below.quality_of(chosen, None if known_us is None else chosen.axis_us(known_us))
