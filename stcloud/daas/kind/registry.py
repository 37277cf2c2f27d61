"""The registry of layer kinds: by the name that a definition gives.

Tested by `tests/conformance/test_kinds.py`.
"""

from __future__ import annotations

from stcloud.daas.definition import Definition
from stcloud.daas.definition.definition import register_definition
from stcloud.daas.kind.event import EVENT
from stcloud.daas.kind.feature import FEATURE
from stcloud.daas.kind.protocol import LayerKind
from stcloud.daas.kind.scene import SCENE
from stcloud.errors import InternalError

__all__ = ["kind_of", "kinds", "register"]

_KINDS: dict[str, LayerKind] = {}


def register(kind: LayerKind) -> None:
    """Make a kind known: definitions that name it are read, and layers of it are loaded.

    Raises
    ------
    InternalError
        ``kind-registered``: another kind has the name.
    """
    if _KINDS.setdefault(kind.name, kind) is not kind:
        raise InternalError("kind-registered", f"a kind of layers is called '{kind.name}' already")
    register_definition(kind.name, kind.definition)


def kinds() -> tuple[LayerKind, ...]:
    """Return all kinds that are known."""
    return tuple(_KINDS.values())


def kind_of(definition: Definition) -> LayerKind:
    """Return the kind of the layers that a definition is of."""
    return _KINDS[definition.kind]


register(EVENT)
register(FEATURE)
register(SCENE)
