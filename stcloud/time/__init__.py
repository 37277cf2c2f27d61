"""Time in a city: spans, `when` expressions, calendar bins, and the way between wall clock and UTC.

Ring: the innermost but for `errors`; pure. Knows the calendar and the time zones. Must not know layers,
files, engines, nor what time it is now.

Nouns: `Zone` (an IANA time zone), `Span` and `Spans` (half-open pieces of time), `When` (the time condition
of a query), `Relation` (how two intervals lie to each other), `Calendar` (a country's working days, with the
`CityDays` that a city has published; `PublishedDays` are all that it ever did), `WorkTime` (when people work, in
`OfficeHours`), `Binning` (a way to cut time for counting: a `Bin` of the calendar, a `DayRun` of n days), `Every`
(the step of a series or a cube), `TimeBins` (the bins of a piece of time), `StampResult` (a column of written
timestamps, read). An instant is an int64, UTC microseconds since 1970-01-01T00:00Z, named ``…_us``; ``local_us`` is
what the wall clock shows.

Start reading at `zone` (with `transition`), then `span`. `expression` is the grammar of what people write, with
`relative`; `recurrence`, `season` and `workday` are what comes again; `worktime` is how much
of it has passed; `when` puts them together. `period` finds the period to compare with. `stamp` reads files: `pattern`
knows the formats, `step` their parts, `cursor` reads many texts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stcloud.late import late_names

if TYPE_CHECKING:
    from stcloud.time.bin import Bin
    from stcloud.time.binning import Binning
    from stcloud.time.citydays import CityDays
    from stcloud.time.civil import civil_us
    from stcloud.time.day_run import DayRun
    from stcloud.time.every import Every
    from stcloud.time.expression import parse_instant, parse_when, read_instant, read_when
    from stcloud.time.holiday import Disagreement
    from stcloud.time.instant import Instant, TimeSpan, instant_text, instant_us, span_text
    from stcloud.time.micros import Bools, Micros
    from stcloud.time.officehours import OfficeHours
    from stcloud.time.pattern import check_format
    from stcloud.time.period import check_comparison, earlier
    from stcloud.time.publisheddays import NO_PUBLISHED_DAYS, PublishedDays
    from stcloud.time.relation import Comparison, End, Relation
    from stcloud.time.relative import is_relative, read_relative
    from stcloud.time.span import Span, Spans
    from stcloud.time.stamp import EARLIEST_US, LATEST_US, StampResult, read_stamps
    from stcloud.time.timebins import TimeBins
    from stcloud.time.transition import Transitions
    from stcloud.time.when import When
    from stcloud.time.workday import Calendar, Days
    from stcloud.time.worktime import WorkTable, WorkTime
    from stcloud.time.zone import Zone

__all__ = [
    "EARLIEST_US",
    "LATEST_US",
    "NO_PUBLISHED_DAYS",
    "Bin",
    "Binning",
    "Bools",
    "Calendar",
    "CityDays",
    "Comparison",
    "DayRun",
    "Days",
    "Disagreement",
    "End",
    "Every",
    "Instant",
    "Micros",
    "OfficeHours",
    "PublishedDays",
    "Relation",
    "Span",
    "Spans",
    "StampResult",
    "TimeBins",
    "TimeSpan",
    "Transitions",
    "When",
    "WorkTable",
    "WorkTime",
    "Zone",
    "check_comparison",
    "check_format",
    "civil_us",
    "earlier",
    "instant_text",
    "instant_us",
    "is_relative",
    "parse_instant",
    "parse_when",
    "read_instant",
    "read_relative",
    "read_stamps",
    "read_when",
    "span_text",
]

_HOMES = {
    "Bin": ".bin", "Binning": ".binning", "Bools": ".micros", "Calendar": ".workday",
    "CityDays": ".citydays", "civil_us": ".civil", "Disagreement": ".holiday", "OfficeHours": ".officehours",
    "WorkTable": ".worktime", "WorkTime": ".worktime",
    "check_comparison": ".period", "check_format": ".pattern", "Comparison": ".relation",
    "DayRun": ".day_run", "Days": ".workday", "earlier": ".period", "EARLIEST_US": ".stamp",
    "End": ".relation", "Every": ".every", "Instant": ".instant", "instant_text": ".instant",
    "instant_us": ".instant", "is_relative": ".relative", "LATEST_US": ".stamp", "Micros": ".micros",
    "parse_instant": ".expression", "parse_when": ".expression", "read_instant": ".expression",
    "read_relative": ".relative", "read_stamps": ".stamp", "read_when": ".expression",
    "NO_PUBLISHED_DAYS": ".publisheddays", "PublishedDays": ".publisheddays", "Relation": ".relation",
    "Span": ".span", "Spans": ".span", "span_text": ".instant",
    "StampResult": ".stamp", "TimeBins": ".timebins", "TimeSpan": ".instant", "Transitions": ".transition",
    "When": ".when", "Zone": ".zone",
}  # fmt: skip

__getattr__ = late_names(__name__, _HOMES)  # pyarrow is slow to import
