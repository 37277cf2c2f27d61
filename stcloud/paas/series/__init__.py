"""Series: readings of stations as arrays (ring: paas)."""

from stcloud.paas.series.readings import Readings

__all__ = ["Readings"]
