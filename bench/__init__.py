"""Benchmarks: how fast we are beside others who do the same work, in the same run on the same machine.

Outside the house: imports anything, imported by nothing, never part of a test. Start reading at `__main__`, which
asks each family of measures (`load`, `query`, `cells`, `start`) for its findings. Nouns: a *finding* is what one
measure found, ours and a peer's; a *target* is what it must reach or aims at; a *scale* says how much data.

A figure without its peer says little about another machine: compare the ratios.
"""
