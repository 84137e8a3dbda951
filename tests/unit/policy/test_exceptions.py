"""PolicyExceptions."""

import pytest

from states import NOON, resource
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.policy.exceptions import Waiver, read_waivers, waivers_of
from trueup.spec.resource import Resource

SPEC: dict[str, Json] = {
    "rule": "SC-04",
    "resource": "Model/legacy@1",
    "reason": "No other weights exist.",
    "compensatingControl": "Scanned.",
    "approvedBy": "risk-owner",
    "expires": "2026-04-01",
}


ADDRESS = "PolicyException/legacy"


def declared(owner: str = "platform-team", **changes: Json) -> Resource:
    spec = {k: v for k, v in (SPEC | changes).items() if v is not None}
    metadata: dict[str, Json] = {"name": "legacy", "owner": owner}
    return resource(
        ResourceId("PolicyException", "legacy"), {"kind": "PolicyException", "metadata": metadata, "spec": spec}
    )


def read(**changes: Json) -> Waiver:
    (waiver,) = read_waivers([declared(**changes)], NOON)  # type: ignore[arg-type]
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
        ({"approvedBy": "<>"}, "`approvedBy` is missing"),
        ({"compensatingControl": None}, "`compensatingControl` is missing"),
        ({"owner": ""}, "`owner` is missing"),
        ({"owner": "", "expires": "2026-03-13"}, "it expired on 2026-03-13"),
        ({"expires": "2026-W10-5"}, "`expires` is not a day"),
        ({"expires": "2026-02-30"}, "`expires` is not a day"),
    ],
)
def test_an_exception_that_is_not_in_force_lifts_nothing(change: dict[str, Json], problem: str) -> None:
    waiver = read(**change)
    assert waiver.problem == problem
    assert not waiver.lifts("SC-04", "Model/legacy@1", ())


def test_an_exception_reads_back_from_the_document_as_it_was() -> None:
    for waiver in (read(), read(expires="2026-01-01"), read(expires="soon")):
        assert waivers_of({"exceptions": [waiver.to_json()]}) == (waiver,)


@pytest.mark.parametrize("listed", [None, "x", [1], [{"inForce": True, "problem": "it expired"}]])
def test_exceptions_of_an_odd_shape_lift_nothing(listed: Json) -> None:
    assert waivers_of({"exceptions": listed}) == ()


def test_it_tells_who_answers_for_it_and_for_how_long() -> None:
    spelled = read().to_json()
    assert (spelled["owner"], spelled["approvedBy"]) == ("platform-team", "risk-owner")
    assert (spelled["reason"], spelled["compensatingControl"]) == ("No other weights exist.", "Scanned.")
    assert spelled["expiresInDays"] == 18
    assert read(expires="2026-03-13").expires_in_days == -1
    assert read(expires="soon").expires_in_days is None
    assert read().has_expired is False
    assert read(expires="2026-03-13").has_expired


def test_a_secret_that_somebody_explained_it_with_is_masked() -> None:
    secret = "sk-abcdefghijklmnopqrstuvwx"
    assert secret not in str(read(reason=f"The key {secret} leaked.").to_json())


@pytest.mark.parametrize("approver", ["Ada <ADA@example.org>", "ada@example.org", "Ada", "  ada <other@example.org>"])
def test_nobody_approves_what_they_wrote_themselves(approver: str) -> None:
    document = declared(approvedBy=approver)
    for facts in ({"authors": ["Ada <ada@example.org>"]}, {"written_by": {ADDRESS: "Ada <ada@example.org>"}}):
        (waiver,) = read_waivers([document], NOON, **facts)  # type: ignore[arg-type]
        assert waiver.problem == f"`{approver}` approves what they wrote themselves"
        assert waiver.approver_is_author
        assert not waiver.lifts("SC-04", "Model/legacy@1", ())


def test_somebody_else_may_approve() -> None:
    (waiver,) = read_waivers([declared()], NOON, ["Ada <ada@example.org>"], {ADDRESS: "Bob <bob@example.org>"})
    assert waiver.problem == ""
    assert not waiver.approver_is_author


def test_an_exception_that_nobody_knows_the_writer_of_is_not_in_force() -> None:
    (waiver,) = read_waivers([declared()], NOON, (), {ADDRESS: ""})
    assert waiver.problem == "who wrote it cannot be told; fetch the whole history"
