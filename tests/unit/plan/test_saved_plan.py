"""The plan file, its schema, and why a plan is stale."""

import json
from dataclasses import replace
from datetime import timedelta

import jsonschema
import pytest

from states import NOON, Want, applied, desired, document, nothing, resource, with_server
from trueup.core.diagnostics import Diagnostic
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.desired.state import DesiredState
from trueup.diff.changes import Build, Create, Update
from trueup.diff.compare import diff
from trueup.observed.state import Health, Hold, ObservedState
from trueup.plan.build import build_plan
from trueup.plan.codec import LARGEST_FILE_BYTES, read_saved_plan, write_saved_plan
from trueup.plan.difference import difference, snapshot_of
from trueup.plan.effects import Effects, Loosened, MonthlyCost
from trueup.plan.plan import Inputs
from trueup.plan.saved import SavedPlan, save_plan
from trueup.plan.schema import plan_json_schema, saved_plan_schema
from trueup.policy.codec import decision_to_json
from trueup.policy.decision import Decision, Outcome

STATE = desired(Want(model="tiny@2", prompt="support@2", evaluations=("facts@1",)), Want(name="chat"))
OBSERVED = applied(desired(Want(), Want(name="old", threads=2)))
DECISION = Decision(Outcome.ALLOW, (), (), digest_of("b"), digest_of("i"), "regorus", ("SC-01",))


def saved(state: DesiredState = STATE, observed: ObservedState = OBSERVED) -> SavedPlan:
    plan = build_plan(state, observed, diff(state, observed), digest_of("b"), "trueup 0.1.0", NOON)
    return save_plan(plan, state, observed, decision_to_json(DECISION), NOON + timedelta(hours=1))


def problem(content: bytes) -> Diagnostic:
    result = read_saved_plan(content, "plan.json")
    assert isinstance(result, Diagnostic)
    assert result.span is not None
    assert result.span.path == "plan.json"
    return result


def resealed(document: dict[str, object]) -> bytes:
    """Spell *document* as a plan file whose digest is right."""
    document.pop("digest", None)
    return json.dumps({"digest": digest_of(document), **document}).encode()  # type: ignore[arg-type, dict-item]  # JSON


def test_reading_what_was_written_gives_the_same_plan() -> None:
    assert read_saved_plan(write_saved_plan(saved()), "plan.json") == saved()


def test_a_file_from_before_builds_were_shown_still_reads() -> None:
    document = json.loads(write_saved_plan(saved()))
    for change in document["plan"]["changes"]:
        change.pop("build", None)
        change.pop("estimate", None)
        change.pop("sizes", None)
    found = read_saved_plan(resealed(document), "plan.json")
    assert isinstance(found, SavedPlan)
    assert all(c.build is None for c in found.plan.changes if isinstance(c, Create | Update))


def test_cost_and_loosened_evaluations_are_read_back() -> None:
    effects = Effects(MonthlyCost("EUR", 1, 2), (Loosened("Evaluation/facts@2", "judge-changed", "a", None),))
    plan = replace(saved(), effects=effects)
    written = write_saved_plan(plan)
    assert read_saved_plan(written, "plan.json") == plan
    jsonschema.validate(json.loads(written), saved_plan_schema())
    assert "effects" not in json.loads(write_saved_plan(saved()))


def test_what_a_build_may_take_is_read_back() -> None:
    source = STATE.deployments[0].release.artifact.digest
    lacking = replace(nothing(), artifacts=frozenset({source}), sizes=((source, 1_000_000),))
    plan = saved(STATE, lacking)
    assert any(isinstance(c, Build) and c.estimate for c in plan.plan.changes)
    assert read_saved_plan(write_saved_plan(plan), "plan.json") == plan


def test_sizes_of_an_engine_are_read_back() -> None:
    plan = saved()
    sized = tuple(
        replace(c, sizes=(("max_batch_size", 64), ("kv_cache", None))) if isinstance(c, Build) else c
        for c in plan.plan.changes
    )
    plan = replace(plan, plan=replace(plan.plan, changes=sized))
    found = read_saved_plan(write_saved_plan(plan), "plan.json")
    assert isinstance(found, SavedPlan)
    assert found.plan.changes == sized


