"""Exchange of a city with others: its layers are packed, and packages of others are received.

Tested by `tests/daas/exchange/test_receiving.py` and `tests/saas/cli/test_pack.py`.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeGuard, cast

from stcloud.city.parts import CityParts
from stcloud.daas.configuration import CityConfiguration
from stcloud.daas.entry import Layer
from stcloud.daas.exchange.manifest import Manifest, damaged_package
from stcloud.daas.exchange.packing import Packed, Packing, Since
from stcloud.daas.exchange.receiving import ReceivedParcel, Receiving, Sent
from stcloud.errors import InvalidInput, StcloudError
from stcloud.iaas.clock import Clock
from stcloud.iaas.package.given import given_packages
from stcloud.iaas.package.packagefile import SUFFIX, PackageFile
from stcloud.iaas.package.signature import public_key, signer, verified_key
from stcloud.iaas.source.archive import Scratch
from stcloud.iaas.store.folder import check_name
from stcloud.iaas.table.again import anew_when_overtaken
from stcloud.paas.query.answer.pin import Pin, axis_us, read_known
from stcloud.time import Instant

__all__ = ["CityExchange", "GivenSince", "PackageView"]

GivenSince: TypeAlias = Instant | Pin | os.PathLike[str] | None
"""From when on a layer is packed: a recorded instant, a pin, or the file of the package before."""
PackageView: TypeAlias = Callable[[Layer], str]


@dataclass(frozen=True, slots=True)
class CityExchange:
    """Packs and receives layers of a city.

    Parameters
    ----------
    parts, configuration, clock
        The city's.
    wait_s
        How long another writer of a layer is waited for, in seconds.
    view
        Returns, of a layer, a digest of what of it is shown, or an empty text: all.
    """

    parts: CityParts
    configuration: CityConfiguration
    clock: Clock
    wait_s: float
    view: PackageView = lambda _: ""

    def pack(
        self, layers: Iterable[str], target: str | os.PathLike[str], since: GivenSince, until: Instant | Pin | None,
        key: str | os.PathLike[str] | None,
    ) -> Packed:  # fmt: skip
        """Write a package; see `City.pack`."""
        names = tuple(dict.fromkeys(layers))
        if not names:
            raise InvalidInput("which-layer", "nothing says which layers are packed", hint="name one or more")
        path = Path(target)
        if path.suffix != SUFFIX:
            raise InvalidInput(
                "unknown-format", f"'{path.name}' is no name of a package", hint=f"write NAME{SUFFIX}"
            )
        if _is_package(since) and Path(since).resolve() == path.resolve():
            raise InvalidInput(
                "replaced-package", f"'{path.name}' is the package before, and would be replaced by what came since",
                hint="give the new package another name",
            )  # fmt: skip
        catalogue = self.parts.catalogue
        packing = Packing(self.configuration, catalogue.layer, catalogue.naming.folder_of, self.view)
        known = None if until is None else read_known(until, self.configuration.zone)
        signed = None if key is None else signer(Path(key))
        before = self._since(names, since)
        return packing.write(before, lambda layer: axis_us(layer, known), path, signed)

    def _since(self, names: tuple[str, ...], since: GivenSince) -> Mapping[str, Since]:
        """Return from when on each layer is packed."""
        catalogue = self.parts.catalogue
        if since is None:
            return dict.fromkeys(names, Since())
        if _is_package(since):
            with _opened(Path(since)) as file:
                before = {parcel.folder: parcel for parcel in _manifest(file).parcels}
            folders = {name: _identity(catalogue.layer(name), catalogue.naming.folder_of) for name in names}
            return {
                name: Since(before[folder].until_us, before[folder].chain.link)
                if folder in before
                else Since()
                for name, folder in folders.items()
            }
        known = read_known(cast("Instant | Pin", since), self.configuration.zone)
        return {name: Since(axis_us(catalogue.layer(name), known)) for name in names}

    def receive(
        self, source: str | os.PathLike[str], *, as_layer: str | None = None,
        trust: str | os.PathLike[str] | None = None, anew: bool = False,
    ) -> list[ReceivedParcel]:  # fmt: skip
        """Receive packages; see `City.receive`."""
        pinned = None if trust is None else public_key(Path(trust))
        if as_layer is not None:
            check_name(as_layer)
        received: list[ReceivedParcel] = []
        scratch = Scratch()  # a folder that goes with it
        for path in _ordered(given_packages(source, scratch)):
            try:
                received += self._receive(path, as_layer, pinned, anew=anew)
            except StcloudError as error:
                error.context["received"] = received
                raise
        return received

    def _receive(
        self, path: Path, as_layer: str | None, pinned: str | None, *, anew: bool
    ) -> list[ReceivedParcel]:
        with _opened(path) as file:
            manifest = _manifest(file)
            manifest.refuse_unfit(self.configuration, path.name)
            sent = Sent(file, path.name, manifest.city, _key(file))
            if as_layer is not None and len(manifest.parcels) > 1:
                raise InvalidInput(
                    "several-layers", f"{path.name} has {len(manifest.parcels)} layers, and one name is given",
                    hint="leave the name out, or ask for a package of each",
                )  # fmt: skip
            done: list[ReceivedParcel] = []
            number = 0
            for parcel in manifest.parcels:
                layer = self._local(as_layer, manifest.city, parcel.folder) or check_name(
                    as_layer or parcel.layer
                )
                receive = functools.partial(
                    self._receiving(layer, pinned, anew=anew), layer, sent, number, parcel
                )
                with self.parts.catalogue.locked(layer, wait_s=self.wait_s):
                    done.append(anew_when_overtaken(receive)())
                for events in self.parts.grids.outdated(layer):
                    self._index(events)
                number += 1 if parcel.bytes else 0
            return done

    def _receiving(self, layer: str, pinned: str | None, *, anew: bool) -> Callable[..., ReceivedParcel]:
        parts = self.parts
        coder = parts.grids.unit_coder(layer) if parts.catalogue.table(layer).exists else None
        return Receiving(
            parts.catalogue, parts.folder, self.configuration, self.clock, coder, pinned, anew=anew
        ).receive

    def _index(self, events: str) -> None:
        from stcloud.iaas.job import Job  # noqa: PLC0415

        with self.parts.catalogue.locked(events, wait_s=self.wait_s):
            self.parts.grids.index(events, self.parts.grids.chosen(events, None), Job())

    def _local(self, wanted: str | None, city: str, folder: str) -> str | None:
        """Return what a layer of another city is called here, if it was received before."""
        catalogue = self.parts.catalogue
        if wanted is not None and catalogue.table(wanted).exists:
            return wanted
        for name in catalogue.names():
            origin = catalogue.definition_for(name, None).origin
            if origin is not None and (origin.city, origin.layer) == (city, folder):
                return name
        return None


def _is_package(since: GivenSince) -> TypeGuard[str | os.PathLike[str]]:
    """Tell whether the package before is named, and not an instant or a pin."""
    return isinstance(since, os.PathLike) or (isinstance(since, str) and since.endswith(SUFFIX))


def _identity(layer: Layer, folder_of: Callable[[str], str]) -> str:
    origin = layer.definition.origin
    return folder_of(layer.name) if origin is None else origin.layer


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[PackageFile]:
    file = PackageFile(path, lambda fault: damaged_package(path.name, fault))
    try:
        yield file
    finally:
        file.close()


def _manifest(file: PackageFile) -> Manifest:
    manifest = Manifest.read(file.manifest, file.path.name)
    if file.members != sum(1 for parcel in manifest.parcels if parcel.bytes):
        raise damaged_package(file.path.name, "it has other members than its manifest says")
    return manifest


def _key(file: PackageFile) -> str | None:
    """Return the key that a package is signed with; refuse a signature that is none."""
    signature = file.signature
    if signature is None:
        return None
    key = verified_key(signature, file.digest)
    if key is None:
        raise InvalidInput(
            "wrong-signature", f"the signature of {file.path.name} is not one of what it holds; nothing was received",
            hint="ask its sender for it again",
        )  # fmt: skip
    return key


def _ordered(paths: list[Path]) -> list[Path]:
    """Return packages in the order of their chains: by the instant that they begin after."""
    if len(paths) == 1:
        return paths
    begin: dict[Path, tuple[int, int]] = {}
    for path in paths:
        with _opened(path) as file:
            spans = [
                (-1 if each.since_us is None else each.since_us, each.until_us)
                for each in _manifest(file).parcels
            ]
        begin[path] = min(spans, default=(-1, -1))
    return sorted(paths, key=lambda path: (begin[path], path.name))
