"""What the operating system refuses is one kind of error, whoever met it first."""

import errno

import pytest

from stcloud.errors import StorageError
from stcloud.iaas.store.oserror import one_line, os_errno, storage_error, storage_errors


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no-permission"),
        (errno.EPERM, "no-permission"),
        (errno.EIO, "storage"),
    ],
)
def test_numbers_have_kinds(number, kind):
    with pytest.raises(StorageError, match="could not write a: ") as refused, storage_errors("write a"):
        raise OSError(number, "no")
    assert refused.value.kind == kind


def test_a_library_that_only_wrote_the_number_is_understood():
    error = RuntimeError("Generic LocalFileSystem error: \n ↳ Unable: No space left on device (os error 28)")
    assert os_errno(error) == errno.ENOSPC
    assert storage_error("write a", error).kind == "disk-full"
    assert "\n" not in one_line(error)
    assert os_errno(ValueError("no number")) is None
    assert one_line(ValueError()) == "ValueError"


def test_our_own_errors_pass():
    with pytest.raises(StorageError) as refused, storage_errors("do more"):
        raise StorageError("read-only", "as it was")
    assert refused.value.message == "as it was"
    with pytest.raises(ZeroDivisionError), storage_errors("divide"):
        raise ZeroDivisionError