def test_equal_plans_are_equal_bytes() -> None:
    assert write_saved_plan(saved()) == write_saved_plan(saved())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"{}", b"\xff\xfe", b"[" * 100_000, b'{"formatVersion":NaN}']
)
def test_what_is_no_plan_is_said_to_be_none(content: bytes) -> None:
    assert problem(content).code.id == "PLN001"


def test_a_truncated_file_is_no_plan() -> None:
    content = write_saved_plan(saved())
    for end in range(0, len(content) - 2, 997):
        assert problem(content[:end]).code.id == "PLN001"


def test_a_changed_value_anywhere_is_found() -> None:
    content = write_saved_plan(saved())
    changed = content.replace(b'"tier": "dev"', b'"tier": "production"')
    assert changed != content
    assert problem(changed).code.id == "PLN002"


def test_a_file_of_a_later_format_is_refused() -> None:
    document = json.loads(write_saved_plan(saved()))
    assert problem(resealed({**document, "formatVersion": 2})).code.id == "PLN003"


def test_a_forged_id_is_found_even_under_a_right_digest() -> None:
    document = json.loads(write_saved_plan(saved()))
    document["plan"]["id"] = digest_of("other")
    found = problem(resealed(document))
    assert found.code.id == "PLN004"
    assert "plan.id" in found.detail


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("plan", "changes", 0, "action"), "explode"),
        (("plan", "changes", 0, "address"), "Model/tiny@2"),
        (("plan", "createdAt"), "2026-03-14T12:00:00"),
        (("plan", "createdAt"), "yesterday"),
        (("plan", "changes"), {}),
        (("plan", "inputs", "desired"), "sha256:no"),
        (("plan", "targets"), [7]),
        (("environment", "port"), True),
        (("environment",), None),
        (("holds",), [{}]),
        (("evidence",), [1]),
        (("environment", "port"), "8180"),
        (("plan", "revision"), 7),
        (("plan", "changes", -1, "servers"), [7]),
        (("plan", "changes", -2, "movement"), "sideways"),
        (("plan", "changes", -2, "drift"), "no"),
        (("plan", "changes", -2, "fields", 0, "path"), [None]),
        (("plan", "changes", -2, "fields", 0, "words"), [["equal"]]),
        (("plan", "changes", -2, "fields", 0, "words"), [["equal", 7]]),
        (("holds",), [{"environment": "dev"}]),
    ],
)
def test_a_wrong_shape_names_its_place(path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(write_saved_plan(saved()))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    found = problem(resealed(document))
    assert found.code.id == "PLN004"
    assert str(path[0]) in found.detail


def test_a_measurement_that_is_no_number_names_its_place() -> None:
    state = desired(Want(evaluations=("facts@1",)))
    document = json.loads(write_saved_plan(saved(state, applied(state))))
    document["evidence"][0]["measurements"][0]["value"] = "0.9"
    assert "evidence[0].measurements[0].value" in problem(resealed(document)).detail


def test_a_file_that_is_too_large_is_no_plan() -> None:
    assert problem(write_saved_plan(saved()) + b" " * LARGEST_FILE_BYTES).code.id == "PLN001"


def test_no_field_may_be_left_out() -> None:
    document = json.loads(write_saved_plan(saved()))
    for key in document.keys() - {"digest", "formatVersion"}:
        rest = {k: v for k, v in document.items() if k != key}
        assert problem(resealed(rest)).code.id == "PLN004"


def test_a_plan_file_holds_no_secret() -> None:
    secret = "hf_" + "s" * 30
    state = desired(Want(text=f"Use {secret}.", annotations={"apiKey": "hunter2-hunter2"}), settings={"token": secret})
    hold = Hold("dev", state.deployments[0].id, digest_of("r"), f"leaked {secret}", "Ada", NOON)
    content = write_saved_plan(saved(state, replace(applied(state), holds=(hold,)))) + write_saved_plan(
        saved(state, applied(desired(Want())))
    )
    assert secret.encode() not in content
    assert b"hunter2" not in content


def test_a_plan_expires() -> None:
    plan = saved()
    assert not plan.is_expired(NOON)
    assert plan.is_expired(NOON + timedelta(hours=1))


def test_the_plan_file_follows_its_schema() -> None:
    schema = saved_plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(write_saved_plan(saved())), schema, jsonschema.Draft202012Validator)


