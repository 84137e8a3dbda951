"""Reasons and impact classes of every part of a deployment that can change."""

from dataclasses import replace

import pytest

from states import Want, applied, deployment, desired, document, resource
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, Pin, Release
from trueup.diff.changes import Impact, Update
from trueup.diff.compare import diff
from trueup.observed.state import Health

BASE = deployment(Want())


def update(now: DesiredDeployment, before: DesiredDeployment = BASE) -> Update:
    """Return the update that turns *before*, applied, into *now*."""
    state = replace(desired(Want()), deployments=(now,))
    was = applied(replace(state, deployments=(before,)))
    (change,) = diff(state, replace(was, artifacts=was.artifacts | applied(state).artifacts))
    assert isinstance(change, Update)
    return change


def with_release(item: DesiredDeployment, **changes: object) -> DesiredDeployment:
    release: Release = replace(item.release, **changes)  # type: ignore[arg-type]  # fields of the dataclass
    return replace(item, release=release)


def with_document(
    item: DesiredDeployment, kind: str, name: str, version: str, spec: dict[str, Json]
) -> DesiredDeployment:
    id_ = ResourceId(kind, name, version)
    rest = tuple(r for r in item.resources if r.id != id_)
    new = resource(id_, document(kind, name, version, spec))
    return replace(item, resources=tuple(sorted((*rest, new), key=lambda r: r.id)))


LORA = Pin(ResourceId("Adapter", "refund", "1"), digest_of("lora"))


def test_an_adapter_that_joins_or_leaves_is_named() -> None:
    with_lora = with_release(BASE, adapters=(LORA,))
    assert (update(with_lora).reason, update(with_lora).impacts) == ("adapter refund@1 added", (Impact.ADAPTER,))
    assert update(BASE, with_lora).reason == "adapter refund@1 removed"
    edited = with_release(BASE, adapters=(replace(LORA, digest=digest_of("other")),))
    assert update(edited, with_lora).reason == "adapters changed"


def test_an_adapter_is_an_impact_of_a_creation_too() -> None:
    state = replace(desired(Want()), deployments=(with_release(BASE, adapters=(LORA,)),))
    nothing_runs = replace(applied(state), target=replace(applied(state).target, routes=(), servers=()))
    (create,) = diff(state, nothing_runs)
    assert Impact.ADAPTER in create.impacts  # type: ignore[union-attr]  # a Create


def test_a_prompt_that_joins_or_leaves_is_named() -> None:
    route = replace(BASE.route, messages=(), decoding=())
    bare = replace(with_release(BASE, prompt=None), route=route)
    assert update(bare).reason == "prompt support@1 removed"
    assert update(BASE, bare).reason == "prompt support@1 added"
    assert update(bare).impacts == (Impact.PROMPT, Impact.DECODING)


def test_a_prompt_edited_outside_its_text_is_metadata() -> None:
    assert BASE.release.prompt is not None
    edited = with_release(BASE, prompt=replace(BASE.release.prompt, digest=digest_of("edited")))
    assert (update(edited).reason, update(edited).impacts) == ("prompt support@1 was edited", (Impact.METADATA,))


def test_a_model_edited_outside_its_weights_is_metadata() -> None:
    edited = with_release(BASE, model=replace(BASE.release.model, digest=digest_of("edited")))
    assert (update(edited).reason, update(edited).impacts) == ("model tiny@1 was edited", (Impact.METADATA,))


def test_a_tokenizer_has_a_class_of_its_own() -> None:
    edited = with_document(BASE, "Model", "tiny", "1", {"chatTemplate": "{{ messages }}"})
    assert Impact.TOKENIZER in update(edited).impacts


def test_weights_that_change_under_the_same_pin_are_weights() -> None:
    artifact = replace(BASE.release.artifact, digest=digest_of("other"))
    change = update(with_release(BASE, artifact=artifact))
    assert (change.reason, change.impacts) == ("the model's weights changed under the same name", (Impact.WEIGHTS,))


def test_a_build_mode_that_changes_is_named() -> None:
    served = deployment(Want(quantization=None))
    assert update(served).reason == "build changed: mode gguf -> none"


def test_a_builder_that_gives_other_bytes_is_a_build_change() -> None:
    build = replace(BASE.release.build, key=digest_of("newer builder"))
    server = replace(BASE.server, artifact=build.key)
    change = update(replace(with_release(BASE, build=build), server=server))
    assert change.impacts == (Impact.BUILD,)
    assert change.reason == "the builder changed: the same build gives other bytes"
    assert change.restart


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"runtime": "transformers"}, "runtime changed llama.cpp -> transformers"),
        ({"interpreter": "/opt/py"}, "the runtime's interpreter changed"),
        ({"arguments": (("threads", 1),)}, "runtime arguments changed: context 512 -> none"),
        (
            {"arguments": (("context", 512), ("flash", True), ("threads", 1))},
            "runtime arguments changed: flash none -> true",
        ),
    ],
)
def test_a_server_that_changes_is_replaced(changes: dict[str, object], reason: str) -> None:
    change = update(replace(BASE, server=replace(BASE.server, **changes)))  # type: ignore[arg-type]  # fields
    assert (change.reason, change.impacts, change.restart) == (reason, (Impact.RUNTIME,), True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"limits": (("maxTokens", 64),)}, "limits changed: maxTokens none -> 64"),
        ({"model_name": "shop"}, "public model name changed"),
        ({"template_format": "jinja2"}, "template format changed"),
        ({"variables": ({"name": "shop"},)}, "prompt variables changed"),
    ],
)
def test_a_route_that_changes_needs_no_restart(changes: dict[str, object], reason: str) -> None:
    change = update(replace(BASE, route=replace(BASE.route, **changes)))  # type: ignore[arg-type]  # fields
    assert (change.reason, change.restart) == (reason, False)


