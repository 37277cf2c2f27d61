"""Drift: how the columns of a file differ from those that its layer keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.daas.definition.event import MOVER_TYPES
from stcloud.daas.ledger import Ledger
from stcloud.daas.reckoning import PURGE, UNDO, Reckoning
from stcloud.daas.table.layer import LayerTable
from stcloud.daas.table.schema import Attribute, refuse_twins
from stcloud.errors import InvalidInput, NotFound, nearest

__all__ = ["Drift"]

_SHOWN = 40
_WITHOUT_COLUMNS = (UNDO, PURGE, "delete")


@dataclass(frozen=True, slots=True)
class Drift:
    """Columns, by the names that people know them by, in the order of the file or of the layer.

    Attributes
    ----------
    new
        The file has them, and the layer keeps them from this load on.
    missing
        The layer keeps them, and the file lacks them: its rows have nulls there.
    """

    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        layer: LayerTable,
        definition: Definition,
        columns: Mapping[str, Attribute],
        allowed: Collection[str],
        source: str,
        ledger: Ledger,
    ) -> Drift:
        """Compare the columns of a file with the layer's.

        Parameters
        ----------
        layer, definition
            What the file is loaded into, and how it is read.
        columns
            The file's columns that are kept, from `bind_columns`.
        allowed
            Columns that this load may lack, besides the definition's optional ones.
        source
            What to call the file.
        ledger
            The city's: a column that only loads brought which were taken back may be missing.

        Raises
        ------
        InvalidInput
            ``vanished-column``: the file lacks columns that nobody allowed it to lack; ``ambiguous-column``: a new
            one differs from a kept one in case only; ``not-a-mover``: the column of movers has numbers or times.
        NotFound
            ``unknown-column``: a column is allowed to be missing, marked as personal, or that of movers, that neither
            the layer nor the definition knows.
        """
        kept = layer.attributes() if layer.exists else ()
        _refuse_unknown(layer.name, definition, kept, allowed)
        _refuse_unmarkable(layer.name, definition, [*kept, *columns.values()])
        _refuse_unmoved(layer.name, definition, [*kept, *columns.values()])
        if not layer.exists:
            return cls()
        refuse_twins(kept, columns.values())
        present = {attribute.stored for attribute in columns.values()}
        missing = [attribute for attribute in kept if attribute.stored not in present]
        optional = {column.rename or name for name, column in definition.columns.items() if column.optional}
        lost = [
            attribute.name
            for attribute in missing
            if not {attribute.name, attribute.stored} & {*optional, *allowed}
        ]
        if lost:
            withdrawn = _withdrawn(ledger.loads(layer.name))
            lost = [name for name in lost if name not in withdrawn]
        if lost:
            raise _vanished(layer.name, lost, columns, source)
        known = {attribute.stored for attribute in kept}
        new = tuple(attribute.name for attribute in columns.values() if attribute.stored not in known)
        return cls(new, tuple(attribute.name for attribute in missing))


def _withdrawn(loads: Iterable[Reckoning]) -> frozenset[str]:
    """Return the columns of a layer, by name, that no load which stands had: those that brought them were taken back.

    Parameters
    ----------
    loads
        The layer's, oldest first.
    """
    loads = list(loads)
    undone = {load.source for load in loads if load.mode == UNDO}
    brought: set[str] = set()
    had: set[str] = set()
    for load in loads:
        brought |= set(load.new_columns)
        if load.mode not in _WITHOUT_COLUMNS and load.read and load.load not in undone:
            had |= brought - set(load.missing_columns)
    return frozenset(brought - had)


def _refuse_unknown(
    layer: str, definition: Definition, kept: Iterable[Attribute], allowed: Collection[str]
) -> None:
    known = {name for attribute in kept for name in (attribute.name, attribute.stored)}
    known |= {
        name for listed, column in definition.columns.items() for name in (listed, column.rename or listed)
    }
    for name in allowed:
        if name not in known:
            raise NotFound(
                "unknown-column",
                f"--allow-missing names {name!r}, which is no column of layer '{layer}'",
                nearest=nearest(name, known),
            )


def _refuse_unmarkable(layer: str, definition: Definition, columns: Iterable[Attribute]) -> None:
    """Refuse to mark as personal what is no column: a name that is mistyped would hide nothing."""
    known = {attribute.name for attribute in columns}
    declared = {column.rename or name for name, column in definition.columns.items()}
    for name in definition.personal_columns:
        if name not in known | declared:
            raise NotFound(
                "unknown-column", f"the definition marks {name!r} as personal, which is no column of layer '{layer}'",
                nearest=nearest(name, known),
            )  # fmt: skip


def _refuse_unmoved(layer: str, definition: Definition, columns: Iterable[Attribute]) -> None:
    """Refuse a column of movers that is not there, or that names nobody."""
    if not isinstance(definition, EventDefinition) or definition.mover_column is None:
        return
    mover, types = definition.mover_column, {attribute.name: attribute.type for attribute in columns}
    if mover not in types:
        raise NotFound(
            "unknown-column", f"the definition names {mover!r} as the mover, which is no column of layer '{layer}'",
            nearest=nearest(mover, types),
        )  # fmt: skip
    if types[mover] not in MOVER_TYPES:
        raise InvalidInput(
            "not-a-mover", f"column {mover!r} of layer '{layer}' has a type that names nobody: {types[mover]}",
            hint="name a column of text or whole numbers as the mover, or declare its type: type = \"text\"",
        )  # fmt: skip


def _vanished(layer: str, lost: list[str], columns: Mapping[str, Attribute], source: str) -> InvalidInput:
    names = ", ".join(map(repr, lost[:_SHOWN]))
    present = ", ".join([attribute.name for attribute in columns.values()][:_SHOWN])
    options = " ".join(
        f"--allow-missing {name!r}" if " " in name else f"--allow-missing {name}" for name in lost[:3]
    )
    return InvalidInput(
        "vanished-column",
        f"{source} has no column {names}, which layer '{layer}' keeps (found: {present})",
        hint=f"if it was renamed, say so in the definition (columns.NAME.rename); if it may be missing: {options}, "
        f'or for ever columns."{lost[0]}".optional = true',
    )
