"""Resolve: a plan's conditions and groups made ready to be compiled (ring: paas, in query).

This is the only stage besides the run that reads another layer. Knows: plans, layers as they were known at one
instant. Must not know: SQL, engines, answers.

Nouns: a `Resolver` (resolves what one query names, once), a `Resolution` (a plan with what its conditions and groups
stand for), `Bounds` (which files may hold a wanted row), a `Scope` (where and when events may be), a `Pin` (the
recorded instants that an answer was given at).

Start reading at `resolver.py`.
"""
