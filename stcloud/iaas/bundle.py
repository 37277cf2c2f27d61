"""What travels with the package: bundled definitions, tables of classes, and grids.

In a wheel these lie in ``stcloud/_bundled``; in a checkout or an editable install they lie beside the
package. Both are found alike.

Tested by ``tests/layers/test_bundled.py``.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "bundled",
    "bundled_text",
    "code_tables",
    "condition_examples",
    "definitions",
    "grids",
    "indicator_frames",
    "indicator_schemes",
    "score_tables",
    "workflows",
]


def bundled(*parts: str) -> Path:
    """Return the path of a bundled file or folder, e.g. ``bundled("layers", "nyc-311.toml")``.

    >>> bundled("layers").is_dir()
    True
    """
    package = Path(__file__).parents[1]
    inside = package / "_bundled"
    return (inside if inside.is_dir() else package.parent).joinpath(*parts)


def definitions() -> tuple[str, ...]:
    """Return the names of the bundled layer definitions, sorted.

    >>> "nyc-311" in definitions()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers").glob("*.toml")))


def code_tables() -> tuple[str, ...]:
    """Return the names of the bundled tables of classes, kind and edition, sorted.

    >>> code_tables()
    ('component-2013', 'component-2026', 'matter-2013', 'matter-2026')
    """
    return tuple(
        sorted(path.stem for path in bundled("layers", "classes").glob("*-[0-9][0-9][0-9][0-9].csv"))
    )


def condition_examples() -> tuple[str, ...]:
    """Return the names of the bundled examples of filing conditions, sorted.

    >>> condition_examples()
    ('example-a', 'example-b')
    """
    paths = bundled("layers", "classes").glob("conditions-*.csv")
    return tuple(sorted(path.stem.removeprefix("conditions-") for path in paths))


def grids() -> tuple[str, ...]:
    """Return the names of the bundled grids and code schemes, sorted.

    >>> "unit-grid-15" in grids()
    True
    """
    return tuple(sorted(path.stem for path in bundled("grids").glob("*.toml")))


def workflows() -> tuple[str, ...]:
    """Return the names of the bundled workflows, sorted.

    >>> "urban-management" in workflows()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers", "workflows").glob("*.toml")))


def request_columns() -> tuple[str, ...]:
    """Return the definitions whose columns of requests are bundled, sorted.

    >>> "stl-csb" in request_columns()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers", "imports").glob("*.toml")))


def case_clocks() -> tuple[str, ...]:
    """Return the names of the bundled rules of clocks, sorted.

    >>> "urban-management" in case_clocks()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers", "clocks").glob("*.toml")))


def indicator_schemes() -> tuple[str, ...]:
    """Return the names of the bundled documents of indicators, sorted.

    >>> "urban-management" in indicator_schemes()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers", "indicators").glob("*.toml")))


def indicator_frames() -> tuple[str, ...]:
    """Return the names of the bundled trees that indicators of a city may hang in, sorted.

    >>> indicator_frames()
    ('smart-city-2016', 'smart-city-pudong-2011')
    """
    return tuple(sorted(path.stem for path in bundled("layers", "frames").glob("*.toml")))


def score_tables() -> tuple[str, ...]:
    """Return the names of the bundled tables of scores, sorted.

    >>> "jinniu-example" in score_tables()
    True
    """
    return tuple(sorted(path.stem for path in bundled("layers", "scores").glob("*.toml")))


def bundled_text(*parts: str) -> str:
    """Return the text of a bundled file."""
    return bundled(*parts).read_text(encoding="utf-8")
