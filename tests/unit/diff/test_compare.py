"""`diff`: what is planned for a deployment, and why."""

from dataclasses import replace

import pytest

from states import (
    Want,
    applied,
    deployment,
    desired,
    document,
    nothing,
    passing,
    resource,
    verified,
    with_server,
)
from trueup.builds.network import Network, network_of
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredState
from trueup.diff.changes import Build, Change, Create, Delete, Evaluate, Fetch, Impact, Movement, Update
from trueup.diff.compare import diff
from trueup.diff.supply import with_sizes
from trueup.observed.state import Health, ObservedServer, ObservedState

SUPPORT = ResourceId("Deployment", "support", environment="dev")


def only(changes: tuple[Change, ...]) -> Update:
    (change,) = changes
    assert isinstance(change, Update)
    return change


def after(before: Want, now: Want) -> Update:
    """Return the update that going from *before* to *now* needs, everything in the store."""
    observed = applied(desired(before))
    store = observed.artifacts | applied(desired(now)).artifacts
    return only(diff(desired(now), replace(observed, artifacts=store)))


def test_a_declared_deployment_that_does_not_run_is_created_after_its_artifacts_and_evidence() -> None:
    changes = diff(desired(Want(evaluations=("facts@1",))), nothing())
    assert [type(c) for c in changes] == [Fetch, Fetch, Build, Evaluate, Create]
    create = changes[-1]
    assert isinstance(create, Create)
    assert create.reason == "declared, and not served in dev yet"
    assert create.impacts == (Impact.WEIGHTS, Impact.BUILD, Impact.RUNTIME, Impact.PROMPT, Impact.DECODING)
    assert ("spec", "template") in [f.path for f in create.fields]


def test_a_new_prompt_version_is_a_route_change_without_restart() -> None:
    update = after(Want(), Want(prompt="support@2"))
    assert update.reason == "prompt support changed 1 -> 2"
    assert update.impacts == (Impact.PROMPT,)
    assert not update.restart
    assert not update.drift
    (template,) = [f for f in update.fields if f.path == ("spec", "template")]
    assert template.address == "Prompt/support@2"
    assert ("insert", "friendly ") in template.words


def test_a_prompt_that_changes_only_its_model_config_touches_decoding() -> None:
    same = "You are brief."
    update = after(Want(text=same), Want(prompt="support@2", text=same, max_tokens=64))
    assert update.impacts == (Impact.DECODING,)


def test_a_new_model_restarts_the_server() -> None:
    update = after(Want(), Want(model="tiny@2"))
    assert update.reason == "model tiny changed 1 -> 2"
    assert update.impacts == (Impact.WEIGHTS,)
    assert update.restart


def test_another_model_in_its_place_is_named_whole() -> None:
    assert after(Want(), Want(model="smollm2@1")).reason == "model changed tiny@1 -> smollm2@1"


def test_several_reasons_are_joined() -> None:
    update = after(Want(), Want(model="tiny@2", prompt="support@2", threads=2, replicas=3))
    assert update.reason == (
        "model tiny changed 1 -> 2; prompt support changed 1 -> 2; "
        "runtime arguments changed: threads 1 -> 2; replicas changed 1 -> 3"
    )
    assert update.impacts == (Impact.WEIGHTS, Impact.RUNTIME, Impact.PROMPT, Impact.SCALE)


def test_more_replicas_of_the_same_server_are_no_restart() -> None:
    update = after(Want(), Want(replicas=2))
    assert (update.reason, update.impacts, update.restart) == ("replicas changed 1 -> 2", (Impact.SCALE,), False)


def test_another_quantization_is_a_build_change() -> None:
    update = after(Want(), Want(quantization="F16"))
    assert update.impacts == (Impact.BUILD,)
    assert update.reason == "build changed: quantization"
    assert update.restart


def test_an_edited_annotation_is_metadata_and_moves_nothing() -> None:
    update = after(Want(), Want(annotations={"note": "hello"}))
    assert (update.reason, update.impacts) == ("deployment dev/support was edited", (Impact.METADATA,))
    assert update.release == update.from_release
    assert [f.path for f in update.fields] == [("metadata", "annotations", "note")]


def test_client_keys_are_shown_as_references_and_values_never() -> None:
    update = after(Want(keys=("env:OLD",)), Want(keys=("env:NEW", "literal-value")))
    assert update.reason == "client keys changed"
    assert "literal-value" not in str(update)


def test_a_deployment_without_a_manifest_is_applied_again() -> None:
    state = desired(Want())
    observed = applied(state)
    routes = tuple(replace(r, manifest=None) for r in observed.target.routes)
    update = only(diff(state, replace(observed, target=replace(observed.target, routes=routes))))
    assert update.reason == "what was applied is not recorded with the target"
    assert not update.drift


