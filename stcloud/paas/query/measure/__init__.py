"""How much: what is told of groups of rows, beside an earlier period, at every instant (ring: paas, in query).

Knows: counts, sums, quantiles, durations, rates, comparisons, steps in time. Must not know: how rows are read.

Nouns: a `Measure` (what is told of a group), a `Duration`, a *rate* (a count over an area or inhabitants), a
`Selection` (which groups are wanted, in which order), an `Amount` and the `Steps` in which it changes, `Holders`
(which feature held a row).

Start reading at `measure.py`, then `summary.py` (SQL) and `measuring.py` (the whole answer); `sequence.py` is pure.
"""
