"""Hypothesis strategies and conformance suites, for our own tests and for those of plug-ins.

Ring: outside of the rings; shipped, and imported by nothing in the package. It may know every
room; its files are named after the room they draw values for. Needs ``hypothesis``, which is
no dependency of the package: install the ``dev`` extra.
"""
