"""What can be loaded on a cluster: refused, in one line, before anything is read or written.

Tested by `tests/conformance/test_cluster_failures.py`.
"""

from __future__ import annotations

from stcloud.daas.definition import Definition, EventDefinition
from stcloud.errors import Unsupported
from stcloud.iaas.engine.cluster import Cluster

__all__ = ["refuse_unfit"]


def refuse_unfit(cluster: Cluster, definition: Definition) -> None:
    """Refuse what a cluster cannot load.

    Raises
    ------
    Unsupported
        ``engine-lacks``: the layer is none of events.
    """
    if not isinstance(definition, EventDefinition):
        raise _lacks(cluster, f"'{definition.id}' defines {definition.kind}s, and it loads events")


def _lacks(cluster: Cluster, why: str) -> Unsupported:
    return Unsupported(
        "engine-lacks", f"{cluster.url} cannot do this load: {why}",
        hint="load without engine=", in_shell="load without --engine",
    )  # fmt: skip
