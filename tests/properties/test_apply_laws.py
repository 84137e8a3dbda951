"""Laws of apply, with every port a fake: it converges, and a kill at any point loses nothing."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.observed.state import Health
from trueup.policy.deletion_budget import mark_of
from trueup.workflows.apply import Applied, ApplyRequest, apply
from trueup.workflows.planning import Planned, make_plan
from trueup.workflows.status import status
from workspaces import Declared, FakeWorkspace, KilledError, Stage

STAGES = {"dev": Stage(evaluations=("facts@1",))}
declared = st.builds(
    Declared,
    name=st.sampled_from(["a", "b", "c"]),
    model=st.sampled_from(["tiny@1", "tiny@2", "smol@1"]),
    prompt=st.sampled_from(["", "support@1", "support@2"]),
    build=st.just(""),
    threads=st.sampled_from([1, 2]),
    replicas=st.sampled_from([1, 2, 3]),
)
states = st.lists(declared, max_size=3, unique_by=lambda d: d.name)
slowly = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@contextlib.contextmanager
def workspace() -> Iterator[FakeWorkspace]:
    with tempfile.TemporaryDirectory() as folder:
        made = FakeWorkspace(Path(folder), (), STAGES)
        # A repository that declares no deployment any more; one that never did is the same to apply.
        yield made


def declare(made: FakeWorkspace, state: list[Declared]) -> None:
    """Declare *state*, and confirm the deletion of what serves and is not in it."""
    kept = {d.name for d in state}
    marks = [mark_of(name, release) for name, release in made.served().items() if name not in kept]
    made.declare(*state, dev=replace(STAGES["dev"], confirm_delete=" ".join(marks)))


def changes(made: FakeWorkspace) -> tuple[object, ...]:
    planned = make_plan(made, "dev")
    assert isinstance(planned, Planned)
    return planned.plan.changes


def every_route_has_its_server(made: FakeWorkspace) -> None:
    found = made.work.observe("dev")
    healthy = {s.key for s in found.servers if s.health is Health.HEALTHY}
    assert {r.server for r in found.routes} <= healthy


@slowly
@given(st.lists(states, min_size=1, max_size=4))
def test_apply_converges_on_every_state_it_is_given(history: list[list[Declared]]) -> None:
    with workspace() as made:
        made.fuse.watch = lambda: every_route_has_its_server(made)
        for state in history:
            declare(made, state)
            applied = made.apply()
            assert applied.result is None or not applied.result.failed
            assert changes(made) == ()
            found = status(made, "dev")
            assert not hasattr(found, "diagnostics")
            assert found.is_in_sync
        count, problems = made.ledger.verify()
        assert problems == ()
        assert count == len(made.ledger.stored)


@slowly
@given(states, states, st.integers(0, 80), st.integers(0, 80))
def test_a_kill_between_any_two_effects_loses_nothing(
    before: list[Declared], after: list[Declared], first: int, second: int
) -> None:
    """Killed twice at any effect: what had traffic keeps a server that answers, and the next apply finishes."""
    with workspace() as made:
        declare(made, before)
        made.apply()
        kept = {d.name for d in before} & {d.name for d in after}
        verified = dict(made.served())
        declare(made, after)

        def look() -> None:
            every_route_has_its_server(made)
            assert kept <= made.served().keys() | (kept - verified.keys())

        made.fuse.watch = look
        for burns in (first, second):
            made.fuse.left = made.fuse.burnt + burns
            with contextlib.suppress(KilledError):
                made.apply()
        made.heal()
        made.apply()
        assert changes(made) == ()
        assert made.journal.unfinished("dev") == ()
        assert made.ledger.verify()[1] == ()
        planned = make_plan(made, "dev")
        assert isinstance(planned, Planned)
        known = {(v.deployment.name, v.release) for v in planned.observed.verified}
        assert set(made.served().items()) <= known


@slowly
@given(states, states, st.integers(0, 60))
def test_a_reviewed_plan_is_finished_after_a_kill(before: list[Declared], after: list[Declared], burns: int) -> None:
    with workspace() as made:
        declare(made, before)
        made.apply()
        declare(made, after)
        reviewed = make_plan(made, "dev")
        assert isinstance(reviewed, Planned)
        request = ApplyRequest("dev", expected=reviewed.plan.inputs)
        made.fuse.left = made.fuse.burnt + burns
        was_killed = False
        try:
            list(apply(made, request, Applied()))
        except KilledError:
            was_killed = True
        made.heal()
        if was_killed and made.journal.unfinished("dev"):
            list(apply(made, request, Applied()))
        elif was_killed:
            made.apply()
        assert changes(made) == ()


@slowly
@given(states)
def test_a_second_apply_does_nothing(state: list[Declared]) -> None:
    with workspace() as made:
        declare(made, state)
        made.apply()
        burnt, stored = made.fuse.burnt, len(made.ledger.stored)
        applied = made.apply()
        assert applied.result is None
        assert (made.fuse.burnt, len(made.ledger.stored)) == (burnt, stored)


@slowly
@given(states, st.randoms(use_true_random=False))
def test_the_order_of_files_and_documents_does_not_matter(state: list[Declared], random) -> None:  # type: ignore[no-untyped-def]  # hypothesis
    with workspace() as made:
        declare(made, state)
        planned = make_plan(made, "dev")
        items = list(made.files.items())
        random.shuffle(items)
        made.files = dict(items)
        again = make_plan(made, "dev")
        assert isinstance(planned, Planned)
        assert isinstance(again, Planned)
        assert again.plan == planned.plan


plan_inputs = st.tuples(
    states,
    st.sampled_from(["trueup 0", "trueup 1"]),
    st.booleans(),
    st.booleans(),
)


@slowly
@given(plan_inputs, plan_inputs)
def test_a_plan_id_changes_exactly_when_an_input_does(left: tuple, right: tuple) -> None:  # type: ignore[type-arg]  # drawn
    def plan(inputs: tuple) -> tuple[object, object]:  # type: ignore[type-arg]  # drawn
        state, tool, has_rule, is_served = inputs
        with workspace() as made:
            made.tool = tool
            if not has_rule:
                made.engine.rules.pop()
            declare(made, state)
            if is_served:
                made.apply()
            made.clock.sleep(len(state) + 1)
            planned = make_plan(made, "dev")
            assert isinstance(planned, Planned)
            return planned.plan.id, planned.plan.inputs

    one, other = plan(left), plan(right)
    assert (one[0] == other[0]) == (one[1] == other[1])
    if sorted_names(left) == sorted_names(right):
        assert one[0] == other[0]
    if sorted_names(left)[:3] != sorted_names(right)[:3]:
        assert one[0] != other[0]


def sorted_names(inputs: tuple) -> tuple:  # type: ignore[type-arg]  # drawn
    state, tool, has_rule, is_served = inputs
    return sorted(map(str, state)), tool, has_rule, is_served


@slowly
@given(states, st.data())
def test_a_narrowed_plan_touches_nothing_else(state: list[Declared], data: st.DataObject) -> None:
    with workspace() as made:
        made.declare(*[replace(d, threads=1) for d in state])
        made.apply()
        before = made.served()
        made.declare(*state, replace(Declared(name="d"), model="smol@2"))
        name = data.draw(st.sampled_from([d.name for d in state] + ["d"]))
        made.apply(targets=(name,))
        after = made.served()
        assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in before.items() if k != name}
        every_route_has_its_server(made)
