"""What the records say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from records import NOON, SUPPORT, after, applied, held, lifted, measured, newest_first, release
from trueup.core.digests import digest_of
from trueup.core.fields import MalformedError
from trueup.core.ids import ResourceId
from trueup.evidence.codec import evidence_from_json
from trueup.ledger import history
from trueup.ledger.bodies import MalformedBodyError, hold_from_json, pinned_of
from trueup.ledger.filters import Filter, filter_records
from trueup.ledger.record import Record, RecordKind, RunOutcome

SUPPORT_ID = ResourceId("Deployment", "support", environment="dev")


def endless_past(records: list[Record]) -> Iterator[Record]:
    """Yield *records*, and fail when someone reads on."""
    yield from records
    pytest.fail("read further than needed")


def test_verified_releases_come_newest_first_and_each_once() -> None:
    records = newest_first(applied("a"), applied("b"), applied("a"), applied("a"))
    found = history.verified_releases(records, "dev")
    assert [v.release for v in found] == [release("a"), release("b")]
    assert found[0].record == records[0].digest
    assert found[0].deployment == SUPPORT_ID


def test_a_release_counts_as_verified_only_if_the_record_says_so() -> None:
    records = newest_first(
        applied("a", verified=False),
        applied("b", outcome=RunOutcome.FAILED),
        applied("c", outcome=RunOutcome.DENIED),
        applied("d", environment="prod"),
        applied("e", outcome=RunOutcome.PARTIAL),
        applied("f", kind=RecordKind.ROLLBACK),
    )
    assert [v.release for v in history.verified_releases(records, "dev")] == [release("f"), release("e")]


def test_verified_releases_of_one_deployment_leave_out_the_others() -> None:
    records = newest_first(applied("a"), applied("b", deployment="draft"))
    assert [v.release for v in history.verified_releases(records, "dev", SUPPORT_ID)] == [release("a")]


def test_verified_releases_stop_reading_at_the_limit() -> None:
    records = newest_first(applied("a"), applied("b"))
    found = history.verified_releases(endless_past(records), "dev", limit=2)
    assert [v.release for v in found] == [release("b"), release("a")]


def test_a_hold_is_in_force_until_it_is_lifted() -> None:
    assert [h.release for h in history.holds_in_force(newest_first(held("a")), "dev", NOON)] == [release("a")]
    assert history.holds_in_force(newest_first(held("a"), lifted("a")), "dev", NOON) == ()
    again = newest_first(held("a"), lifted("a"), held("a"))
    assert [h.release for h in history.holds_in_force(again, "dev", NOON)] == [release("a")]


def test_a_lift_frees_only_the_release_it_names() -> None:
    records = newest_first(held("a"), held("b"), lifted("b"), held("c", environment="prod"))
    assert [h.release for h in history.holds_in_force(records, "dev", NOON)] == [release("a")]


def test_a_hold_ends_at_its_expiry() -> None:
    records = newest_first(held("a", expires=after(60)))
    assert history.holds_in_force(records, "dev", after(59))
    assert not history.holds_in_force(records, "dev", after(60))


def test_an_expired_hold_does_not_bring_back_an_older_one() -> None:
    records = newest_first(held("a"), held("a", expires=after(60)))
    assert not history.holds_in_force(records, "dev", after(61))


def test_a_later_failure_withdraws_the_pass_before_it() -> None:
    records = newest_first(measured("k", 0.9), measured("k", 0.1))
    (found,) = history.evidence(records, [digest_of("k")])
    assert not found.passed


def test_evidence_stops_reading_when_every_key_is_found() -> None:
    records = newest_first(applied("a"), measured("k"), measured("j", wrapped=False))
    found = history.evidence(endless_past(records), [digest_of("j"), digest_of("k")])
    assert [e.key for e in found] == [digest_of("j"), digest_of("k")]


def test_no_record_is_read_for_no_keys() -> None:
    assert history.evidence(endless_past([]), []) == ()


def test_evidence_for_other_keys_is_left_out() -> None:
    assert history.evidence(newest_first(measured("j"), applied("a")), [digest_of("k")]) == ()


def test_parity_of_other_bytes_under_the_same_key_is_passed_over() -> None:
    records = newest_first(
        measured("k", 0.9, output="ours"),
        measured("k", 0.1, output="theirs"),
        measured("j", output="other"),
        measured("k", 0.2),
        applied("a"),
    )
    wanted = {digest_of("k"): digest_of("ours"), digest_of("j"): digest_of("other")}
    found = history.built_evidence(endless_past(records), wanted)
    assert [(e.key, e.passed) for e in found] == [(digest_of("j"), True), (digest_of("k"), True)]


def test_the_newest_parity_of_the_same_bytes_counts() -> None:
    records = newest_first(measured("k", 0.9, output="ours"), measured("k", 0.1, output="ours"))
    (found,) = history.built_evidence(records, {digest_of("k"): digest_of("ours")})
    assert not found.passed


def test_parity_is_looked_for_only_where_something_is_built() -> None:
    assert history.built_evidence(endless_past([]), {}) == ()
    assert history.built_evidence(newest_first(applied("a")), {digest_of("k"): digest_of("ours")}) == ()


def test_serving_at_is_the_state_of_that_time() -> None:
    records = newest_first(applied("a", minutes=0), applied("b", minutes=10), applied("c", minutes=20))
    served = [history.serving_at(records, after(m)) for m in (-1, 0, 10, 19, 30)]
    assert [[s.release for s in one] for one in served] == [
        [],
        [release("a")],
        [release("b")],
        [release("b")],
        [release("c")],
    ]


def test_serving_at_names_model_prompt_build_revision_and_policies() -> None:
    (served,) = history.serving_at(newest_first(applied("tiny")), NOON, "dev")
    assert (served.pinned.model, served.pinned.prompt) == ("Model/tiny@1", "Prompt/support@1")
    assert served.pinned.build.startswith("gguf ")
    assert served.policies == (digest_of("policies"),)
    assert served.revision
    assert served.verified


def test_a_removed_deployment_was_not_serving_afterwards() -> None:
    records = newest_first(applied("a"), applied(removed=(SUPPORT,), minutes=5))
    assert history.serving_at(records, after(4))
    assert not history.serving_at(records, after(5))


def test_serving_at_keeps_what_a_narrowed_run_did_not_touch() -> None:
    records = newest_first(applied("a", deployment="x"), applied("b", deployment="y"), applied("c", environment="prod"))
    served = history.serving_at(records, NOON)
    assert {(s.environment, s.deployment.name) for s in served} == {("dev", "x"), ("dev", "y"), ("prod", "support")}
    assert [s.deployment.name for s in history.serving_at(records, NOON, "prod")] == ["support"]


def test_the_order_of_the_ledger_decides_and_not_the_clocks() -> None:
    records = newest_first(applied("a", minutes=10), applied("b", minutes=5))
    (served,) = history.serving_at(records, after(30))
    assert served.release == release("b")


def test_a_denied_run_changes_nothing_that_serves() -> None:
    denied = replace(applied("b"), outcome=RunOutcome.DENIED, body=None)
    (served,) = history.serving_at(newest_first(applied("a"), denied), NOON)
    assert served.release == release("a")


@pytest.mark.parametrize(
    "resource",
    ["Deployment/dev/support", "Deployment/support", "support", "Prompt/support@1", "Prompt/support", "support@1"],
)
def test_a_resource_is_found_by_address_by_a_part_of_it_and_by_name(resource: str) -> None:
    assert list(filter_records(newest_first(applied("a")), Filter(resource=resource)))


@pytest.mark.parametrize(
    "resource", ["Deployment/prod/support", "Prompt/support@2", "Model/support", "supp", "Deployment/dev/supp", "a b"]
)
def test_another_resource_is_not_found(resource: str) -> None:
    assert not list(filter_records(newest_first(applied("a")), Filter(resource=resource)))


def test_an_address_that_nobody_can_parse_is_found_as_it_is() -> None:
    odd = replace(applied("a"), resources=("no address",))
    assert list(filter_records(newest_first(odd), Filter(resource="no address")))
    assert not list(filter_records(newest_first(odd), Filter(resource="address")))


def test_filters_are_joined_by_and() -> None:
    records = newest_first(
        applied("a", minutes=0),
        applied("b", minutes=10, environment="prod"),
        held("a", minutes=20),
        applied("c", minutes=30),
    )

    def sequences(**wanted: object) -> list[int]:
        return [r.sequence for r in filter_records(records, Filter(**wanted))]  # type: ignore[arg-type]

    assert sequences() == [4, 3, 2, 1]
    assert sequences(environment="dev") == [4, 3, 1]
    assert sequences(since=after(10)) == [4, 3, 2]
    assert sequences(until=after(10)) == [1]
    assert sequences(kinds={RecordKind.HOLD}) == [3]
    assert sequences(environment="dev", kinds={RecordKind.APPLY}, since=NOON, until=after(30)) == [1]


def test_a_late_record_with_an_early_time_is_still_found() -> None:
    records = newest_first(applied("a", minutes=100), applied("b", minutes=0), applied("c", minutes=101))
    found = filter_records(records, Filter(since=after(100)))
    assert [r.sequence for r in found] == [3, 1]


def test_evidence_and_holds_survive_being_json() -> None:
    (record,) = newest_first(measured("k", wrapped=False))
    evidence = evidence_from_json(record.draft.body)
    assert evidence.to_json() == record.draft.body
    (record,) = newest_first(held("a", expires=NOON + timedelta(days=1)))
    assert hold_from_json(record.draft.body).to_json() == record.draft.body


def test_evidence_that_calls_itself_passed_is_not_believed() -> None:
    (record,) = newest_first(measured("k", 0.1, wrapped=False))
    assert isinstance(record.draft.body, dict)
    assert not evidence_from_json({**record.draft.body, "passed": True}).passed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("key", "k"),
        ("subject", []),
        ("subject", {"release": 1}),
        ("measurements", [1]),
        ("measurements", [{"metric": "m", "value": "1", "unit": "", "samples": 1}]),
        ("measurements", [{"metric": "m", "value": 1, "unit": "", "samples": 1.5}]),
        ("gates", {}),
        ("startedAt", "yesterday"),
        ("completedAt", "2026-03-14T12:00:00"),
        ("simulated", "no"),
        ("tool", None),
    ],
)
def test_evidence_of_another_shape_is_refused(key: str, value: object) -> None:
    (record,) = newest_first(measured("k", wrapped=False))
    assert isinstance(record.draft.body, dict)
    with pytest.raises(MalformedError, match=key):
        evidence_from_json({**record.draft.body, key: value})  # type: ignore[dict-item]


def test_a_body_that_cannot_be_understood_names_its_record() -> None:
    records = newest_first(applied("a"), replace(held("a"), body={"hold": {}}))
    with pytest.raises(MalformedBodyError, match="Record 2"):
        history.holds_in_force(records, "dev", NOON)
    odd = replace(applied("a"), body={"serving": {"no address": {"release": release("a"), "manifest": None}}})
    with pytest.raises(MalformedBodyError, match="no address"):
        history.verified_releases(newest_first(odd), "dev")


def test_a_run_without_a_body_served_nothing() -> None:
    records = newest_first(replace(applied("a"), body=None), replace(applied("a"), body={"other": 1}))
    assert history.verified_releases(records, "dev") == ()
    assert history.serving_at(records, NOON) == ()


@pytest.mark.parametrize("manifest", [None, [], {"deployment": 1}, {"release": None}, {"deployment": {}}])
def test_a_manifest_without_a_release_pins_nothing(manifest: object) -> None:
    pinned = pinned_of(manifest)  # type: ignore[arg-type]
    assert (pinned.model, pinned.prompt, pinned.build) == ("", "", "")


def test_a_release_without_prompt_or_build_names_none() -> None:
    release = {"model": {"address": "Model/m@1"}, "prompt": None, "build": None}
    assert pinned_of({"release": release}).model == "Model/m@1"
    assert pinned_of({"release": release}).prompt == ""
    assert pinned_of({"release": {"build": {"address": "Build/b@1"}}}).build == "Build/b@1"
    assert pinned_of({"release": {"build": {"mode": "none"}}}).build == "none"
