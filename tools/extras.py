"""Install a wheel with each extra alone into a fresh environment, use what the extra is for, and say what it costs.

``python -m build``, then ``python tools/extras.py dist/stcloud-*.whl [EXTRA…]``: some minutes; it needs a package
index. An extra fails where it does not install, where packages contradict each other, where its feature
fails, or where the core, which lacks it, does not say in a line which to install. With ``UV=uv``, uv installs.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = ("dev", "bench")
TOWN = """
import sys
import stcloud as st
city = st.create("town", crs="EPSG:4548", zone="Asia/Shanghai")
city.load("requests", sys.argv[1], definition="district-requests")
assert city.query("requests").count().to_pandas()["count"].sum() > 10_000
"""
SERVED = """
import subprocess, sys, time, urllib.request
served = subprocess.Popen(["stcloud", "serve", "town", "--port", "18473"])
try:
    for _ in range(300):
        time.sleep(0.2)
        if served.poll() is not None:
            sys.exit(1)
        try:
            assert urllib.request.urlopen("http://127.0.0.1:18473/collections?f=json").status == 200
            break
        except OSError:
            continue
    else:
        sys.exit("it does not answer")
finally:
    served.terminate()
"""
UNREACHED = """
import stcloud as st
try:
    st.open("town", engine="sc://127.0.0.1:1").query("requests").count().to_pandas()
except st.errors.MissingExtra as error:
    raise SystemExit(f"{error} {error.hint}")
except st.errors.StcloudError as error:
    print(error.kind)
"""
SIGNED = "from stcloud.iaas.package.signature import verified_key; assert verified_key(b'{}', b'') is None"
CODES = "from stcloud.paas.grid.equivalent import geohash, h3; print(h3([117.0], [31.9]), geohash([117.0], [31.9]))"
POSITIONS = (
    "from stcloud.iaas.feed.vehiclepositions import rows_of_positions as rows; assert rows({feed!r}) == []"
)
FEED = b"\x0a\x05\x0a\x032.0"
"""A feed of no vehicles, of the version 2.0 of GTFS Realtime."""
IMAGE = "import stcloud.iaas.raster.drivers as d\nwith d.gdal() as g: print(g.__version__)"
MONTHS = "stcloud cube town requests --when 2024 --cell 500m --every month -o months.nc"
REPORT = "stcloud report town week.toml -o week.html"
CONSOLE = "import stcloud as st; assert st.open('town').console() is not None"
FEATURES = {
    "postgres": ["python", "-c", "import stcloud.iaas.records.postgres"],
    "spark": ["python", "-c", UNREACHED],
    "xlsx": shlex.split("stcloud query town requests --when 2024-06 --by week -o weeks.xlsx"),
    "cube": shlex.split(MONTHS),
    "scene": ["python", "-c", IMAGE],
    "report": shlex.split(REPORT),
    "web": ["python", "-c", SERVED],
    "notebook": ["python", "-c", CONSOLE],
    "live": ["python", "-c", POSITIONS.format(feed=FEED)],
    "exchange": ["python", "-c", SIGNED],
    "codes": ["python", "-c", CODES],
}
"""What an extra is for, as a command; the core's answer to it names the extra."""


def run(command: list[str], home: Path) -> tuple[int, str]:
    """Run a command in an environment, in the folder with the town; return its exit code and what it says."""
    named = {"PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STCLOUD"))}
    done = subprocess.run(
        command, cwd=home.parent, env=kept | named, capture_output=True, text=True, check=False, timeout=900
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def installed(wheel: Path, extra: str, folder: Path) -> tuple[Path, float]:
    """Return an environment with a wheel and an extra of it, and how long it took to install, in seconds."""
    home = folder / (extra or "core")
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    what = [
        "install",
        "--quiet",
        "--constraint",
        ROOT / "constraints.txt",
        f"{wheel}{f'[{extra}]' if extra else ''}",
    ]
    uv = os.environ.get("UV")
    begun = time.monotonic()
    command = [uv, "pip", what[0], "--python", home / "bin" / "python", *what[1:]] if uv else None
    subprocess.run(command or [home / "bin" / "python", "-m", "pip", *what], check=True)
    return home, time.monotonic() - begun


def faults(extra: str, home: Path, core: Path) -> list[str]:
    """Return what is wrong with an extra."""
    found = []
    for command in (["python", "-m", "pip", "check"], FEATURES[extra]):
        code, said = run(command, home)
        if code:
            found.append(said)
    code, said = run(FEATURES[extra], core)
    if code == 0 or not any(f"pip install 'stcloud[{extra}]'" in line for line in said.splitlines()):
        found.append(f"the core says without it: {said}")
    return found


def main(arguments: list[str]) -> int:
    """Try the extras that are named, or all."""
    wheel = Path(arguments[0]).resolve()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = arguments[1:] or [one for one in project["optional-dependencies"] if one not in OURS]
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        core, took_s = installed(wheel, "", Path(name))
        for command in (
            ["python", "-c", TOWN, str(ROOT / "fixtures/district/requests_2024.csv")],
            shlex.split("stcloud query town requests --when 2024-W23 --count --save week.toml"),
            ["python", "-m", "pip", "check"],
        ):
            code, said = run(command, core)
            if code:
                sys.exit(said)
        least_mb = megabytes(core)
        print(f"core: {took_s:.0f} s, {least_mb} MB", flush=True)
        for extra in extras:
            home, took_s = installed(wheel, extra, Path(name))
            found = faults(extra, home, core)
            print(
                f"{extra}: {took_s:.0f} s, +{megabytes(home) - least_mb} MB {'; '.join(found) or 'good'}",
                flush=True,
            )
            bad += bool(found)
            shutil.rmtree(home)
    return int(bad > 0)


def megabytes(folder: Path) -> int:
    """Return how much disk the files of a folder take, without bytecode."""
    sizes = (one.lstat().st_size for one in folder.rglob("*") if one.suffix != ".pyc")
    return round(sum(sizes) / 1e6)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
