"""Moving maps: a frame for each bin of time, in the same classes, the same bytes each time."""

import hashlib

import numpy as np
import pytest
from PIL import Image, ImageColor

from stcloud.errors import InvalidInput, Unsupported
from stcloud.paas.query import Question
from stcloud.saas.paper.movingmap import write_moving_map
from stcloud.saas.paper.paper import known_of
from stcloud.saas.report.palette import SEQUENTIAL

WEEKS = Question(layer="calls", when="2024-06", by="in:communities")


def pinned(city, question):
    return question.model_copy(update={"known_at": known_of(city)})


def test_a_moving_map_has_a_frame_for_each_bin_in_fixed_classes(paper_city, tmp_path):
    frames = write_moving_map(paper_city, pinned(paper_city, WEEKS), tmp_path / "a.gif", every="week")
    assert frames == 5  # of 2024-W22 to W26
    again = write_moving_map(paper_city, pinned(paper_city, WEEKS), tmp_path / "b.gif", every="week")
    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.gif", "b.gif")}
    assert (again, len(digests)) == (5, 1)
    with Image.open(tmp_path / "a.gif") as image:
        assert (image.n_frames, image.size) == (5, (1000, 760))
        pictures = []
        for frame in range(5):
            image.seek(frame)
            pictures.append(np.asarray(image.convert("RGB")))
    least, most = (ImageColor.getrgb(SEQUENTIAL[at]) for at in (0, -1))
    swatches = [[bool((picture == face).all(axis=2).any()) for face in (least, most)] for picture in pictures]
    assert all(all(pair) for pair in swatches)  # the legend names all classes in every frame
    assert len({picture[690:750, 700:].tobytes() for picture in pictures}) == 5  # the time in the corner
    assert (tmp_path / "a.gif").stat().st_size < 1_000_000


@pytest.mark.parametrize(("question", "every", "kind"), [
    (WEEKS, "hour", "unknown-frame"), (Question(layer="communities"), None, "no-map"),
    (Question(layer="calls", what="id = 0", when="2024"), None, "no-geometry"),
])  # fmt: skip
def test_what_cannot_move_is_refused(paper_city, tmp_path, question, every, kind):
    with pytest.raises((InvalidInput, Unsupported)) as refused:
        write_moving_map(paper_city, pinned(paper_city, question), tmp_path / "c.gif", every=every)
    assert refused.value.kind == kind
    assert not (tmp_path / "c.gif").exists()


def test_too_many_frames_are_refused(paper_city, tmp_path, monkeypatch):
    monkeypatch.setattr("stcloud.saas.paper.movingmap.MOST_FRAMES", 4)
    with pytest.raises(InvalidInput) as refused:
        write_moving_map(paper_city, pinned(paper_city, WEEKS), tmp_path / "c.gif", every="week")
    assert refused.value.kind == "too-many-frames"