def test_documents_around_the_deployment_are_named_when_nothing_else_changed() -> None:
    with_system = with_document(BASE, "System", "shop", "", {"riskClass": "minimal"})
    edited = with_document(BASE, "System", "shop", "", {"riskClass": "limited"})
    assert update(with_system).reason == "system shop is new"
    assert update(BASE, with_system).reason == "system shop is gone"
    change = update(edited, with_system)
    assert change.reason == "system shop was edited"
    assert [(f.address, f.before, f.after) for f in change.fields] == [("System/shop", "minimal", "limited")]


def test_a_build_of_another_name_is_compared_with_the_one_it_replaces() -> None:
    before = with_document(BASE, "Build", "tiny-q8", "1", {"quantization": "Q8_0"})
    after = with_document(deployment(Want(quantization="F16")), "Build", "tiny-half", "1", {"quantization": "F16"})
    fields = [f for f in update(after, before).fields if f.address == "Build/tiny-half@1"]
    assert [(f.path, f.before, f.after) for f in fields] == [(("spec", "quantization"), "Q8_0", "F16")]


def test_another_version_of_a_dataset_is_compared_with_the_one_before() -> None:
    before = with_document(BASE, "Dataset", "facts", "1", {"license": "MIT"})
    after = with_document(BASE, "Dataset", "facts", "2", {"license": "CC0-1.0"})
    (field,) = update(after, before).fields
    assert (field.address, field.before, field.after) == ("Dataset/facts@2", "MIT", "CC0-1.0")


def test_a_manifest_of_another_form_is_written_again() -> None:
    state = desired(Want())
    observed = applied(state)
    (route,) = observed.target.routes
    assert isinstance(route.manifest, dict)
    older = {**route.manifest, "deployment": {**BASE.to_json(), "somethingNew": 1}}
    target = replace(observed.target, routes=(replace(route, manifest=older),))
    (change,) = diff(state, replace(observed, target=target))
    assert change.reason == "the manifest has another form: it was applied by another version of trueup"


def test_a_creation_has_only_the_impacts_of_what_it_brings() -> None:
    item = deployment(Want(quantization=None))
    bare = replace(with_release(item, prompt=None), route=replace(item.route, messages=(), decoding=()))
    state = replace(desired(Want()), deployments=(bare,))
    empty = replace(applied(state), target=replace(applied(state).target, routes=(), servers=()))
    (create,) = diff(state, empty)
    assert create.impacts == (Impact.WEIGHTS, Impact.RUNTIME)  # type: ignore[union-attr]  # a Create


def test_documents_of_other_kinds_do_not_take_each_others_place() -> None:
    before = with_document(BASE, "Evaluation", "facts", "1", {"dataset": "facts@1"})
    after = with_document(BASE, "Dataset", "facts", "1", {"license": "MIT"})
    assert [(f.address, f.path) for f in update(after, before).fields] == [
        ("Dataset/facts@1", ()),
        ("Evaluation/facts@1", ()),
    ]


def test_a_gateway_in_trouble_says_why() -> None:
    state = desired(Want())
    target = replace(applied(state).target, gateway=Health.UNHEALTHY, detail="port 8180 is taken")
    (change,) = diff(state, replace(applied(state), target=target))
    assert change.reason == "the gateway is unhealthy (port 8180 is taken)"


def test_a_server_that_is_unhealthy_says_why() -> None:
    state = desired(Want())
    observed = applied(state)
    sick = replace(observed.target.servers[0], health=Health.UNHEALTHY, detail="no answer for 30 s")
    (change,) = diff(state, replace(observed, target=replace(observed.target, servers=(sick,))))
    assert change.reason.endswith("is unhealthy (no answer for 30 s)")


def test_a_log_behind_a_reason_stays_out_of_the_plan() -> None:
    state = desired(Want())
    observed = applied(state)
    detail = "will be restarted: ended by signal 9; its last log lines:\nprompt: my salary is 12"
    sick = replace(observed.target.servers[0], health=Health.UNHEALTHY, detail=detail)
    (change,) = diff(state, replace(observed, target=replace(observed.target, servers=(sick,))))
    assert change.reason.endswith("is unhealthy (will be restarted: ended by signal 9)")
