"""Units of measured values: a closed table of factors, by which a value is converted exactly as declared.

Tested by `tests/daas/definition/test_series_clause.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stcloud.errors import nearest

__all__ = ["UNITS", "UnitConversion", "conversion", "require_unit"]


@dataclass(frozen=True, slots=True)
class UnitConversion:
    """How a value in one unit becomes one in another: ``value * factor + offset``."""

    factor: float
    offset: float = 0.0

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return (self.factor, self.offset) != (1.0, 0.0)


_DIMENSIONS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "mass concentration": {
        "g/m3": (1e6, 0), "mg/m3": (1e3, 0), "ug/m3": (1, 0), "ng/m3": (1e-3, 0),
        "mg/L": (1e6, 0), "ug/L": (1e3, 0),
    },
    "share": {"1": (1, 0), "%": (0.01, 0), "ppm": (1e-6, 0), "ppb": (1e-9, 0)},
    "temperature": {"degC": (1, 0), "K": (1, -273.15), "degF": (5 / 9, -160 / 9)},
    "pressure": {"Pa": (1, 0), "hPa": (100, 0), "kPa": (1000, 0), "mbar": (100, 0), "bar": (1e5, 0)},
    "length": {"um": (1e-6, 0), "mm": (1e-3, 0), "cm": (0.01, 0), "m": (1, 0), "km": (1000, 0)},
    "speed": {"mm/h": (1e-3 / 3600, 0), "m/s": (1, 0), "km/h": (1 / 3.6, 0), "kn": (1852 / 3600, 0)},
    "flow": {"m3/s": (1, 0), "m3/h": (1 / 3600, 0), "L/s": (1e-3, 0)},
    "power": {"W": (1, 0), "kW": (1000, 0), "MW": (1e6, 0)},
    "energy": {"J": (1, 0), "kJ": (1000, 0), "Wh": (3600, 0), "kWh": (3.6e6, 0)},
    "irradiance": {"W/m2": (1, 0), "kW/m2": (1000, 0)},
    "conductivity": {"S/m": (1, 0), "uS/cm": (1e-4, 0), "mS/cm": (0.1, 0)},
    "time": {"s": (1, 0), "min": (60, 0), "h": (3600, 0), "d": (86400, 0)},
    "angle": {"degree": (1, 0)},
    "sound level": {"dB": (1, 0)},
    "illuminance": {"lx": (1, 0)},
    "voltage": {"V": (1, 0), "mV": (1e-3, 0)},
    "turbidity": {"NTU": (1, 0)},
    "count": {"count": (1, 0)},
}  # fmt: skip
"""Units by what they measure: factor and offset to the first of them that has factor 1."""

UNITS: Mapping[str, str] = {unit: dimension for dimension, units in _DIMENSIONS.items() for unit in units}
"""What each known unit measures."""


def require_unit(unit: str) -> None:
    """Refuse a unit that the table does not have; ``ValueError`` with the nearest ones."""
    if unit not in UNITS:
        close = nearest(unit, UNITS) or tuple(UNITS)
        raise ValueError(f"unknown unit '{unit}'; nearest: {', '.join(close)}")


def conversion(source: str, target: str) -> UnitConversion:
    """Return how values in one unit become values in another.

    Raises
    ------
    ValueError
        A unit is unknown, or they measure different things.

    Examples
    --------
    >>> conversion("mg/m3", "ug/m3").factor
    1000.0
    """
    require_unit(source)
    require_unit(target)
    if UNITS[source] != UNITS[target]:
        raise ValueError(
            f"'{source}' is a unit of {UNITS[source]} and '{target}' of {UNITS[target]}: no factor leads there"
        )
    (factor, offset), (other, base) = (_DIMENSIONS[UNITS[unit]][unit] for unit in (source, target))
    return UnitConversion(float(factor / other), float((offset - base) / other))
