"""Names of a city's layers: what each is called now, and what it was called before.

A layer that is renamed stays where it is. Its folder, its entries in the ledger, its rows in the quarantine, its
indexes and its lock keep the name that it was founded under, and `names.toml` says what that layer is called now::

    [requests]                    # layers/requests
    name = "service-requests"

    [requests.former]             # its other names, and until when it had them
    requests = "2026-11-29T08:00:00.000000+00:00"

So a layer is renamed by one file that is replaced at once. A former name stays the layer's own until it is deleted: a
pin, a saved question or a nightly load that has it never means another layer. A city without the file has layers that
were never renamed.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from stcloud.daas.definition.document import digest_holds, toml_of, with_digest
from stcloud.errors import Conflict, FormatError
from stcloud.iaas.store.folder import Folder, is_name
from stcloud.iaas.store.revised import Revised
from stcloud.iaas.table.again import anew_when_overtaken

__all__ = ["NAMES_FILE", "KnownNames", "LayerNames", "NamedLayer"]

NAMES_FILE = "names.toml"
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NamedLayer:
    """A layer that was renamed.

    Parameters
    ----------
    folder
        Name of its folder below ``layers/``: the one that it was founded under.
    name
        What it is called now.
    former
        Until when it had each of its other names, UTC microseconds.
    """

    folder: str
    name: str
    former: Mapping[str, int]

    @property
    def since_us(self) -> int:
        """Since when it has its present name, UTC microseconds."""
        return max(self.former.values())

    def called(self, name: str, now_us: int) -> NamedLayer:
        """Return it under another name, which it may have had before."""
        former = {**self.former, self.name: now_us}
        former.pop(name, None)
        return NamedLayer(self.folder, name, former)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The content of the file, and the text that it was read from; None: there is no file."""

    text: str | None = None
    by_folder: Mapping[str, NamedLayer] = field(default_factory=dict)
    by_name: Mapping[str, NamedLayer] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, layers: Mapping[str, NamedLayer]) -> KnownNames:
        """Return the names of layers by their folders, with the text that they were read from."""
        names = {name: layer for layer in layers.values() for name in (layer.name, *layer.former)}
        return cls(text, layers, names)


class LayerNames:
    """Names of the layers of the city in ``folder``.

    Parameters
    ----------
    folder
        The city's.
    needed
        Whether a layer was renamed: the file is then missing if it is not there.
    """

    def __init__(self, folder: Folder, *, needed: bool = False) -> None:
        self._folder = folder
        self._needed = needed
        self._kept = KnownNames()

    def folder_of(self, name: str) -> str:
        """Return the folder of the layer that has or had a name; of one that was never renamed it is the name."""
        layer = self._read().by_name.get(name)
        return name if layer is None else layer.folder

    def name_of(self, folder: str) -> str:
        """Return the present name of the layer in a folder."""
        layer = self._read().by_folder.get(folder)
        return folder if layer is None else layer.name

    def renamed(self, name: str) -> NamedLayer | None:
        """Return the renamed layer that has or had a name; None: there is none."""
        return self._read().by_name.get(name)

    def former(self, name: str) -> tuple[str, ...]:
        """Return the other names that the layer of a name had, sorted."""
        layer = self._read().by_name.get(name)
        return () if layer is None else tuple(sorted(layer.former))

    def lock(self, *, wait_s: float) -> AbstractContextManager[None]:
        """Hold the lock under which names are changed; `Conflict` ``locked``."""
        return self._folder.lock("names", wait_s=wait_s)

    def begin(self) -> None:
        """Make the file, so that it is there before the city's format says that it must be."""
        if self._text() is None:
            with contextlib.suppress(Conflict):  # another machine made it
                self._write({}, None)

    def give_name(self, old: str, new: str, now_us: int, since: KnownNames | None = None) -> None:
        """Call the layer of a present name otherwise, in one step; the caller holds the lock of names.

        Raises
        ------
        Conflict
            ``concurrent-commit``: another machine changed names since ``since``; nothing was written.
        """
        known = since or self._read()
        layer = known.by_name.get(old) or NamedLayer(old, old, {})
        self._write({**known.by_folder, layer.folder: layer.called(new, now_us)}, known.text)

    @anew_when_overtaken
    def forget(self, folder: str) -> None:
        """Let go of the names of the layer in a folder; the caller holds the lock of names."""
        known = self._read()
        layers = dict(known.by_folder)
        if layers.pop(folder, None) is not None:
            self._write(layers, known.text)

    def known(self) -> KnownNames:
        """Return what the file says now, to be given to `give_name` once it was decided on."""
        return self._read()

    def _write(self, layers: Mapping[str, NamedLayer], former: str | None) -> None:
        document = {
            layer.folder: {
                "name": layer.name,
                "former": {name: _text(at_us) for name, at_us in sorted(layer.former.items())},
            }
            for layer in sorted(layers.values(), key=lambda layer: layer.folder)
        }
        if self._folder.mount is None:
            self._folder.write_text(with_digest(toml_of(document)), NAMES_FILE)
        else:
            text = toml_of(document)
            revised = Revised(self._folder.mount, NAMES_FILE)
            revised.replace(former, lambda label: with_digest(f"# {label}\n{text}"))

    def _text(self) -> str | None:
        if self._folder.mount is not None:
            return Revised(self._folder.mount, NAMES_FILE).read()
        return self._folder.read_text(NAMES_FILE) if self._folder.exists(NAMES_FILE) else None

    def _read(self) -> KnownNames:
        """Return what the file says now; it is parsed when it has changed."""
        text = self._text()
        if text is None:
            if self._needed:
                raise _damaged("is missing, and a layer of the city was renamed")
            return KnownNames()
        kept = self._kept
        if kept.text != text:
            kept = self._kept = KnownNames.of(text, dict(_parsed(text)))
        return kept


def _parsed(text: str) -> Iterator[tuple[str, NamedLayer]]:
    """Give the layers of a file; `FormatError` ``damaged-city`` when it is not what was written."""
    if digest_holds(text) is False:
        raise _damaged("has changed since it was written; after an edit on purpose delete its first line")
    try:
        document = tomllib.loads(text)
        layers = [_layer(folder, entry) for folder, entry in document.items()]
    except (tomllib.TOMLDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(f"is not what stcloud writes: {error}") from error
    names = [name for layer in layers for name in (layer.name, *layer.former)]
    if len(set(names)) < len(names):
        raise _damaged("gives a name to two layers")
    yield from ((layer.folder, layer) for layer in layers)


def _layer(folder: str, entry: Mapping[str, Any]) -> NamedLayer:
    layer = NamedLayer(folder, str(entry["name"]), {name: _us(at) for name, at in entry["former"].items()})
    if not layer.former or not all(map(is_name, (folder, layer.name, *layer.former))):
        raise ValueError(f"'{folder}' has no names")
    return layer


def _text(at_us: int) -> str:
    return (_START + timedelta(microseconds=at_us)).isoformat(timespec="microseconds")


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - _START) // timedelta(microseconds=1)


def _damaged(why: str) -> FormatError:
    return FormatError("damaged-city", f"names.toml {why}", hint="bring it back from a copy of the city")
