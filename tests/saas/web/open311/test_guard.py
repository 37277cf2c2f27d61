"""The guard counts addresses, and lets the same text in once, unless its sender says that it is the same report."""

import pytest

from stcloud.errors import Conflict, Unsupported
from stcloud.saas.web.open311.guard import AGAIN_US, ReportGuard
from stcloud.saas.web.open311.report import PublicReport

LONG = "the street lamp at the corner has been out for a whole week now"


def report(text="a broken lamp", code="matter-01001"):
    return PublicReport(code, (174.76, -36.85), {"description": text})


def enter(guard, text="a broken lamp", address="192.0.2.1", key=None, now_us=0, code="matter-01001"):
    with guard.once(report(text, code), address, key, now_us):
        pass


def test_an_address_reports_no_oftener_than_the_rate():
    guard = ReportGuard("2/minute")
    for _ in range(2):
        guard.admit("192.0.2.1")
    with pytest.raises(Unsupported) as raised:
        guard.admit("192.0.2.1")
    assert raised.value.kind == "too-many-requests"
    assert 1 <= raised.value.context["retry_after_s"] <= 61
    guard.admit("192.0.2.2")


def test_addresses_of_one_ipv6_network_are_one_sender():
    guard = ReportGuard("1/minute")
    guard.admit("2001:db8::1")
    with pytest.raises(Unsupported):
        guard.admit("2001:db8::2")


def test_the_same_text_is_let_in_once_in_ten_minutes():
    guard = ReportGuard("9/second")
    enter(guard)
    with pytest.raises(Conflict, match="a few minutes ago") as raised:
        enter(guard, " A  broken LAMP ")
    assert raised.value.kind == "repeated-report"
    enter(guard, now_us=AGAIN_US)


def test_others_may_report_the_same_in_short_words():
    guard = ReportGuard("9/second")
    enter(guard)
    enter(guard, address="192.0.2.2")
    enter(guard, code="matter-01002")
    enter(guard, LONG)
    with pytest.raises(Conflict):
        enter(guard, LONG, address="192.0.2.2")


def test_a_report_with_its_key_may_come_again():
    guard = ReportGuard("9/second")
    enter(guard, key="k1")
    enter(guard, key="k1")
    with pytest.raises(Conflict):
        enter(guard, key="k2")


def test_what_is_refused_behind_the_guard_is_forgotten():
    guard = ReportGuard("9/second")
    with pytest.raises(ValueError, match="no"), guard.once(report(), "192.0.2.1", None, 0):
        raise ValueError("no")
    enter(guard)
