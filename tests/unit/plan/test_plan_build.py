"""Building and narrowing plans."""

import random
from dataclasses import replace

from states import NOON, Want, applied, deployment, desired, nothing
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.desired.state import ArtifactPin, DesiredState
from trueup.diff.changes import Build, Create, Delete, Evaluate, Fetch
from trueup.diff.compare import diff
from trueup.observed.state import ObservedState
from trueup.plan.build import build_plan, find_targets
from trueup.plan.plan import Plan


def plan(state: DesiredState, observed: ObservedState, *targets: ResourceId, policy: str = "p") -> Plan:
    return build_plan(state, observed, diff(state, observed), digest_of(policy), "trueup 0.1.0", NOON, targets)


def target(name: str) -> ResourceId:
    return ResourceId("Deployment", name, environment="dev")


BOTH = desired(Want(evaluations=("facts@1",)), Want(name="chat", model="tiny@2"))


def test_a_plan_is_in_the_order_it_is_applied_whatever_order_the_changes_come_in() -> None:
    expected = plan(BOTH, nothing())
    mixed = list(diff(BOTH, nothing()))
    random.Random(7).shuffle(mixed)
    assert build_plan(BOTH, nothing(), mixed, digest_of("p"), "trueup 0.1.0", NOON).changes == expected.changes
    kinds = [type(c) for c in expected.changes]
    assert kinds == [Fetch, Fetch, Fetch, Build, Build, Create, Evaluate, Create]


def test_the_id_is_that_of_the_inputs_and_not_of_the_time() -> None:
    first = plan(BOTH, nothing())
    assert replace(first, created_at=NOON.replace(year=2030)).id == first.id
    assert first.id == digest_of(first.inputs.to_json())


def test_every_input_changes_the_id() -> None:
    ids = {
        plan(BOTH, nothing()).id,
        plan(desired(Want()), nothing()).id,
        plan(BOTH, applied(BOTH)).id,
        plan(BOTH, nothing(), policy="other").id,
        build_plan(BOTH, nothing(), (), digest_of("p"), "trueup 0.2.0", NOON).id,
        plan(BOTH, nothing(), target("chat")).id,
    }
    assert len(ids) == 6


def test_a_narrowed_plan_keeps_what_its_targets_need_and_nothing_else() -> None:
    narrowed = plan(BOTH, nothing(), target("chat"))
    assert [type(c) for c in narrowed.changes] == [Fetch, Build, Create]
    assert narrowed.targets == (target("chat"),)
    assert {c.address.short for c in narrowed.changes} == {"tiny@2", "tiny-q8_0@1", "dev/chat"}


def test_a_shared_build_stays_in_a_plan_narrowed_to_either_deployment() -> None:
    state = desired(Want(), Want(name="chat"))
    for name in ("chat", "support"):
        assert [type(c) for c in plan(state, nothing(), target(name)).changes] == [Fetch, Build, Create]


def test_what_a_build_reads_besides_stays_in_a_plan_narrowed_to_its_deployment() -> None:
    state = desired(Want(name="chat"), Want(model="tiny@2"))
    chat, support = state.deployments
    data = ArtifactPin("file:calibration", digest_of("data"), "dataset")
    release = replace(chat.release, build=replace(chat.release.build, inputs=(data,)))
    narrowed = plan(replace(state, deployments=(replace(chat, release=release), support)), nothing(), target("chat"))
    assert data.digest in {c.digest for c in narrowed.changes if isinstance(c, Fetch)}


def test_the_evaluations_of_a_target_stay_with_their_data() -> None:
    narrowed = plan(BOTH, nothing(), target("support"))
    assert [type(c) for c in narrowed.changes] == [Fetch, Fetch, Build, Evaluate, Create]


def test_a_narrowed_deletion_leaves_servers_that_others_still_use() -> None:
    observed = applied(desired(Want(), Want(name="chat")))
    (change,) = plan(desired(), observed, target("support")).changes
    assert isinstance(change, Delete)
    assert change.servers == ()


def test_a_target_is_found_by_name_and_by_address_declared_or_running() -> None:
    observed = applied(desired(Want(name="old")))
    found, problems = find_targets(["support", "Deployment/dev/old"], desired(Want()), observed)
    assert found == (target("old"), target("support"))
    assert problems == ()


def test_an_unknown_target_is_a_problem_with_a_suggestion() -> None:
    found, (problem,) = find_targets(["suport"], desired(Want()), nothing())
    assert found == ()
    assert problem.code.id == "PLN005"
    assert problem.hint == "did you mean `support`?"


def test_a_deployment_resolves_alike_in_every_environment() -> None:
    staging, dev = (deployment(Want(environment=e)).release.digest for e in ("staging", "dev"))
    assert staging == dev
