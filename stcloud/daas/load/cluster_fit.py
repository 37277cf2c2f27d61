"""What can be loaded on a cluster, and how: refused, in one line, before anything is read or written.

Tested by `tests/conformance/test_cluster_failures.py`.
"""

from __future__ import annotations

from stcloud.daas.definition import Definition
from stcloud.daas.load.cluster_event_load import ClusterEventLoad
from stcloud.daas.load.cluster_feature_load import ClusterFeatureLoad
from stcloud.daas.load.steps import LoadContext
from stcloud.errors import Unsupported
from stcloud.iaas.engine.cluster import Cluster

__all__ = ["cluster_load", "refuse_unfit"]

_LOADS: dict[str, type[ClusterEventLoad | ClusterFeatureLoad]] = {
    "event": ClusterEventLoad,
    "feature": ClusterFeatureLoad,
}


def refuse_unfit(cluster: Cluster, definition: Definition) -> None:
    """Refuse what a cluster cannot load.

    Raises
    ------
    Unsupported
        ``engine-lacks``: the layer is none of events or features.
    """
    if definition.kind not in _LOADS:
        raise Unsupported(
            "engine-lacks",
            f"{cluster.url} cannot do this load: '{definition.id}' defines {definition.kind}s, "
            "and it loads events and features",
            hint="load without engine=", in_shell="load without --engine",
        )  # fmt: skip


def cluster_load(
    context: LoadContext, names: tuple[str, ...], cluster: Cluster
) -> ClusterEventLoad | ClusterFeatureLoad:
    """Return the reading and the steps of a load whose work a cluster does."""
    return _LOADS[context.definition.kind](context, names, cluster)
