"""Loads (ring: daas): from a source file to one atomic commit and a reckoning of every row.

Nouns: `LoadRequest` (what a caller states), `LoadSequence` (several files for one layer), `Loader` (one file).
Start at `loader.py`.
"""