@pytest.mark.parametrize("junk", [[], "text", {"deployment": []}, {"deployment": {"release": 3, "server": "x"}}, 7])
def test_a_manifest_that_is_no_manifest_is_no_crash(junk: object) -> None:
    state = desired(Want())
    observed = applied(state)
    routes = tuple(replace(r, manifest=junk) for r in observed.target.routes)  # type: ignore[arg-type]  # junk
    assert isinstance(only(diff(state, replace(observed, target=replace(observed.target, routes=routes)))), Update)


class TestDrift:
    """The declaration did not change; the target did."""

    def test_a_stopped_server_is_drift_and_is_started_again(self) -> None:
        state = desired(Want())
        observed = with_server(applied(state), 0, health=Health.STOPPED, pid=0, detail="ended by signal 9")
        update = only(diff(state, observed))
        assert update.drift
        assert update.restart
        assert update.reason.startswith("server tiny@1 [")
        assert update.reason.endswith("] was stopped (ended by signal 9)")
        (field,) = update.fields
        assert (field.path, field.before, field.after) == (("servers", 0, "health"), "stopped", "healthy")

    def test_a_server_that_starts_is_no_drift(self) -> None:
        state = desired(Want())
        assert diff(state, with_server(applied(state), 0, health=Health.STARTING)) == ()

    def test_a_missing_replica_is_drift(self) -> None:
        state = desired(Want(replicas=2))
        observed = applied(state)
        target = replace(observed.target, servers=observed.target.servers[:1])
        update = only(diff(state, replace(observed, target=target)))
        assert "1 of 2 servers tiny@1" in update.reason

    def test_a_replica_too_many_is_drift(self) -> None:
        state = desired(Want())
        observed = applied(state)
        extra = replace(observed.target.servers[0], replica=1)
        target = replace(observed.target, servers=(*observed.target.servers, extra))
        update = only(diff(state, replace(observed, target=target)))
        assert update.reason.startswith("2 servers tiny@1")
        assert update.impacts == (Impact.SCALE,)

    def test_two_deployments_may_share_a_server_with_different_replicas(self) -> None:
        state = desired(Want(), Want(name="chat", replicas=3))
        assert diff(state, applied(state)) == ()

    def test_a_gateway_that_is_down_is_drift(self) -> None:
        state = desired(Want())
        observed = applied(state)
        update = only(diff(state, replace(observed, target=replace(observed.target, gateway=Health.STOPPED))))
        assert (update.reason, update.drift) == ("the gateway is down", True)

    def test_a_route_edited_by_hand_is_shown_field_by_field(self) -> None:
        state = desired(Want())
        observed = applied(state)
        (route,) = observed.target.routes
        assert isinstance(route.route, dict)
        edited = replace(route, route={**route.route, "decoding": {"max_tokens": 4096, "temperature": 0}})
        update = only(diff(state, replace(observed, target=replace(observed.target, routes=(edited,)))))
        assert update.reason == "the gateway's route was changed by hand (decoding: max_tokens 4096 -> 48)"
        assert update.impacts == (Impact.DECODING,)
        (field,) = update.fields
        assert (field.path, field.before, field.after) == (("route", "decoding", "max_tokens"), 4096, 48)

    def test_a_gateway_that_serves_another_release_is_drift(self) -> None:
        state = desired(Want())
        observed = applied(state)
        routes = (replace(observed.target.routes[0], release=digest_of("other"), server=digest_of("other")),)
        update = only(diff(state, replace(observed, target=replace(observed.target, routes=routes))))
        assert "serves another release" in update.reason
        assert "points at another server" in update.reason

    def test_an_artifact_gone_from_the_store_is_fetched_and_built_again(self) -> None:
        state = desired(Want())
        changes = diff(state, replace(applied(state), artifacts=frozenset()))
        assert [type(c) for c in changes] == [Fetch, Build, Update]
        assert "gone from the store" in only(changes[2:]).reason


