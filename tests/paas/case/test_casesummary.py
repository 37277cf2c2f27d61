"""Summaries of cases: what they are searched by is what the cases are."""

from dataclasses import replace

from stcloud.iaas.bundle import bundled_text
from stcloud.iaas.records import StoredRule
from stcloud.paas.case.caserules import ALWAYS_US, CaseRules
from stcloud.paas.case.casesummary import summary_of
from stcloud.paas.case.classes import bundled_classes
from stcloud.testing.caselogs import handled_case

RULES = CaseRules(
    StoredRule(kind="workflow", digest=name, valid_from_us=ALWAYS_US, recorded_us=place,
               body=bundled_text("layers", "workflows", f"{name}.toml"))
    for place, name in enumerate(("urban-management", "imported-requests"), 1)
)  # fmt: skip


def test_a_summary_is_its_case():
    log = handled_case("report", "file", "dispatch")
    log.do("amend", component="1302", cell="34010200100101", lon=117, lat=31.5)
    summary = summary_of(log.state, RULES, 99, None)
    assert (summary.number, summary.state, summary.class_code, summary.department) == (
        "2024-1",
        "dispatched",
        "01001",
        "roads",
    )
    assert (summary.cell, summary.lon, summary.lat, summary.due_us) == ("34010200100101", 117.0, 31.5, 99)
    assert summary.text == "01001 1302 1"  # a component's code is also that of a matter
    log.do("amend", kind="component")
    named = summary_of(log.state, RULES, 99, None)
    names = [bundled_classes().name_of("component", "01001", language=language) for language in ("en", "zh")]
    assert named.text == " ".join(["01001", *names, "1302", "1"])
    assert summary_of(log.state, RULES, 99, log.state).text is None
    assert (summary.reported_us, summary.link) == (log.state.opened_us, None)
    assert summary.fields == {
        "stage": "handle",
        "counted": True,
        "condition": "1",
        "source": "collector",
        "component": "1302",
    }


def test_a_duplicate_is_linked_and_not_counted():
    log = handled_case("report")
    log.do("link", facts=["master_open"], master="M")
    summary = summary_of(log.state, RULES, None, None)
    assert (summary.link, summary.fields["counted"], summary.fields["flags"]) == ("M", False, "duplicate")


def test_the_deadline_that_a_source_states_is_that_of_an_open_case():
    state = handled_case("report").state
    request = replace(state, workflow="imported-requests/1", state="open", values={"due": 55})
    assert summary_of(request, RULES, None, None).due_us == 55
    assert summary_of(replace(request, state="closed"), RULES, None, None).due_us is None
