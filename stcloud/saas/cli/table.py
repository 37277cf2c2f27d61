"""Tables for people: no value is cut, whatever the width; rows that do not fit side by side stand as records."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from stcloud.saas.plaintext import visible

__all__ = ["show_table", "write_table"]

_GAP = "  "
_IN_MEMORY = 1 << 22

Records = Iterable[Mapping[str, Any]]


def write_table(
    names: Sequence[str],
    rows: Records,
    sink: TextIO,
    text: Callable[[Any], str],
    *,
    header: bool = True,
    widths: Mapping[str, int] | None = None,
) -> int:
    """Write all rows, one a line, in columns as wide as they need; return how many.

    Parameters
    ----------
    names
        Columns.
    rows
        Rows; they may keep coming: memory holds a few megabytes of them.
    sink
        Where to.
    text
        Returns a value as text.
    header
        Whether the names stand above.
    widths
        The least widths of columns.
    """
    from rich.cells import cell_len  # noqa: PLC0415  (keeps --help light)

    heads = [visible(name) for name in names]
    least = widths or {}
    sizes = [max(cell_len(head), least.get(name, 0)) for head, name in zip(heads, names, strict=True)]
    count = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as spool:
        for count, row in enumerate(rows, 1):  # noqa: B007  (what is left is how many)
            cells = _cells(names, row, text)
            sizes = [max(size, cell_len(cell)) for size, cell in zip(sizes, cells, strict=True)]
            spool.write(json.dumps(cells) + "\n")
        spool.seek(0)
        if header:
            sink.write(_line(heads, sizes))
        sink.writelines(_line(json.loads(line), sizes) for line in spool)
    return count


def show_table(
    names: Sequence[str],
    rows: Records,
    sink: TextIO,
    text: Callable[[Any], str],
    width: int,
    *,
    header: bool = True,
    widths: Mapping[str, int] | None = None,
) -> None:
    """Write rows into so many columns of a terminal.

    Lines are broken between words. Where not even the longest words fit side by side, each row is a record: a
    line for each column.

    Parameters
    ----------
    names, rows, sink, text, header, widths
        As `write_table`; rows are few.
    width
        Columns of the terminal.
    """
    from rich.cells import cell_len  # noqa: PLC0415  (keeps --help light)

    lines = [[visible(name) for name in names], *(_cells(names, row, text) for row in rows)]
    columns = list(zip(*lines, strict=True))
    least = [max(cell_len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    natural = [
        max((widths or {}).get(name, 0), *map(cell_len, column))
        for name, column in zip(names, columns, strict=True)
    ]
    room = width - len(_GAP) * (len(columns) - 1)
    if sum(least) <= room:
        _print(lines, _shared(least, natural, room), sink, width, header=header)
    else:
        _print_records(lines, sink, width, after=not header)


def _shared(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """Return widths between the least and the natural ones: the spare room goes to the narrowest first."""
    widths, spare = list(least), room - sum(least)
    wanting = [at for at in range(len(widths)) if widths[at] < natural[at]]
    while spare > 0 and wanting:
        at = min(wanting, key=widths.__getitem__)
        widths[at] += 1
        spare -= 1
        if widths[at] == natural[at]:
            wanting.remove(at)
    return widths


def _print(
    lines: Sequence[Sequence[str]], widths: Sequence[int], sink: TextIO, width: int, *, header: bool
) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False, show_header=header)
    for head, size in zip(lines[0], widths, strict=True):
        table.add_column(Text(head), width=size, overflow="fold")
    for cells in lines[1:]:
        table.add_row(*map(Text, cells))
    Console(file=sink, width=width).print(table)


def _print_records(lines: Sequence[Sequence[str]], sink: TextIO, width: int, *, after: bool) -> None:
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=sink, width=width)
    names = lines[0]
    size = min(max(map(cell_len, names)), max(1, width * 2 // 3))
    for number, cells in enumerate(lines[1:], 1):
        table = Table(box=None, show_header=False, pad_edge=False, title_justify="left", title_style="none")
        table.add_column(style="bold", width=size, overflow="fold")
        table.add_column(overflow="fold")
        for name, cell in zip(names, cells, strict=True):
            table.add_row(Text(name), Text(cell))
        if number > 1 or after:
            console.print()
        if len(lines) > 2:
            console.print(Text(f"row {number}"))
        console.print(table)
    if len(lines) == 1:
        console.print(Text(_GAP.join(names)), overflow="fold")


def _cells(names: Sequence[str], row: Mapping[str, Any], text: Callable[[Any], str]) -> list[str]:
    return ["" if row.get(name) is None else visible(text(row[name])) for name in names]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    from rich.cells import cell_len  # noqa: PLC0415

    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip(" ") + "\n"