class TestDeletes:
    """What runs and is not declared any more."""

    def test_an_undeclared_deployment_is_deleted_with_its_servers(self) -> None:
        before = desired(Want(), Want(name="chat", threads=4))
        (change,) = diff(desired(Want()), applied(before))
        chat = deployment(Want(name="chat", threads=4))
        assert change == Delete(chat.id, "not declared any more", chat.release.digest, (chat.server.key,))

    def test_a_delete_leaves_the_servers_that_another_deployment_needs(self) -> None:
        (change,) = diff(desired(Want()), applied(desired(Want(), Want(name="chat"))))
        assert isinstance(change, Delete)
        assert change.servers == ()

    def test_a_server_shared_by_two_deleted_deployments_goes_with_the_last(self) -> None:
        first, last = diff(desired(), applied(desired(Want(), Want(name="chat"))))
        assert isinstance(first, Delete)
        assert isinstance(last, Delete)
        assert (first.servers, len(last.servers)) == ((), 1)

    def test_deletes_run_after_the_routes_that_use_the_servers(self) -> None:
        changes = diff(desired(Want(model="tiny@2")), applied(desired(Want(), Want(name="chat"))))
        assert [type(c) for c in changes][-2:] == [Update, Delete]

    def test_a_server_that_no_release_needs_is_deleted_last(self) -> None:
        state = desired(Want())
        observed = applied(desired(Want(), Want(name="chat", threads=2)))
        stray = ObservedServer(digest_of("stray"), 0, Health.HEALTHY, None)
        target = replace(observed.target, servers=(*observed.target.servers, stray))
        chat, delete = diff(state, replace(observed, target=target))
        assert isinstance(delete, Delete)
        assert (delete.address.kind, delete.servers) == ("Server", (stray.key,))
        assert chat.address.kind == "Deployment"

    def test_what_is_left_of_a_stopped_stray_server_is_no_change(self) -> None:
        state = desired(Want())
        observed = applied(state)
        stray = ObservedServer(digest_of("stray"), 0, Health.STOPPED, None)
        target = replace(observed.target, servers=(*observed.target.servers, stray))
        assert diff(state, replace(observed, target=target)) == ()

    def test_the_server_an_update_leaves_is_not_deleted_besides(self) -> None:
        assert after(Want(), Want(model="tiny@2")).restart


class TestMovement:
    """Where a release comes from."""

    def promoted(self, state: DesiredState) -> ObservedState:
        upstream = deployment(Want(environment="dev", model="tiny@2"))
        before = applied(desired(Want(environment="staging")))
        return replace(before, artifacts=before.artifacts | applied(state).artifacts, upstream=(verified(upstream),))

    def test_a_release_verified_upstream_is_promoted(self) -> None:
        state = desired(Want(environment="staging", model="tiny@2"))
        update = only(diff(state, self.promoted(state)))
        assert update.movement is Movement.PROMOTION
        assert update.reason == "model tiny changed 1 -> 2; this release is verified in dev"

    def test_a_release_verified_upstream_that_did_not_run_here_is_promoted_too(self) -> None:
        state = desired(Want(environment="staging", model="tiny@2"))
        observed = replace(nothing("staging"), upstream=self.promoted(state).upstream)
        create = diff(state, observed)[-1]
        assert isinstance(create, Create)
        assert create.movement is Movement.PROMOTION

    def test_a_release_verified_here_before_is_a_rollback(self) -> None:
        state = desired(Want())
        now = applied(desired(Want(model="tiny@2")))
        observed = replace(
            now,
            artifacts=now.artifacts | applied(state).artifacts,
            verified=(*now.verified, verified(deployment(Want()))),
        )
        update = only(diff(state, observed))
        assert update.movement is Movement.ROLLBACK
        assert update.reason == "model tiny changed 2 -> 1; this release was verified here before"

    def test_a_change_that_keeps_the_release_does_not_move_it(self) -> None:
        assert after(Want(), Want(replicas=2)).movement is Movement.CHANGE


class TestSupply:
    """Fetches, builds and evaluations."""

    def test_what_two_deployments_need_is_fetched_and_built_once(self) -> None:
        changes = diff(desired(Want(), Want(name="chat")), nothing())
        assert [type(c) for c in changes] == [Fetch, Build, Create, Create]
        assert changes[0].reason == "not in the store; needed by chat, support"

    def test_a_model_served_as_it_is_needs_no_build(self) -> None:
        changes = diff(desired(Want(quantization=None)), nothing())
        assert [type(c) for c in changes] == [Fetch, Create]

    def test_nothing_is_fetched_for_a_build_that_is_there(self) -> None:
        state = desired(Want())
        key = state.deployments[0].release.build.key
        assert [type(c) for c in diff(state, replace(nothing(), artifacts=frozenset({key})))] == [Create]

    def test_a_password_in_an_address_is_masked(self) -> None:
        item = deployment(Want())
        uri = "https://user:hunter2@example.com/w"
        release = replace(item.release, artifact=replace(item.release.artifact, uri=uri))
        state = replace(desired(Want()), deployments=(replace(item, release=release),))
        assert "hunter2" not in str(diff(state, nothing()))

    def test_a_running_release_without_evidence_is_evaluated(self) -> None:
        state = desired(Want(evaluations=("facts@1",)))
        (change,) = diff(state, replace(applied(state), evidence=()))
        assert isinstance(change, Evaluate)
        assert (change.reason, change.deployment) == ("no evidence for this release", SUPPORT)

    def test_evidence_that_did_not_pass_is_measured_again(self) -> None:
        state = desired(Want(evaluations=("facts@1",)))
        failed = passing(state.deployments[0].evaluations[0], value=0.2)
        (change,) = diff(state, replace(applied(state), evidence=(failed,)))
        assert change.reason == "the last result did not pass"

    def test_a_newer_failure_is_not_hidden_by_an_older_success(self) -> None:
        state = desired(Want(evaluations=("facts@1",)))
        required = state.deployments[0].evaluations[0]
        evidence = (passing(required, value=0.2), passing(required))
        assert len(diff(state, replace(applied(state), evidence=evidence))) == 1

    def test_where_evidence_must_exist_before_nothing_is_evaluated(self) -> None:
        state = desired(Want(environment="prod", evaluations=("facts@1",)))
        assert not any(isinstance(c, Evaluate) for c in diff(state, nothing("prod")))

    def test_the_data_of_an_evaluation_is_fetched_under_its_name(self) -> None:
        state = desired(Want(evaluations=("facts@1",)))
        observed = replace(applied(state), evidence=(), artifacts=frozenset({state.deployments[0].release.build.key}))
        fetch, evaluate = diff(state, observed)
        assert isinstance(fetch, Fetch)
        assert str(fetch.address) == "Dataset/facts@1"
        assert isinstance(evaluate, Evaluate)


