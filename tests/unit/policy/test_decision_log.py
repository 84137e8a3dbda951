"""Decisions as the ledger keeps them: events of OPA's decision log, with enough beside them to decide again."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import Digest, digest_of, digest_of_bytes
from trueup.core.json import Json, canonical
from trueup.plan.shapes import ShapeError
from trueup.policy import codes
from trueup.policy.bundle_files import bundle_digest, bundle_from_bytes, bundle_to_bytes, digest_of_files
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Outcome, Violation
from trueup.policy.decision_log import (
    Circumstances,
    evaluation_attachment,
    event,
    keep,
    masked_pointers,
)
from trueup.policy.enforcement import Enforcing, Settings
from trueup.policy.judge import JUDGE_VERSION
from trueup.policy.recorded import bundle_of, input_of, read_decision, read_results
from trueup.policy.results import BUNDLES, LIBRARY, Evaluation, PolicyFile, RuleResult

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
BUNDLE = (
    PolicyFile(f"{LIBRARY}/EV-01/rule.rego", b"package a", LIBRARY),
    PolicyFile(f"{LIBRARY}/EV-01/rule_test.rego", b"package a_test", LIBRARY),
    PolicyFile(f"{BUNDLES}/org/rule.rego", b"package org", f"{BUNDLES}/org"),
    PolicyFile("rules/own.rego", b"package own", "rules"),
)
DOCUMENT = canonical({"clock": {"now": "2026-03-14T12:00:00Z"}})
VIOLATION = Violation("EV-01", "Evidence", "high", Enforcement.DENY, "Model/tiny@1", ("spec", 0), "none")
LIFTED = replace(VIOLATION, rule="OP-01", excepted_by="PolicyException/on-call")
DECISION = Decision(
    outcome=Outcome.DENY,
    violations=(VIOLATION, LIFTED, replace(VIOLATION, rule="LI-01", enforcement=Enforcement.WARN)),
    errors=(EngineError("it is broken"),),
    bundle=bundle_digest(BUNDLE),
    input=digest_of_bytes(DOCUMENT),
    engine="regorus 1",
    rules=("EV-01", "OP-01"),
    exceptions=(ExceptionUse("PolicyException/on-call", "used"), ExceptionUse("PolicyException/b", "unused")),
)
ABOUT = Circumstances("prod", NOON, 1_500_000, "Ada <ada@example.com>", "trueup 1", gate=True)
KEPT, GIVEN = keep(BUNDLE, "trueup 1", "8f2a"), digest_of("evaluation")


def logged(decision: Decision = DECISION, about: Circumstances = ABOUT, document: bytes = DOCUMENT) -> dict[str, Json]:
    return event(decision, document, KEPT, about, GIVEN)


def test_an_event_has_the_shape_of_opas_decision_log() -> None:
    found = logged()
    assert found["labels"] == {"app": "trueup", "version": "trueup 1", "environment": "prod", "engine": "regorus 1"}
    assert found["path"] == "trueup/gate"
    assert found["erased"] == ["/input"]
    assert found["masked"] == []
    assert found["requested_by"] == "Ada <ada@example.com>"
    assert found["timestamp"] == "2026-03-14T12:00:00Z"
    assert found["metrics"] == {"timer_rego_query_eval_ns": 1_500_000}
    assert "input" not in found


def test_an_event_names_where_each_part_of_the_policies_comes_from() -> None:
    org = digest_of_files(BUNDLE[2:3])
    assert logged()["bundles"] == {
        "library": {"revision": "trueup 1", "digest": digest_of_files(BUNDLE[:1])},
        "org": {"revision": org, "digest": org},
        "repository": {"revision": "8f2a", "digest": digest_of_files(BUNDLE[3:])},
    }


def test_what_is_read_back_is_what_was_decided() -> None:
    found = read_decision(json.loads(canonical(logged())))
    assert (found.format, found.judge, found.outcome) == (2, JUDGE_VERSION, Outcome.DENY)
    assert (found.bundle, found.input, found.kept_bundle, found.kept_evaluation) == (
        DECISION.bundle,
        DECISION.input,
        KEPT.attachment[0],
        GIVEN,
    )
    assert [v.identity for v in found.violations] == [(v.rule, v.address, v.path) for v in DECISION.violations]
    assert [v.denies for v in found.violations] == [True, False, False]
    assert found.errors == ("it is broken",)
    assert found.exceptions == ("PolicyException/on-call",)
    assert (found.at, found.nanoseconds, found.enforcing) == (NOON, 1_500_000, None)


def test_the_settings_that_counted_are_kept() -> None:
    strict = Settings(production=True, rules={"EV-01": Enforcement.WARN}, severities={"low": Enforcement.DENY})
    lax = Settings(production=False, cap=Enforcement.DRYRUN, rule_sets={"data": Enforcement.WARN})
    found = read_decision(logged(about=replace(ABOUT, enforcing=Enforcing((strict, lax)))))
    assert found.enforcing == Enforcing((strict, lax))


def test_settings_of_an_odd_shape_are_none() -> None:
    found = read_decision({**logged(), "settings": {"tier": "dev"}})
    assert found.enforcing == Enforcing(())


def test_an_id_is_a_uuid_made_of_the_content_and_nothing_else() -> None:
    id_ = str(logged()["decision_id"])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", id_)
    assert logged(about=replace(ABOUT, nanoseconds=7))["decision_id"] == id_
    elsewhere = replace(ABOUT, at=NOON.astimezone(timezone(timedelta(hours=2))))
    assert logged(about=elsewhere)["decision_id"] == id_
    assert logged(about=replace(ABOUT, gate=False))["decision_id"] != id_
    assert logged(replace(DECISION, outcome=Outcome.ALLOW))["decision_id"] != id_


def test_masked_values_are_named_by_json_pointers() -> None:
    document: Json = {"a/b": {"~": ["x", "key (masked)"]}, "n": 1, "t": "(masked)"}
    assert list(masked_pointers(canonical(document))) == ["/input/a~1b/~0/1", "/input/t"]
    assert list(masked_pointers(b"no JSON, and nothing masked")) == []


def test_what_rules_gave_is_kept_in_one_order() -> None:
    results = (RuleResult("deny", "b", {"id": "X", "msg": "m"}), RuleResult("deny", "a", "text"))
    given_ = Evaluation(results, (Diagnostic(codes.NOTHING_TO_ASK, "why"),), ("X",), "e")
    assert evaluation_attachment(given_) == evaluation_attachment(replace(given_, results=results[::-1]))
    read = read_results(evaluation_attachment(given_)[1])
    assert [(r.package, r.entry, r.value) for r in read] == [
        ("a", "deny", "text"),
        ("b", "deny", {"id": "X", "msg": "m"}),
    ]


def test_tests_are_no_part_of_a_kept_bundle() -> None:
    digest, content = KEPT.attachment
    assert digest == digest_of_bytes(content)
    assert bundle_from_bytes(content) == tuple(
        sorted((f for f in BUNDLE if "_test" not in f.path), key=lambda f: f.path)
    )


FILES = st.lists(
    st.builds(PolicyFile, st.text(st.characters(codec="utf-8"), min_size=1), st.binary(), st.sampled_from(["", "r"])),
    unique_by=lambda f: (f.path, f.root),
)


@given(FILES)
def test_a_kept_bundle_has_the_digest_of_the_bundle(files: list[PolicyFile]) -> None:
    content = bundle_to_bytes(files)
    assert digest_of_files(bundle_from_bytes(content)) == bundle_digest(files)
    assert bundle_to_bytes(files[::-1]) == content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b'{"formatVersion": 2, "files": []}', "unknown"),
        (b'{"formatVersion": 1}', "`files` is absent"),
        (b'{"formatVersion": 1, "files": [{"path": "a", "root": "", "base64": "?"}]}', "not base64"),
        (b'{"formatVersion": 1, "files": [7]}', "absent"),
    ],
)
def test_what_is_no_kept_bundle_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ShapeError, match=said):
        bundle_from_bytes(content)


OLD = {**DECISION.to_json()}


def test_a_decision_of_format_1_is_still_read() -> None:
    found = read_decision(json.loads(canonical(OLD)))
    assert (found.format, found.judge, found.at, found.kept_bundle) == (1, 1, None, "")
    assert [v.rule for v in found.violations] == ["EV-01", "OP-01", "LI-01"]
    assert found.exceptions == ("PolicyException/on-call",)


def test_a_decision_without_exceptions_is_still_read() -> None:
    old = {key: value for key, value in OLD.items() if key != "exceptions"}
    assert read_decision(old).exceptions == ()


@pytest.mark.parametrize("value", [None, "deny", {}, {"outcome": "perhaps"}, {"format": 3}, {"format": 2}])
def test_what_is_no_decision_is_refused(value: Json) -> None:
    with pytest.raises(ShapeError):
        read_decision(value)


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"results": [{}]}'])
def test_what_are_no_results_is_refused(content: bytes) -> None:
    with pytest.raises(ShapeError):
        read_results(content)


def test_policies_and_document_are_found_whatever_the_format() -> None:
    for value in (OLD, logged()):
        assert (bundle_of(value), input_of(value)) == (DECISION.bundle, DECISION.input)
    assert (bundle_of(None), input_of({"input": 7})) == ("", "")
    assert bundle_of({"policies": {"digest": Digest("")}}) == ""
