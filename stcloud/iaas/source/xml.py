"""XML files, looked at before GDAL opens them: no entities, no schema from elsewhere.

Tested by ``tests/iaas/source/test_vector.py``.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from stcloud.errors import InvalidInput

__all__ = ["plain_gml", "refuse_entities"]

_BLOCK_BYTES = 4 << 20
_HEAD_BYTES = 1 << 20
_SCHEMA = re.compile(rb"(?i)schemaLocation")
_NO_SCHEMA = b"schemaIgnored_"


def refuse_entities(path: Path, name: str) -> None:
    """Refuse with ``unreadable-source`` an XML file that defines entities of its own."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if re.search(rb"(?i)<!(DOCTYPE|ENTITY)", head.replace(b"\0", b"")):
        raise InvalidInput(
            "unreadable-source", f"{name} cannot be read: it defines entities (<!DOCTYPE …>)",
            hint="write it again without them",
        )  # fmt: skip


def plain_gml(path: Path, folder: Path) -> Path:
    """Copy a GML file, and a schema of its name beside it, without links to other schemas; return the copy."""
    target = folder / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as source, target.open("wb") as sink:
        sink.write(_SCHEMA.sub(_NO_SCHEMA, source.read(_HEAD_BYTES)))
        shutil.copyfileobj(source, sink, _BLOCK_BYTES)
    schema = path.with_suffix(".xsd")
    if schema.is_file() and schema.stat().st_size < _BLOCK_BYTES:
        target.with_suffix(".xsd").write_bytes(_SCHEMA.sub(_NO_SCHEMA, schema.read_bytes()))
    return target
