"""Layer kinds (ring: daas): what differs between layers of events, of features, of scenes, and of kinds yet to come.

Knows: what the rows of a kind look like, how they are loaded, compared, taken back and checked. Must not know: how a
load runs (`load.template`), what other kinds do. Nothing outside asks which kind a layer is: it asks the kind.

Nouns: `LayerKind` (the protocol), `EVENT`, `FEATURE`, `SCENE`, the registry. Start at `protocol.py`.

Tested by `tests/conformance/test_kinds.py`.
"""
