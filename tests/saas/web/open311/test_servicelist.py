"""Services are the classes of a day, and ask for what the workflow takes of the public."""

from datetime import date

from stcloud.paas.case import read_workflow
from stcloud.paas.case.classes.bundled import bundled_classes
from stcloud.saas.web.open311.desk import ServiceType
from stcloud.saas.web.open311.servicelist import opening_of, service_of, services_of

DAY = date(2026, 9, 7)
SERVICE = ServiceType("component-01001", "cover")


def test_services_are_the_classes_that_are_valid_on_a_day():
    classes = bundled_classes()
    for day in (DAY, date(2024, 1, 1)):
        wanted = {f"{row.kind}-{row.code}" for row in classes if row.major and row.is_valid(day)}
        services = services_of(classes, day, "zh")
        assert [service.code for service in services] == sorted(wanted)
        assert all(service.name and service.group for service in services)


def test_the_public_opens_cases_as_the_workflow_lets_it():
    opening = opening_of(read_workflow("urban-management"))
    assert (opening.action, opening.role, opening.has_kind) == ("report", "public", True)
    opening = opening_of(read_workflow("service-requests"))
    assert (opening.action, opening.role, opening.has_kind) == ("open", "public", False)
    assert opening_of(read_workflow("imported-requests")) is None


def test_a_service_asks_for_what_the_opening_takes_and_the_city_does_not_know():
    workflow = read_workflow("urban-management")
    service = service_of(SERVICE, workflow, opening_of(workflow), None, DAY)
    assert [(each.code, each.datatype, each.required) for each in service.attributes] == [
        ("component", "string", False), ("urgent", "singlevaluelist", False),
    ]  # fmt: skip
    matter = service_of(ServiceType("matter-01001", "litter"), workflow, opening_of(workflow), None, DAY)
    assert [each.code for each in matter.attributes] == ["urgent"]
