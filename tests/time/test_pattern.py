"""Formats that are read, and those that are refused."""

import pytest

from stcloud.errors import InvalidInput
from stcloud.time import check_format


@pytest.mark.parametrize(
    "text",
    [
        "iso",
        "epoch-s",
        "epoch-ms",
        "%Y",
        "%m/%d/%Y %I:%M:%S %p",
        "%Y%m%d%H%M%S",
        "%d %B %y",
        "%j/%Y",
        "%Y年%m月%d日",
        "%Y%%%m",
    ],
)
def test_formats_that_are_read(text):
    """A year, and whatever else is certain."""
    check_format(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("%Y-%m-%d %Q", "%Q is not supported"),
        ("%a %d %b %Y", "%a is not supported"),
        ("%Y-%m-%d %", "% is not supported"),
        ("%m/%d", "it has no year"),
        ("", "it has no year"),
        ("ISO", "it has no year"),
        ("%Y %d", "%d needs %m or %b or %B"),
        ("%Y %I:%M", "%I needs %p"),
        ("%Y %H:%M %p", "%p needs %I"),
        ("%Y %M", "%M needs %H or %I"),
        ("%Y %H:%S", "%S needs %M"),
        ("%Y %H:%M.%f", "%f needs %S"),
        ("%Y %y", "%Y and %y tell the same"),
        ("%Y %m %b", "%m and %b tell the same"),
        ("%Y %m %j", "%m and %j tell the same"),
        ("%Y-%m-%dT%H:%M:%SZ", "use %z"),
        ("%Y-%m-%dT%H:%M:%S.000Z", "use %z"),
        ("%Y-%m-%d %H:%M:%S UTC", "use %z"),
        ("%Y-%m-%d %H:%M:%S+08:00", "use %z"),
        ("%S%f%H%M%Y", "where %f ends before %H"),
    ],
)
def test_formats_that_could_only_be_guessed_are_refused(text, told):
    """The directive that is wrong, missing or told twice is named; an offset is no decoration."""
    with pytest.raises(InvalidInput) as caught:
        check_format(text)
    assert caught.value.kind == "unknown-time-format"
    assert told in str(caught.value)
