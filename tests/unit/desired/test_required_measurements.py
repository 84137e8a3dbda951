"""What a release must have been measured by: its evaluations, the tests of its prompt, judges, suites, and the keys."""

import json
from dataclasses import replace

import pytest

from fakes import FakeTree
from states import NOON, Want, desired, nothing
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.json import Json
from trueup.desired.evaluations import NO_DATA, families_of, key_of, measured_subject
from trueup.desired.resolve import resolve
from trueup.desired.state import DesiredDeployment, RequiredEvaluation
from trueup.observed.baselines import baseline_inputs, baseline_key
from trueup.plan.build import build_plan
from trueup.policy.document import ChangeFacts, policy_document
from trueup.workflows.loading import load_tree
from workspaces import Declared, Stage, document, repository_files

SPEC: dict[str, Json] = {
    "category": "quality",
    "dataset": "facts@1",
    "tasks": [{"task": "exact_match"}],
    "metricDecisionThreshold": [{"metric": "exact_match", "op": ">=", "value": 0.6}],
}
SOURCE: dict[str, Json] = {"uri": "file:evals/facts.yaml", "digest": "sha256:" + "5" * 64}


PLAIN = Declared()


def resolved(declared: Declared = PLAIN, **files: bytes) -> DesiredDeployment:
    made = repository_files((declared,), {"dev": Stage(evaluations=("facts@1",))})
    loaded = load_tree(FakeTree(made | files, "1" * 40))
    assert loaded.is_valid, loaded.diagnostics
    state, problems = resolve(loaded.resources, "dev", Revision("1" * 40))
    assert state is not None, problems
    return state.deployments[0]


def evaluation(**spec: Json) -> dict[str, bytes]:
    return {"spec/evaluations/facts.yaml": document("Evaluation", "facts", {**SPEC, **spec}, version="1")}


def model(name: str, **spec: Json) -> dict[str, bytes]:
    source: dict[str, Json] = {"uri": f"file:models/{name}", "digest": digest_of(name)}
    declared: dict[str, Json] = {"source": source, "format": "gguf", "licenses": ["MIT"], **spec}
    return {f"spec/models/{name}.yaml": document("Model", name, declared, version="1")}


def required(item: DesiredDeployment) -> RequiredEvaluation:
    (one,) = item.evaluations
    return one


def test_a_key_is_the_digest_of_its_named_inputs() -> None:
    one = required(resolved())
    assert one.key == key_of(one.inputs)
    names = [name for name, _ in one.inputs]
    assert names == sorted(names)
    assert {"model", "prompt", "build", "dataset", "evaluation", "decoding", "runtime", "arguments"} < set(names)


def test_decoding_of_the_evaluation_goes_before_that_of_the_prompt() -> None:
    hot = required(resolved(**evaluation(modelConfig={"temperature": 1})))
    assert dict(hot.decoding)["temperature"] == 1
    assert dict(hot.inputs)["decoding"] != dict(required(resolved(**evaluation())).inputs)["decoding"]


def test_a_suite_is_pinned_and_part_of_the_key() -> None:
    suite: dict[str, Json] = {"tool": "lm-eval", "interpreter": "python", "source": SOURCE}
    one = required(resolved(**evaluation(suite=suite)))
    other = required(resolved(**evaluation(suite={**suite, "source": {**SOURCE, "digest": "sha256:" + "6" * 64}})))
    assert one.suite is not None
    assert one.suite.digest == SOURCE["digest"]
    assert [p.digest for p in one.artifacts] == [one.dataset.digest, one.suite.digest]
    assert dict(one.inputs)["suite"] != dict(other.inputs)["suite"]


def test_a_judge_is_pinned_with_its_weights_server_and_prompt() -> None:
    judge: dict[str, Json] = {"model": "critic@1", "prompt": "support@2"}
    files = model("critic", family="Qwen", architecture="Qwen3ForCausalLM") | evaluation(judge=judge)
    one = required(resolved(**files))
    assert one.judge is not None
    assert (one.judge.release.artifact.digest, one.judge.release.build.mode) == (digest_of("critic"), "none")
    assert one.judge.server.runtime == "llama.cpp"
    assert one.judge.families == ("qwen", "qwen3forcausallm")
    assert one.judge.prompt is not None
    assert one.judge.route.messages[0][1] == "Be kind, version 2."
    assert one.artifacts[-1] == one.judge.release.artifact
    bare = required(resolved(**(files | evaluation(judge={"model": "critic@1"}))))
    assert bare.judge is not None
    assert bare.judge.prompt is None
    assert dict(bare.inputs)["judge"] != dict(one.inputs)["judge"]


