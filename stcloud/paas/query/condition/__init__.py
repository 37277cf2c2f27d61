"""Conditions of queries, each one object that decides rows in three forms (ring: paas, in query).

A condition of a plan is resolved once, to conditions that read no other layer. Those have the same meaning as a mask
over a batch (exact), as SQL (exact, or a superset where SQL cannot express it) and as limits of files and rows (a
superset). The law, for every one of them: ``mask`` ⊆ ``sql`` ⊆ ``limits``; ``tests/conformance/test_conditions.py``
holds them to it.

Knows: columns, instants, SQL expressions, geometry. Must not know: engines, answers, how other layers are read.

Nouns, of the plan → resolved: `Known` (believed at an instant) → itself, `KnownByEnds`; `During` (started at a
time) → itself; `Related`, `AsOf` (how a period lies to a time) → `PeriodTest`; `Place` (areas and cells) →
`InArea`, `TouchesArea`; `Located` (features, formulas) → `Sited`, `Touched`; `InUnits` → itself; `OnDuty` →
`Sited`; `Predicate` (a filter) → `Filtered`, `FilteredInMemory`.
"""
