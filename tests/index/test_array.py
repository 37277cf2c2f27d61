"""Frozen arrays: a view that cannot be written, of the same bytes."""

import numpy as np
import pytest

from stcloud.index.array import frozen


def test_a_frozen_array_shares_its_bytes_and_cannot_be_written():
    values = np.arange(5)
    view = frozen(values)
    values[0] = 9
    assert view.tolist() == [9, 1, 2, 3, 4]
    assert np.shares_memory(view, values)
    assert values.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_a_mapped_file_is_not_copied(tmp_path):
    np.save(tmp_path / "values.npy", np.arange(5.0))
    mapped = np.load(tmp_path / "values.npy", mmap_mode="r")
    assert np.shares_memory(frozen(mapped), mapped)
