"""The page of evaluation has the bundled indicators and policies, and the laws that are tested."""

import re
from pathlib import Path

from stcloud.paas.case.evaluation import read_scheme
from stcloud.paas.case.evaluation.cohort import Cohort

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "evaluation.md").read_text(encoding="utf-8")
LAWS = (ROOT / "tests" / "paas" / "case" / "evaluation" / "test_evaluation.py").read_text(encoding="utf-8")


def indicator_table(scheme):
    """Return the rows of the page's table of indicators."""
    for name, clause in scheme.indicators.items():
        counts = clause.numerator
        if clause.times:
            counts = f"{clause.times} of {counts}"
        if clause.start:
            counts = f"hours from {clause.start} to {clause.end} of {counts}"
        without = f", without {', '.join(clause.exclude)}" if clause.exclude else ""
        of = f"{clause.denominator or '–'}{without}"
        yield f"| `{name}` | {clause.title_zh} | {counts} | {of} | {Cohort(clause.basis)} | {clause.direction} |"


def test_the_table_of_indicators_is_that_of_the_scheme():
    table = "\n".join(indicator_table(read_scheme("urban-management")))
    assert table in PAGE, f"write this table into docs/explanation/evaluation.md:\n{table}"


def test_every_variant_is_on_the_page():
    policies = read_scheme("urban-management").policies.clauses
    assert [name for name, clause in policies.items() if clause.variant_of and f"`{name}`" not in PAGE] == []


def test_the_laws_of_the_page_are_tests():
    laws = re.findall(r"^- \*\*(.+?)\.\*\*", PAGE[PAGE.index("## Three laws") :], re.MULTILINE)[:3]
    names = ["test_" + law.lower().replace("/", "").replace(" ", "_") for law in laws]
    assert [name for name in names if f"def {name}(" not in LAWS] == []
