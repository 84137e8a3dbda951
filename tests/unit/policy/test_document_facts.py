"""The policy document with everything known, and with what is unknown left out."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from states import NOON, REVISION, Want, applied, deployment, desired, document, nothing, passing, resource, verified
from trueup.core.digests import Revision, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.observed.state import Drill, Health, ObservedState
from trueup.plan.build import build_plan
from trueup.policy.document import Surroundings, policy_document
from trueup.policy.facts.approving import Given
from trueup.policy.facts.base import BaseResources
from trueup.policy.facts.change import ChangedFile, ChangeFacts, Commit
from trueup.policy.facts.reviews import PolicyFacts
from trueup.policy.results import RuleInfo
from trueup.policy.schema import SCHEMA
from trueup.spec.resource import Reference, Resource, Resources

ADA = "Ada <ada@example.com>"
WANT = Want(environment="prod", evaluations=("facts@1",))
CHANGE = ChangeFacts(
    REVISION,
    "b" * 40,
    ADA,
    commits=(Commit(REVISION, ADA, trailers=(("Approved-by", "Grace <grace@example.com>"),)),),
    files=(ChangedFile("spec/x.yaml", "modified"),),
)


def made(
    state: DesiredState,
    observed: ObservedState,
    change: ChangeFacts = CHANGE,
    targets: tuple[ResourceId, ...] = (),
    **more: Any,
) -> Any:
    plan = build_plan(state, observed, diff(state, observed), digest_of("p"), "trueup 0.1.0", NOON, targets)
    found = json.loads(canonical(policy_document(plan, state, observed, change, NOON, **more)))
    jsonschema.validate(found, SCHEMA)
    return found


def declared(state: DesiredState, *more: Resource) -> Resources:
    return {r.id: r for r in (*(r for d in state.deployments for r in d.resources), *more)}


def environment_document(**spec: Json) -> Resource:
    content = {"kind": "Environment", "metadata": {"name": "prod"}, "spec": spec}
    return resource(ResourceId("Environment", "prod"), content)


def test_files_that_declare_the_environment_and_its_deployments_are_named() -> None:
    state = desired(WANT)
    found = made(state, nothing("prod"), around=Surroundings(declared=declared(state, environment_document())))
    assert found["environment"]["path"] == environment_document().origin.path
    (shown,) = found["deployments"]
    assert shown["path"] == next(
        r.origin.path for r in state.deployments[0].resources if r.id == state.deployments[0].id
    )
    (item,) = state.deployments
    elsewhere = replace(state, deployments=(replace(item, resources=()),))
    unknown = made(elsewhere, nothing("prod"))
    assert "path" not in unknown["environment"]
    assert "path" not in unknown["deployments"][0]


def test_what_is_unknown_is_left_out() -> None:
    found = made(desired(WANT), nothing("prod"), ChangeFacts(REVISION, author=ADA))
    assert not {"approvals", "base"} & found.keys()
    assert not {"commits", "files"} & found["change"].keys()
    assert not {"evaluationChanges", "reviews"} & found["derived"].keys()
    assert not {"rules", "changed"} & found["policies"].keys()


def test_what_is_known_is_there() -> None:
    state = desired(WANT)
    base = BaseResources(declared(state, environment_document()), frozenset(), {})
    rules = (RuleInfo("A-01", "p", "deny", last_reviewed="2026-03-01"),)
    found = made(state, nothing("prod"), policies=PolicyFacts(rules=rules, changed=()), around=Surroundings(base=base))
    assert [a["by"] for a in found["approvals"]] == ["Grace <grace@example.com>"]
    assert found["base"] == {"resources": {}}
    assert found["derived"]["evaluationChanges"] == []
    assert found["derived"]["reviews"] == {"oldestDays": 13, "unreviewed": []}
    assert found["policies"]["changed"] == []


def test_documents_that_differ_are_there_as_they_were_and_new_ones_as_null() -> None:
    state = desired(WANT)
    prompt = ResourceId("Prompt", "support", "1")
    before = resource(prompt, {"kind": "Prompt", "spec": {"template": "Use hf_abcdefghijklmnopqrstuv."}})
    now = declared(state)
    paths = {now[prompt].origin.path, now[ResourceId("Model", "tiny", "1")].origin.path}
    base = BaseResources(now, frozenset(paths), {prompt: before})
    found = made(state, nothing("prod"), around=Surroundings(declared=now, base=base))
    assert found["base"]["resources"] == {
        "Model/tiny@1": None,
        "Prompt/support@1": {"kind": "Prompt", "spec": {"template": "Use (masked)."}},
    }


def test_a_requirement_that_the_change_drops_is_told() -> None:
    state = desired(WANT)
    after = environment_document(evaluations={"required": []})
    before = environment_document(evaluations={"required": ["facts@1"]})
    base = BaseResources(declared(state, after), frozenset({after.origin.path}), {before.id: before})
    found = made(state, nothing("prod"), around=Surroundings(base=base))
    assert [(c["address"], c["kind"]) for c in found["derived"]["evaluationChanges"]] == [
        ("Environment/prod", "requirement-removed")
    ]


def test_a_threshold_is_compared_between_versions_that_are_not_both_reached() -> None:
    state = desired(replace(WANT, evaluations=("facts@2",)))
    thresholds = [[{"metric": "m", "op": ">=", "value": value}] for value in (0.6, 0.5)]
    versions = [
        resource(
            ResourceId("Evaluation", "facts", str(i)),
            document("Evaluation", "facts", str(i), {"metricDecisionThreshold": t}),
        )
        for i, t in enumerate(thresholds, start=1)
    ]
    after = environment_document(evaluations={"required": ["facts@2"]})
    before = environment_document(evaluations={"required": ["facts@1"]})
    now = declared(state, after, *versions)
    base = BaseResources(now, frozenset({after.origin.path}), {before.id: before})
    found = made(state, nothing("prod"), around=Surroundings(base=base))
    assert [c["kind"] for c in found["derived"]["evaluationChanges"]] == ["threshold-loosened"]


@pytest.mark.parametrize(
    ("settings", "upstream", "expected"),
    [
        ({"soakTime": "24h"}, "staging", (86_400, 172_800, "staging", False)),
        ({}, "staging", (0, 172_800, "staging", False)),
        ({"soakTime": "24h"}, "", (86_400, 172_800, "", False)),
        ({}, "", None),
    ],
)
def test_the_time_a_release_served_upstream_is_held_against_what_is_wanted(
    settings: Json, upstream: str, expected: object
) -> None:
    state = desired(WANT, settings=settings, upstream=upstream)
    there = verified(deployment(replace(WANT, environment="staging")))
    seen = replace(nothing("prod"), upstream=(replace(there, served=timedelta(days=2)),))
    soak = made(state, seen)["derived"]["soak"]
    keys = ("requiredSeconds", "servedSeconds", "upstream", "retired")
    assert (tuple(soak["Deployment/prod/support"][k] for k in keys) if soak else None) == expected


def test_a_release_that_never_served_upstream_has_no_time_there() -> None:
    soak = made(desired(WANT), nothing("prod"))["derived"]["soak"]["Deployment/prod/support"]
    assert (soak["servedSeconds"], soak["retired"]) == (None, None)
    there = replace(verified(deployment(replace(WANT, environment="staging"))), is_serving=False)
    soak = made(desired(WANT), replace(nothing("prod"), upstream=(there,)))["derived"]["soak"][
        "Deployment/prod/support"
    ]
    assert (soak["servedSeconds"], soak["retired"]) == (None, True)


def test_what_serves_and_the_parts_that_are_replaced_are_told() -> None:
    before, after = desired(WANT), desired(replace(WANT, model="tiny@2", threads=2))
    found = made(after, applied(before))
    (shown,) = found["deployments"]
    assert shown["running"]["release"]["digest"] == before.deployments[0].release.digest
    assert shown["running"]["release"]["model"]["address"] == "Model/tiny@1"
    assert shown["running"]["server"]["key"] == before.deployments[0].server.key
    assert (shown["running"]["revision"], shown["running"]["appliedAt"]) == (REVISION, "2026-03-14T12:00:00Z")
    assert found["derived"]["releaseChanges"] == {"Deployment/prod/support": ["model", "arguments"]}


@pytest.mark.parametrize(
    ("changed", "part"),
    [({"prompt": "support@2"}, "prompt"), ({"quantization": "F16"}, "build"), ({"threads": 3}, "arguments")],
)
def test_each_part_of_a_release_is_told_apart(changed: dict[str, Any], part: str) -> None:
    found = made(desired(replace(WANT, **changed)), applied(desired(WANT)))
    assert found["derived"]["releaseChanges"]["Deployment/prod/support"] == [part]


@pytest.mark.parametrize("manifest", [None, {"deployment": {"release": 3, "server": []}}])
def test_what_serves_and_left_no_manifest_differs_in_every_part(manifest: Json) -> None:
    state = desired(WANT)
    seen = applied(state)
    route = replace(seen.target.routes[0], manifest=manifest, applied_at=None)
    found = made(state, replace(seen, target=replace(seen.target, routes=(route,))))
    (shown,) = found["deployments"]
    assert shown["running"]["release"] == {"digest": state.deployments[0].release.digest}
    assert shown["running"]["appliedAt"] is None
    assert found["derived"]["releaseChanges"]["Deployment/prod/support"] == [
        "model",
        "adapters",
        "prompt",
        "build",
        "runtime",
        "arguments",
    ]


def test_what_runs_unchanged_has_no_facts_about_rolling_it_out() -> None:
    state = desired(WANT)
    found = made(state, applied(state))
    assert not found["derived"]["builds"]
    assert not found["derived"]["soak"]
    assert not found["derived"]["components"]
    assert not found["evidence"]
    assert found["deployments"][0]["running"]


def test_evidence_of_what_is_rolled_out_says_what_it_is_bound_to() -> None:
    state = desired(WANT)
    item = state.deployments[0]
    old = replace(passing(item.evaluations[0]), completed_at=NOON - timedelta(days=3))
    (found,) = made(state, replace(nothing("prod"), evidence=(old,)))["evidence"]
    assert found["subject"] == {
        "build": item.release.build.key,
        "server": item.server.key,
        "prompt": item.release.prompt.digest if item.release.prompt else "",
        "dataset": item.evaluations[0].dataset.digest,
    }
    assert (found["type"], found["address"], found["evaluation"]) == ("evaluation", str(item.id), "Evaluation/facts@1")
    assert (found["ageDays"], found["passed"], found["signed"], found["simulated"]) == (3, True, None, False)
    assert (found["settings"], found["comparison"], found["attacks"]) == (None, None, [])
    assert found["gates"][0]["slice"] == found["measurements"][0]["slice"] == ""


def test_evidence_of_a_release_without_a_prompt_names_none() -> None:
    item = desired(WANT).deployments[0]
    bare = replace(item, release=replace(item.release, prompt=None))
    state = replace(desired(WANT), deployments=(bare,))
    (found,) = made(state, replace(nothing("prod"), evidence=(passing(item.evaluations[0]),)))["evidence"]
    assert found["subject"]["prompt"] == ""


def test_evidence_that_two_deployments_share_is_there_once() -> None:
    one = desired(WANT).deployments[0]
    other = replace(one, id=replace(one.id, name="other"))
    state = replace(desired(WANT), deployments=(one, other))
    assert len(made(state, replace(nothing("prod"), evidence=(passing(one.evaluations[0]),)))["evidence"]) == 1


def test_a_narrowed_plan_shows_its_deployments_and_counts_the_whole_environment() -> None:
    state = desired(replace(WANT, name="a", replicas=2), replace(WANT, name="b", replicas=3))
    found = made(state, nothing("prod"), targets=(state.deployments[0].id,))
    assert [d["name"] for d in found["deployments"]] == ["a"]
    assert found["derived"]["capacity"]["demand"]["replicas"] == 5


def test_drift_and_drills_are_observed() -> None:
    state = desired(WANT)
    drill = Drill(state.deployments[0].id, NOON - timedelta(days=20), digest_of("r"))
    seen = applied(state)
    broken = replace(seen.target, gateway=Health.UNHEALTHY)
    found = made(state, replace(seen, target=broken, drills=(drill,)))["observed"]
    assert found["drift"] == [{"address": "Deployment/prod/support", "reason": "the gateway is unhealthy"}]
    assert found["drills"] == [
        {
            "deployment": "Deployment/prod/support",
            "environment": "prod",
            "at": "2026-02-22T12:00:00+00:00",
            "ageDays": 20,
            "record": digest_of("r"),
        }
    ]


def test_a_model_that_generated_data_comes_with_its_own_lineage() -> None:
    state = desired(WANT)
    item = state.deployments[0]
    data = resource(ResourceId("Dataset", "facts", "1"), {"kind": "Dataset", "spec": {"generatedBy": "teacher@1"}})
    more = resource(ResourceId("Dataset", "more", "1"), {"kind": "Dataset", "spec": {"generatedBy": "nobody@1"}})
    elder = resource(ResourceId("Model", "elder", "1"), {"kind": "Model", "spec": {"datasets": ["more@1"]}})
    elder = replace(elder, references=(to(more),))
    teacher = resource(ResourceId("Model", "teacher", "1"), {"kind": "Model", "spec": {"baseModel": ["elder@1"]}})
    teacher = replace(teacher, references=(to(elder),))
    mine = tuple(sorted((*(r for r in item.resources if r.id != data.id), data), key=lambda r: r.id))
    state = replace(state, deployments=(replace(item, resources=mine),))
    found = made(state, nothing("prod"), around=Surroundings(declared=declared(state, teacher, elder, more)))
    assert {"Model/teacher@1", "Model/elder@1", "Dataset/more@1"} <= found["resources"].keys()
    assert found["derived"]["lineage"]["Dataset/facts@1"] == {
        "parents": [{"address": "Model/teacher@1", "relation": "generated-by"}],
        "ancestors": ["Dataset/more@1", "Model/elder@1", "Model/teacher@1"],
        "unknown": [],
    }
    assert found["derived"]["lineage"]["Dataset/more@1"]["unknown"] == ["nobody@1"]


def to(named: Resource) -> Reference:
    return Reference(("spec",), named.id)


def test_purposes_of_systems_are_in_lower_case() -> None:
    state = desired(WANT)
    item = state.deployments[0]
    system = resource(ResourceId("System", "s"), {"kind": "System", "spec": {"purposeCategories": [" Employment "]}})
    plain = resource(ResourceId("System", "t"), {"kind": "System", "spec": {}})
    state = replace(state, deployments=(replace(item, resources=(*item.resources, system, plain)),))
    assert made(state, nothing("prod"))["derived"]["purposes"] == [
        {"address": "System/s", "categories": ["employment"]},
        {"address": "System/t", "categories": []},
    ]


def test_a_freeze_of_the_environment_is_derived() -> None:
    window: Json = {"start": "2026-03-14T00:00:00Z", "end": "2026-03-15T00:00:00Z"}
    state = desired(WANT, settings={"freezeWindows": [window]})
    assert len(made(state, nothing("prod"))["derived"]["freeze"]["active"]) == 1


def test_what_is_deleted_is_an_operation() -> None:
    (operation,) = made(replace(desired(WANT), deployments=()), applied(desired(WANT)))["change"]["operations"]
    assert (operation["kind"], operation["symbol"]) == ("delete", "-")


def test_approvals_of_the_plan_are_there_and_others_with_why_they_do_not_count() -> None:
    state = desired(WANT)
    plan = made(state, nothing("prod"))["plan"]["id"]
    tag = Given("tag", "t", "linus@example.com", plan, "c1", "good", "SHA256:k")
    found = made(state, nothing("prod"), replace(CHANGE, given=(tag, replace(tag, name="t2", status="bad"))))
    assert [a["key"] for a in found["approvals"] if a["source"] == "tag"] == ["SHA256:k"]
    assert [(a["name"], a["why"]) for a in found["approvalsNotCounted"]] == [("t2", "its signature is bad (SHA256:k)")]
    assert "approvalsNotCounted" not in made(state, nothing("prod"))


def test_a_dirty_work_tree_has_no_approvals() -> None:
    change = ChangeFacts(base=REVISION, actor=ADA, commits=(), files=())
    found = made(desired(WANT, revision=Revision("")), nothing("prod"), change)
    assert (found["approvals"], found["change"]["commits"]) == ([], [])


def test_the_published_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
