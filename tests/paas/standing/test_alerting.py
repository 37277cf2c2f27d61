"""Incidents that are believed, and the alerts that were raised: matched by the time that they have in common."""

import math

from stcloud.paas.standing.alerting import ENDED, MERGED, OPEN, RETRACTED, AlertTerms, believed
from stcloud.paas.standing.alertrows import alert_rows, alerts_of
from stcloud.paas.standing.incident import Incident


def incident(start, end):
    return Incident(start, end, start, start + 1, None if end else 99, 3.0, start, 3, math.nan, math.nan)


def raising(at, watermark=None):
    return AlertTerms("busy", 1, "requests", "u1", 2.0, 0, at, watermark)


def test_one_incident_one_alert():
    alerts, changed = believed([], [incident(10, None)], raising(100))
    assert [alert.status for alert in changed] == [OPEN]
    alerts, changed = believed(alerts, [incident(8, 20)], raising(101))
    assert [(alert.status, alert.raised_us, alert.known_us) for alert in changed] == [(ENDED, 100, 101)]
    assert believed(alerts, [incident(8, 20)], raising(102))[1] == []


def test_nothing_is_withdrawn():
    alerts, _ = believed([], [incident(10, 20), incident(30, 40)], raising(100))
    alerts, _ = believed(alerts, [incident(12, 35)], raising(101))
    first, second = sorted(alerts, key=lambda alert: alert.order)
    assert (second.status, second.into) == (MERGED, first.id)
    alerts, _ = believed(alerts, [], raising(102))
    assert {alert.status for alert in alerts} == {RETRACTED, MERGED}
    alerts, changed = believed(alerts, [incident(30, 40)], raising(103))
    assert [(alert.status, alert.into) for alert in changed] == [(ENDED, None)]
    assert len(alerts) == 2


def test_an_incident_that_falls_apart_keeps_its_alert_for_the_first_part():
    alerts, _ = believed([], [incident(10, 40)], raising(100))
    alerts, _ = believed(alerts, [incident(10, 20), incident(30, 40)], raising(101))
    assert [(alert.incident.from_us, alert.raised_us) for alert in alerts] == [(10, 100), (30, 101)]


def test_late_alerts_say_so():
    (alert,), _ = believed([], [incident(10, 20)], raising(100, watermark=50))
    assert (alert.late, alert.lateness_us) == (True, 40)


def test_rows_read_back():
    alerts, _ = believed([], [incident(10, None), incident(200, 300)], raising(1_000_000, watermark=50))
    assert list(map(repr, alerts_of(alert_rows(alerts, "EPSG:4548")))) == list(map(repr, alerts))


def test_an_id_knows_its_beginning_and_no_load():
    (early,), _ = believed([], [incident(10, None)], raising(100))
    (late,), _ = believed([], [incident(10, None)], raising(200))
    assert (early.id, early.first_us) == (late.id, 10)
    moved, _ = believed([early], [incident(8, 12)], raising(101))
    moved, _ = believed(moved, [incident(8, 9)], raising(102))
    both, _ = believed(moved, [incident(8, 9), incident(10, None)], raising(103))
    assert len({alert.id for alert in both}) == 2
    assert {alert.first_us for alert in both} == {10}
