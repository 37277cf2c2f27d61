"""Draw the pictures that README and pages show: some of those that ``stcloud demo`` draws.

::

    python docs/pictures.py    rewrites docs/images/map.png, chart.png and hotspots.png

Tested by ``tests/saas/demo/test_tour.py``, which draws them again and compares.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from stcloud.saas.demo import run

IMAGES = Path(__file__).resolve().parent / "images"
PICTURES = {"map.png": "units.png", "chart.png": "months.png", "hotspots.png": "hotspots.png"}
"""What a picture is called here, and in the demo."""
COLOURS = 64


def main() -> None:
    """Run the demo and keep some pictures, in few colours."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        run(folder)
        for name, drawn in PICTURES.items():
            picture = Image.open(folder / "pictures" / drawn).convert("RGB")
            picture.quantize(COLOURS).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