def test_the_schema_of_the_output_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_json_schema())


class TestDifference:
    """Why a plan is stale."""

    def between(self, old: tuple[DesiredState, ObservedState], new: tuple[DesiredState, ObservedState]) -> str:
        before, after = (Inputs(d.digest, o.digest, digest_of("p"), "trueup 0.1.0") for d, o in (old, new))
        return difference(before, after, snapshot_of(*old), snapshot_of(*new))

    def test_a_stopped_server_is_named(self) -> None:
        state = desired(Want(replicas=2))
        said = self.between((state, applied(state)), (state, with_server(applied(state), 0, health=Health.STOPPED)))
        assert said.startswith("observed state changed: server ")
        assert "(replica 0) was healthy and is stopped" in said
        assert "desired state unchanged" in said

    def test_an_edited_document_is_named(self) -> None:
        old, new = desired(Want()), desired(Want(text="Other."), Want(name="chat"))
        said = self.between((old, nothing()), (new, nothing()))
        assert "Deployment/dev/chat added" in said
        assert "Prompt/support@1 changed" in said

    def test_everything_observed_that_changes_is_named(self) -> None:
        state = desired(Want(evaluations=("facts@1",)))
        said = self.between((state, nothing()), (state, applied(state)))
        for part in (
            "the gateway was stopped and is healthy",
            "appeared (healthy)",
            "the route of",
            "is now in the store",
            "is now known",
            "verified release",
        ):
            assert part in said
        back = self.between((state, applied(state)), (state, nothing()))
        for part in ("is gone (was healthy)", "removed", "is no longer in the store", "is gone"):
            assert part in back

    def test_without_states_at_hand_the_input_is_named(self) -> None:
        before = Inputs(digest_of("d"), digest_of("o"), digest_of("p"), "trueup 0.1.0")
        after = replace(before, policy=digest_of("q"), tool="trueup 0.2.0", targets=("Deployment/dev/a",))
        said = difference(before, after)
        assert "policies changed (" in said
        assert "trueup changed: trueup 0.1.0 -> trueup 0.2.0" in said
        assert "targets changed: all -> Deployment/dev/a" in said

    def test_a_snapshot_that_is_no_snapshot_is_no_crash(self) -> None:
        before = Inputs(digest_of("d"), digest_of("o"), digest_of("p"), "t")
        after = replace(before, observed=digest_of("x"), desired=digest_of("y"))
        good = snapshot_of(STATE, OBSERVED)
        assert difference(before, after, replace(good, observed=[1], desired=7), good)
        assert difference(before, after, good, replace(good, observed={"servers": [1], "holds": [["x"]]}))

    def test_a_new_exception_is_named(self) -> None:
        old = desired(Want())
        lifted = resource(ResourceId("PolicyException", "demo"), document("PolicyException", "demo", "", {}))
        assert "PolicyException/demo added" in self.between(
            (old, nothing()), (replace(old, exceptions=(lifted,)), nothing())
        )

    def test_a_deployment_of_the_same_documents_that_differs_is_named(self) -> None:
        old, new = desired(Want()), desired(Want())
        (item,) = new.deployments
        moved = replace(item, server=replace(item.server, interpreter="/opt/py"))
        said = self.between((old, nothing()), (replace(new, deployments=(moved,)), nothing()))
        assert "Deployment/dev/support resolves otherwise" in said
