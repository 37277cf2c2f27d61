"""How much: what is told of a group of rows (ring: paas, in query).

Knows: counts, sums, quantiles, durations, rates, and their SQL. Must not know: how rows are read, what is made of the
answer: `compile` writes the statement, `run` the answer.

Nouns: a `Measure` (what is told of a group), a `Duration`.
"""
