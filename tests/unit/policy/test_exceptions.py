"""PolicyExceptions."""

import pytest

from states import NOON, resource
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.policy.exceptions import Waiver, read_waivers, waivers_of

SPEC: dict[str, Json] = {
    "rule": "SC-04",
    "resource": "Model/legacy@1",
    "reason": "No other weights exist.",
    "compensatingControl": "Scanned.",
    "approvedBy": "risk-owner",
    "expires": "2026-04-01",
}


def read(**changes: Json) -> Waiver:
    spec = {k: v for k, v in (SPEC | changes).items() if v is not None}
    document = resource(ResourceId("PolicyException", "legacy"), {"kind": "PolicyException", "spec": spec})
    (waiver,) = read_waivers([document], NOON)
    return waiver


def test_an_exception_lifts_its_rule_for_its_resource() -> None:
    waiver = read()
    assert waiver.problem == ""
    assert waiver.lifts("SC-04", "Model/legacy@1", ("spec", "format"))
    assert not waiver.lifts("SC-05", "Model/legacy@1", ())
    assert not waiver.lifts("SC-04", "Model/legacy@2", ())


def test_signs_stand_for_anything_within_a_part() -> None:
    waiver = read(resource="Deployment/*/support")
    assert waiver.lifts("SC-04", "Deployment/prod/support", ())
    assert not waiver.lifts("SC-04", "Deployment/prod/eu/support", ())
    assert read(resource="Model/tiny@?").lifts("SC-04", "Model/tiny@2", ())
    assert not read(resource="Model/a.b@1").lifts("SC-04", "Model/axb@1", ())


def test_a_path_lifts_the_field_and_what_is_below_it() -> None:
    waiver = read(path="spec.source")
    assert waiver.lifts("SC-04", "Model/legacy@1", ("spec", "source", "digest"))
    assert waiver.lifts("SC-04", "Model/legacy@1", ("spec", "source"))
    assert not waiver.lifts("SC-04", "Model/legacy@1", ("spec", "sources"))
    assert not waiver.lifts("SC-04", "Model/legacy@1", ())


@pytest.mark.parametrize("day", ["2026-03-14", "2026-06-12"])
def test_it_holds_on_its_last_day_and_ninety_days_ahead(day: str) -> None:
    assert read(expires=day).problem == ""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"expires": "2026-03-13"}, "it expired on 2026-03-13"),
        ({"expires": "2026-06-13"}, "it runs until 2026-06-13, more than 90 days ahead"),
        ({"expires": None}, "`expires` is not a day"),
        ({"expires": "soon"}, "`expires` is not a day"),
        ({"reason": ""}, "`reason` is missing"),
        ({"approvedBy": None}, "`approvedBy` is missing"),
        ({"compensatingControl": None}, "`compensatingControl` is missing"),
    ],
)
def test_an_exception_that_is_not_in_force_lifts_nothing(change: dict[str, Json], problem: str) -> None:
    waiver = read(**change)
    assert waiver.problem == problem
    assert not waiver.lifts("SC-04", "Model/legacy@1", ())


def test_an_exception_reads_back_from_the_document_as_it_was() -> None:
    for waiver in (read(), read(expires="2026-01-01")):
        assert waivers_of({"exceptions": [waiver.to_json()]}) == (waiver,)


@pytest.mark.parametrize("listed", [None, "x", [1], [{"inForce": True, "problem": "it expired"}]])
def test_exceptions_of_an_odd_shape_lift_nothing(listed: Json) -> None:
    assert waivers_of({"exceptions": listed}) == ()