def built(state: DesiredState, observed: ObservedState) -> Build:
    (change,) = (c for c in diff(state, observed) if isinstance(c, Build))
    return change


def test_a_build_that_is_there_is_no_change_and_its_deployment_says_so() -> None:
    state = desired(Want())
    stored = replace(nothing(), artifacts=applied(state).artifacts)
    (change,) = diff(state, stored)
    assert isinstance(change, Create)
    assert change.build is not None
    assert (str(change.build.address), change.build.mode, change.build.is_cached) == ("Build/tiny-q8_0@1", "gguf", True)


def test_a_build_that_has_to_be_made_is_said_with_its_deployment_too() -> None:
    create = next(c for c in diff(desired(Want()), nothing()) if isinstance(c, Create))
    assert create.build is not None
    assert not create.build.is_cached


def test_a_model_that_is_served_as_it_is_has_no_build() -> None:
    create = next(c for c in diff(desired(Want(quantization=None)), nothing()) if isinstance(c, Create))
    assert create.build is None


def test_a_build_is_estimated_by_the_size_of_its_stored_source() -> None:
    state = desired(Want())
    source = state.deployments[0].release.artifact.digest
    told = built(state, replace(nothing(), artifacts=frozenset({source}), sizes=((source, 269_000_000),))).estimate
    assert told is not None
    assert (told.seconds, told.basis.partition(";")[0]) == (3, "the source as it is stored")


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [({"paramSize": 134_515_008, "precision": "float16"}, 3), ({"paramSize": 134_515_008}, None), ({}, None)],
)
def test_a_build_whose_source_is_not_there_is_estimated_by_what_the_model_declares(
    spec: dict[str, Json], seconds: int | None
) -> None:
    state = desired(Want())
    (item,) = state.deployments
    model = resource(item.release.model.id, document("Model", "tiny", "1", spec))
    others = tuple(r for r in item.resources if r.id != model.id)
    changed = replace(state, deployments=(replace(item, resources=(*others, model)),))
    told = built(changed, nothing()).estimate
    assert (told.seconds if told else None) == seconds
    without = replace(state, deployments=(replace(item, resources=others),))
    assert built(without, nothing()).estimate is None


ENGINE: dict[str, Json] = {
    "build": {"max_batch_size": 8, "max_seq_len": 100_000},
    "dtype": "float16",
    "accelerator": {"gpu": "NVIDIA-H100-80GB-HBM3", "computeCapability": "9.0"},
    "toolchain": {"tensorrtLlm": "1.2.1", "tensorrt": "10.13.3.9"},
}
NETWORK: dict[str, Json] = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}


@pytest.mark.parametrize(
    ("mode", "is_known", "is_sized"), [("engine", True, True), ("engine", False, False), ("gguf", True, False)]
)
def test_an_engine_has_the_sizes_that_its_builder_takes_where_its_network_is_known(
    mode: str, is_known: bool, is_sized: bool
) -> None:
    state = desired(Want())
    (item,) = state.deployments
    build = replace(item.release.build, mode=mode, parameters=tuple(sorted(ENGINE.items())))
    state = replace(state, deployments=(replace(item, release=replace(item.release, build=build)),))
    network = network_of(NETWORK)
    assert isinstance(network, Network)
    changes = diff(state, nothing())
    known = {item.release.model.id: network} if is_known else {}
    sized = with_sizes(changes, state, known)
    (made,) = [c for c in sized if isinstance(c, Build)]
    sizes = dict(made.sizes)
    assert (sizes.get("max_batch_size") == 8) is is_sized
    assert all(name.startswith("max_") and value is not None for name, value in sizes.items())
    assert [c for c in sized if not isinstance(c, Build)] == [c for c in changes if not isinstance(c, Build)]
