"""Pins: the recorded instants that an answer was given at, layer by layer, and the rules of time that it used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from stcloud.daas.catalogue import Layer
from stcloud.errors import InvalidInput
from stcloud.time import Instant, PublishedDays, Zone, instant_us

__all__ = ["GivenKnown", "Known", "OriginInstant", "Pin", "axis_us", "days_known", "known_us", "read_known"]

_PREFIX, _ORIGIN = "pin:", "origin:"


@dataclass(frozen=True, slots=True)
class Pin:
    """What an answer was given at: asked again with it, a query has the same answer, whatever was loaded since.

    Parameters
    ----------
    layers
        ``(name, recorded instant in UTC microseconds)`` of every layer that the answer read, by name.
    rules
        ``(name, version)`` of the rules of time that the answer used, by name: ``zone``, and ``calendar`` where
        working days were asked for.

    Examples
    --------
    >>> pin = Pin.of({"requests": 7, "communities": 5}, {"zone": "8a1f"})
    >>> Pin.read(pin.text) == pin, pin.of_layer("communities")
    (True, 5)
    """

    layers: tuple[tuple[str, int], ...]
    rules: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, layers: Mapping[str, int], rules: Mapping[str, str]) -> Pin:
        """Return a pin of these layers and rules."""
        return cls(tuple(sorted(layers.items())), tuple(sorted(rules.items())))

    @property
    def text(self) -> str:
        """The pin as text, as `read` takes it."""
        document = {"layers": dict(self.layers), "rules": dict(self.rules)}
        return _PREFIX + json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Pin:
        """Read a pin; `InvalidInput` ``unreadable-pin``."""
        try:
            document = json.loads(text.removeprefix(_PREFIX))
            layers = {str(name): int(at_us) for name, at_us in document["layers"].items()}
            rules = {str(name): str(version) for name, version in document.get("rules", {}).items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InvalidInput(
                "unreadable-pin",
                f"'{text[:80]}' is no pin",
                hint="use the pin of an answer as it was given",
                in_shell="use what --pin printed, as it is",
            ) from error
        return cls.of(layers, rules)

    def of_layer(self, name: str, *former: str) -> int:
        """Return the recorded instant of a layer, UTC microseconds; `InvalidInput` ``layer-not-pinned``.

        A pin of the time before it was renamed has one of its former names.
        """
        pinned = dict(self.layers)
        at_us = next((pinned[known] for known in (name, *former) if known in pinned), None)
        if at_us is None:
            raise InvalidInput(
                "layer-not-pinned",
                f"the pin does not say at which instant layer '{name}' is meant (it names "
                f"{', '.join(layer for layer, _ in self.layers) or 'none'})",
                hint="use the pin of an answer to the same query, or an instant",
            )
        return at_us

    def joined(self, other: Pin) -> Pin:
        """Return this pin with the layers and rules that only another one names."""
        return Pin.of(dict(other.layers) | dict(self.layers), dict(other.rules) | dict(self.rules))

    def changed(self, rules: Mapping[str, str]) -> Iterable[str]:
        """Return the rules that have another version now than the pin names."""
        return [name for name, version in self.rules if rules.get(name, version) != version]


@dataclass(frozen=True, slots=True)
class OriginInstant:
    """A recorded instant of the owner of each layer, UTC microseconds: of layers of the city's own, of the city.

    As text it is ``origin:2024-03-01T12:00``.
    """

    at_us: int


GivenKnown: TypeAlias = Instant | Pin | OriginInstant
"""A recorded instant as a caller gives it."""
Known: TypeAlias = int | Pin | OriginInstant | None
"""What a query is pinned at: a recorded instant in UTC microseconds, a pin, one of the owners', or now (None)."""


def read_known(
    at: GivenKnown, zone: Zone, of: Literal["city", "origin"] = "city"
) -> int | Pin | OriginInstant:
    """Return what a query is pinned at: a pin, its text, an instant of the city, or one of the owners'.

    The latter is written ``origin:INSTANT``, or an instant ``of`` origin.
    """
    if isinstance(at, Pin | OriginInstant):
        return at
    if isinstance(at, str) and at.startswith(_PREFIX):
        return Pin.read(at)
    if isinstance(at, str) and at.startswith(_ORIGIN):
        return OriginInstant(instant_us(at.removeprefix(_ORIGIN), zone))
    at_us = instant_us(at, zone)
    return OriginInstant(at_us) if of == "origin" else at_us


def axis_us(layer: Layer, known: Known) -> int | None:
    """Return which recorded instant of a layer is meant, UTC microseconds; None: what is known now.

    A pin, and an instant of owners, name one of the layer's. An instant of the city means, of a layer that was
    received, the one until which it was known here then.
    """
    if known is None:
        return None
    if isinstance(known, Pin):
        return known.of_layer(layer.name, *layer.former)
    return known.at_us if isinstance(known, OriginInstant) else layer.axis_us(known)


def known_us(layer: Layer, known: Known) -> int:
    """Return the recorded instant that a layer is taken at; beyond its newest load it means that load."""
    return layer.pin_us(axis_us(layer, known))


def days_known(published: PublishedDays, known: Known) -> PublishedDays:
    """Return what a city had published of its days when a query is pinned.

    A pin names the days by their digest in the rules of its calendar; one of a question without working days means
    those that were known at its latest instant.

    Raises
    ------
    InvalidInput
        ``days-not-kept``.
    """
    if not isinstance(known, Pin):
        return published.known_at(known.at_us if isinstance(known, OriginInstant) else known)
    rules = dict(known.rules).get("calendar")
    if rules is not None:
        return published.of_rules(rules)
    return published.known_at(max((at_us for _, at_us in known.layers), default=0))
