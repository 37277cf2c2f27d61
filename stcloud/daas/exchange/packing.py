"""Packing: what was recorded of layers in a span becomes a package.

Entries are read before rows, and a load is entered after its rows are there: so all rows that an entry stands for are
in the version that is read, and what was recorded later is cut off.

Tested by `tests/daas/exchange/test_packing.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.entry import Layer
from stcloud.daas.exchange.entrychain import EntryChain, root_link
from stcloud.daas.exchange.kindexchange import RecordedSpan
from stcloud.daas.exchange.manifest import Manifest, Parcel
from stcloud.daas.reckoning import Reckoning
from stcloud.errors import InvalidInput
from stcloud.iaas.arrowmemory import steady_memory
from stcloud.iaas.package.packagefile import RowMember, write_package
from stcloud.iaas.package.rowfile import write_rows
from stcloud.iaas.source.archive import Scratch

__all__ = ["Packed", "PackedLayer", "Packing"]

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class PackedLayer:
    """What was packed of a layer.

    Attributes
    ----------
    layer
        Its name.
    since_us, until_us
        The span of recorded time, ``(since, until]``, UTC microseconds; ``since_us`` None: from the beginning.
    rows, ends, loads
        How many rows began to be believed, how many older ones ended, and how many entries say so.
    """

    layer: str
    since_us: int | None
    until_us: int
    rows: int
    ends: int
    loads: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A package that was written: where, its size in bytes, and what it has of each layer."""

    path: Path
    bytes: int
    layers: tuple[PackedLayer, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """From when on a layer is packed: a recorded instant, UTC microseconds, and the link there if it is known."""

    at_us: int | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Packing:
    """Packs layers of one city.

    Parameters
    ----------
    configuration
        The city's.
    read_layer, folder_of
        Return a layer by its name, and the identity of one.
    view
        Returns, of a layer, a digest of what of it is shown, or an empty text: all.
    """

    configuration: CityConfiguration
    read_layer: Callable[[str], Layer]
    folder_of: Callable[[str], str]
    view: Callable[[Layer], str]

    def write(
        self, layers: Mapping[str, Since], until: Callable[[Layer], int | None], target: Path,
        signed: Callable[[bytes], bytes] | None,
    ) -> Packed:  # fmt: skip
        """Write a package of some layers.

        Parameters
        ----------
        layers
            From when on, by name.
        until
            Returns the last recorded instant that is packed, UTC microseconds; None: the newest.
        target, signed
            See `write_package`.
        """
        scratch = Scratch()  # a folder that goes with it
        city = self._owner(list(layers))
        packed = [
            self._parcel(name, since, until, scratch.path / str(number))
            for number, (name, since) in enumerate(layers.items())
        ]
        parcels = tuple(parcel for parcel, _ in packed)
        manifest = Manifest.of(self.configuration, parcels, city).to_bytes()
        size = write_package(target, manifest, [member for _, member in packed if member is not None], signed)
        done = tuple(
            PackedLayer(
                each.layer, each.since_us, each.until_us, each.rows, each.ends, len(each.chain.entries)
            )
            for each in parcels
        )
        return Packed(target, size, done)

    def _owner(self, names: Sequence[str]) -> str:
        """Return the city that owns all of the layers; a package of received ones is passed on as theirs."""
        origins = {name: self.read_layer(name).definition.origin for name in names}
        cities = {self.configuration.name if origin is None else origin.city for origin in origins.values()}
        if len(cities) > 1:
            raise InvalidInput(
                "several-owners", f"the layers are of several cities: {', '.join(sorted(cities))}",
                hint="pack the layers of each by themselves",
            )  # fmt: skip
        return cities.pop()

    def chain(self, layer: Layer, loads: Sequence[Reckoning]) -> tuple[str, str, EntryChain]:
        """Return the identity of a layer with its owner, the digest of what is shown, and all entries."""
        origin = layer.definition.origin
        city, folder = (
            (self.configuration.name, self.folder_of(layer.name))
            if origin is None
            else (origin.city, origin.layer)
        )
        view = self.view(layer)
        if view:
            loads = [replace(load, rows_digest=None, restated={}) for load in loads]
        return folder, view, EntryChain.of(root_link(city, folder, view), loads)

    def _parcel(
        self, name: str, since: Since, until: Callable[[Layer], int | None], path: Path
    ) -> tuple[Parcel, RowMember | None]:
        """Return what is packed of a layer, and the member with its rows; None: there are none."""
        loads = self.read_layer(name).loads
        layer = self.read_layer(name)
        folder, view, whole = self.chain(layer, loads)
        until_us = until(layer)
        whole = whole if until_us is None else whole.until(until_us)
        chain = _after(name, whole, since)
        first = chain.since_link == whole.since_link
        since_us = (
            None if first else whole.entries[len(whole.entries) - len(chain.entries) - 1]["recorded_at"]
        )
        if not first and chain.purges:
            raise InvalidInput(
                "purged-since", f"layer '{name}' was purged since then: what was sent before holds what is removed",
                hint="pack it from the beginning: leave out since",
                in_shell="pack it from the beginning: leave out --since",
            )  # fmt: skip
        last_us = chain.until_us if chain.entries else since_us
        if last_us is None:
            raise InvalidInput("nothing-to-pack", f"nothing was recorded of layer '{name}' until then")
        member, rows, ends = None, 0, 0
        if chain.entries:
            member, rows, ends = self._write_rows(layer, RecordedSpan(since_us, last_us), path, view)
        size, sha256 = (0, "") if member is None else (member.bytes, member.sha256)
        parcel = Parcel(
            folder, name, view, since_us, chain, last_us, _definition(layer), layer.description.fields,
            layer.attributes, rows, ends, size, sha256,
        )  # fmt: skip
        return parcel, member

    def _write_rows(
        self, layer: Layer, span: RecordedSpan, path: Path, view: str
    ) -> tuple[RowMember | None, int, int]:
        exchange = layer.layer_kind.exchange()
        schema = exchange.schema(layer.attributes)
        ends = 0

        def counted() -> Iterator[pa.Table]:
            nonlocal ends
            for piece in exchange.recorded(layer.snapshot, span, schema):
                ends += piece["st_recorded_from"].null_count
                yield _without_digests(piece) if view else piece

        with steady_memory():
            member, count = write_rows(counted(), path, *exchange.geometry)
        return member, count - ends, ends


def _after(name: str, whole: EntryChain, since: Since) -> EntryChain:
    chain = whole.since(since.at_us) if since.link is None else whole.after(since.link)
    if chain is None:
        raise InvalidInput(
            "changed-past", f"layer '{name}' has another past than the package that it is to follow",
            hint="pack it from the beginning: leave out since",
            in_shell="pack it from the beginning: leave out --since",
        )  # fmt: skip
    return chain


def _definition(layer: Layer) -> str:
    return layer.definition.model_copy(update={"origin": None, "id": layer.name}).to_toml()


def _without_digests(rows: pa.Table) -> pa.Table:
    """Return rows whose digests say nothing of values that are not shown: they are of key and instant alone."""
    keys, instants = rows["st_key"].to_pylist(), rows["st_recorded_from"].cast(pa.int64()).to_pylist()
    digests = [
        None
        if at_us is None
        else hashlib.blake2b(f"{key}\0{at_us}".encode(), digest_size=_DIGEST_BYTES).digest()
        for key, at_us in zip(keys, instants, strict=True)
    ]
    place = rows.schema.get_field_index("st_digest")
    return rows.set_column(place, rows.schema.field(place), pa.array(digests, pa.binary()))
