"""Examples of public names whose docstrings have none: each goes on where the one before it ended."""

from __future__ import annotations

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "create": """import stcloud as st

lantang = st.create("lantang", crs="EPSG:4548", zone="Asia/Shanghai", calendar="CN")
assert lantang.name == "lantang"
""",
    "open": """with st.open("lantang") as again:
    assert again.name == "lantang"
""",
    "City": """reckoning = lantang.load(
    "requests", "fixtures/district/requests_2024.csv", definition="district-requests"
)
assert reckoning.adds_up
""",
    "Query": """june = lantang.query("requests").when("2024-06").what("status = 'open'")
by_week = june.count(by=["week"])
""",
    "Answer": """assert by_week.groups == ("week",)
assert by_week.to_pandas()["count"].sum() == june.count().to_records()[0]["count"]
""",
    "Cube": """counted = lantang.query("requests").when("2024").cube(cell="500m", every="1M")
assert counted.shape == (12, 168)
""",
    "HotSpots": """spots = counted.hotspots(distance_m=500, steps=1)
assert len(spots.to_pandas()) == 168
""",
    "Explanation": """explanation = june.explain(by=["week"])
assert explanation.plan[0] == "scan requests"
""",
    "StcloudError": """from stcloud.errors import StcloudError

try:
    lantang.query("requests").what("stauts = 'open'")
except StcloudError as error:
    assert error.kind == "unknown-column"
""",
    "read_cube": """st.write_cube(counted, "requests.nc")
assert st.read_cube("requests.nc").shape == counted.shape
""",
    "write_cube": """st.write_cube(counted, "requests.parquet")
""",
}
"""Code by the name that it shows."""
