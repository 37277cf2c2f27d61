"""Resolve: a plan's conditions and groups made ready to be compiled (ring: paas, in query).

This is the only stage besides the run that reads another layer. Knows: plans, layers as they were known at one
instant. Must not know: how a plan is compiled and run.

Nouns: a `Resolver` (resolves what one query names, once), a `Resolution` (a plan with what its conditions and groups
stand for), `PointRows` and `ShapeRows` (how conditions fall on events and on features), `Features` (one version of a
feature layer, ready for queries), `Bounds` (which files may hold a wanted row), a `Scope` (where and when events may
be), a `Subject` (what a query is about).

Start reading at `resolver.py`.
"""
