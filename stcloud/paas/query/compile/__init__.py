"""Compiling: from a resolved plan to stages of an engine; reads nothing (ring: paas, in query).

Knows: stages, SQL, functions over batches. Must not know: engines that run them, other layers.

One compiler serves all kinds of rows; what differs between them is in a `RowSource`: `EventRows`, `FeatureRows`.
Nouns: `Compiled` (stages and the files they read), `MemoryCount` (counts of few rows, without SQL), `Adding`
(columns that are given to rows on the way).

Start reading at `compilation.py`.
"""
