"""Episodes: what stations measure beyond a threshold becomes events (ring: paas).

Knows: rules as data, readings as arrays, what an episode is. Must not know: layers, files, loads, what the time is.
All of it is pure: readings and a rule in, episodes out.

Nouns: a *rule* says of which value, beyond which threshold, for how long. A reading is *usable* if it has a plausible
value, *beyond* if that is over the threshold, *lasting* if it does not yet end an episode. A *stretch* is a run of
readings beyond, a *run* one of lasting readings. *Episodes* are runs from their first stretch on that is long enough.
A *span* is the part of a station's readings that a change of some of them can affect.

Start at `episoderule.py`, then `detection.py`, which gives the columns of `episodes.py`. `span.py` finds what must be
derived again; `episoderows.py` are the rows of a layer.
"""

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.paas.episode.detection import detect_episodes
    from stcloud.paas.episode.episoderule import EpisodeRule
    from stcloud.paas.episode.episodes import Episodes

__all__ = ["EpisodeRule", "Episodes", "detect_episodes"]

_HOMES = {
    "EpisodeRule": ".episoderule",
    "Episodes": ".episodes",
    "detect_episodes": ".detection",
}

__getattr__ = late_names(__name__, _HOMES)  # pyarrow and pydantic are slow to import
