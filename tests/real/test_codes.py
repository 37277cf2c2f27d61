"""Division codes of China as published: each begins a unit's code, and numbers mean what the scheme says."""

import csv

import pyarrow as pa
import pytest

from stcloud.iaas.bundle import bundled_text
from stcloud.paas.grid.code import prefix_range, problem, problems
from stcloud.paas.grid.scheme import Scheme

FILES = {
    "district": "areas_2023.csv",
    "street": "streets_2023.csv",
    "community": "communities_2023_beijing_shanghai_wuhan_xiamen.csv",
}
COUNTS = {"district": 2978, "street": 41_352, "community": 18_094}
NUMBERS = {
    "街道": {"001", "400"}, "镇": {"100", "400"}, "乡": {"200", "400"}, "苏木": {"200"}, "农场": {"400"},
    "居委会": {"001", "400"}, "居民委员会": {"001"}, "村委会": {"200"}, "村民委员会": {"200"},
}  # fmt: skip


@pytest.fixture(scope="module")
def china(real_data):
    folder = real_data / "china"
    if not folder.is_dir():
        pytest.skip("the division codes of China are not among the real data")
    return folder


@pytest.fixture(scope="module", params=["unit-grid-15", "unit-grid-14"])
def scheme(request):
    return Scheme.from_toml(bundled_text("grids", f"{request.param}.toml"), name=request.param)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["code"], row["name"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", FILES)
def test_each_division_code_is_a_prefix(china, scheme, name):
    codes = [code for code, _ in rows(china / FILES[name])]
    assert len(codes) == COUNTS[name]
    assert problems(pa.array(codes), scheme, prefix=name).null_count == len(codes)
    assert all(problem(code, scheme, prefix=name) is None for code in codes[:100])


def test_the_codes_of_2016_are_prefixes(china, scheme):
    codes = []
    for path in sorted((china / "adcode_2016").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            codes += [(row[0], row[3]) for row in csv.reader(file)]
    kept = [code for code, kind in codes if kind == "village"]
    assert len(kept) == 3594
    assert problems(kept, scheme, prefix="community").null_count == len(kept)
    towns = [code[:9] for code, kind in codes if kind == "town"]
    assert problems(towns, scheme, prefix="street").null_count == len(towns) == 214


@pytest.mark.parametrize("part", ["street", "community"])
def test_numbers_mean_what_the_scheme_says(china, scheme, part):
    """Of 59,446 codes one is in no range: 350527000, a county that has no streets of its own."""
    ending, strays = scheme.prefix_length(part), []
    for code, name in rows(china / FILES[part]):
        (one,) = [one for one in scheme.parts if one.name == part]
        value = code[ending - 3 :]
        found = next((each for each in one.ranges if each.start <= value <= each.end), None)
        if found is None:
            strays.append(code)
            continue
        for kind, starts in NUMBERS.items():
            if name.endswith(kind):
                assert found.start in starts, (code, name, found.meaning)
    assert strays == (["350527000"] if part == "street" else [])


def test_a_street_is_a_range_of_communities(china, scheme):
    streets = [code for code, _ in rows(china / FILES["street"])]
    communities = [code for code, _ in rows(china / FILES["community"]) if code.startswith("4201")]
    for street in [code for code in streets if code.startswith("4201")]:
        low, high = prefix_range(street, scheme)
        assert [code for code in communities if low <= code < high] == [
            code for code in communities if code[:9] == street
        ]