def test_safetensors_of_a_judge_are_built_for_llama_cpp() -> None:
    files = model("critic", format="safetensors") | evaluation(judge={"model": "critic@1"})
    judge = required(resolved(**files)).judge
    assert judge is not None
    assert (judge.release.build.mode, judge.release.build.implicit) == ("gguf", True)
    assert judge.server.artifact == judge.release.build.key


def test_families_reach_what_a_model_was_made_from() -> None:
    files = (
        model("critic", family="Mine", baseModel=["left@1", "right@1"], relation="merge")
        | model("left", baseModel=["root@1"])
        | model("right", baseModel=["root@1"])
        | model("root", family="Llama")
        | evaluation(judge={"model": "critic@1"})
    )
    judge = required(resolved(**files)).judge
    assert judge is not None
    assert judge.families == ("llama", "mine")


def prompt(**spec: Json) -> dict[str, bytes]:
    declared: dict[str, Json] = {"type": "text", "template": "Be kind, version 1.", **spec}
    return {"spec/prompts/support-1.yaml": document("Prompt", "support", declared, version="1")}


def test_tests_of_a_prompt_are_measured_first() -> None:
    tests: list[Json] = [{"message": "hi", "assert": [{"type": "contains", "value": "hello"}]}]
    item = resolved(Declared(prompt="support@1"), **prompt(tests=tests))
    assert item.prompt_tests is not None
    assert item.prompt_tests.dataset == NO_DATA
    assert item.prompt_tests.artifacts == ()
    assert item.measured == (item.prompt_tests, *item.evaluations)
    assert "promptTests" in item.to_json()


def test_a_prompt_without_tests_has_none_to_run() -> None:
    item = resolved(Declared(prompt="support@1"), **prompt())
    assert item.prompt_tests is None
    assert item.measured == item.evaluations
    assert "promptTests" not in item.to_json()


def test_the_subject_names_what_was_measured() -> None:
    item = resolved()
    subject = dict(measured_subject(required(item), item))
    assert subject["release"] == item.release.digest
    assert subject["artifact"] == item.server.artifact
    assert "prompt" not in dict(
        measured_subject(required(item), replace(item, release=replace(item.release, prompt=None)))
    )


def test_what_serves_has_the_key_it_would_be_measured_under() -> None:
    state = desired(Want(evaluations=("facts@1",)))
    item = resolved()
    manifest: Json = {"deployment": json.loads(json.dumps(item.to_json()))}
    assert baseline_key(manifest, item.route.to_json(), required(item)) == required(item).key
    assert baseline_key(manifest, None, required(item)) == required(item).key
    other = state.deployments[0]
    elsewhere: Json = {"deployment": json.loads(json.dumps(other.to_json()))}
    assert baseline_key(elsewhere, other.route.to_json(), required(item)) not in (None, required(item).key)


@pytest.mark.parametrize("manifest", [None, {}, {"deployment": {}}, {"deployment": {"route": {"modelName": 1}}}])
def test_what_left_no_manifest_has_no_key(manifest: Json) -> None:
    assert baseline_inputs(manifest, None, required(resolved())) is None
    assert baseline_key(manifest, resolved().route.to_json(), required(resolved())) is None


def test_policy_is_told_of_which_family_judge_and_judged_are() -> None:
    files = model("critic", family="Qwen") | evaluation(judge={"model": "critic@1"})
    item = resolved(**files)
    state = replace(desired(Want()), deployments=(item,))
    plan = build_plan(state, nothing(), (), Digest(""), "trueup", NOON)
    told = policy_document(plan, state, nothing(), ChangeFacts(), NOON)
    (judged,) = json.loads(json.dumps(told["deployments"]))[0]["evaluations"]
    assert judged["judge"]["families"] == ["qwen"]
    assert judged["judge"]["judgedFamilies"] == []
    assert (judged["judge"]["model"], judged["judge"]["digest"]) == ("Model/critic@1", digest_of("critic"))


def test_a_model_that_is_not_there_has_no_family() -> None:
    item = resolved()
    only = {r.id: r for r in item.resources if r.id == item.release.model.id}
    assert families_of(item.release.model, only) == ()
    assert families_of(item.release.model, {}) == ()
