"""Laws of the diff."""

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from states import PROMPTS, Want, applied, deployment, desired, nothing, verified
from trueup.core.digests import digest_of
from trueup.core.json import Json
from trueup.desired.state import DesiredState
from trueup.diff.changes import Create, Delete, Update, apply_order, change_id
from trueup.diff.compare import diff
from trueup.diff.fields import field_changes, is_same
from trueup.diff.masks import masked
from trueup.diff.words import word_difference
from trueup.observed.state import Health, ObservedServer, ObservedState

wants = st.builds(
    Want,
    name=st.sampled_from(["chat", "support", "search"]),
    model=st.sampled_from(["tiny@1", "tiny@2", "smollm2@1"]),
    prompt=st.sampled_from(["support@1", "support@2", "terse@1"]),
    text=st.sampled_from(["", "Be kind.", PROMPTS["2"]]),
    max_tokens=st.sampled_from([16, 48]),
    quantization=st.sampled_from([None, "Q8_0", "F16"]),
    threads=st.integers(1, 2),
    replicas=st.integers(1, 3),
    evaluations=st.sampled_from([(), ("facts@1",), ("facts@1", "tone@1")]),
)
states = st.lists(wants, max_size=3, unique_by=lambda w: w.name).map(lambda w: desired(*w))
health = st.sampled_from(list(Health))


@st.composite
def observations(draw: st.DrawFn) -> ObservedState:
    """A target some state was applied to, and that then lost, kept or gained something."""
    state = applied(draw(states))
    servers = [replace(s, health=draw(health)) for s in state.target.servers if draw(st.integers(0, 4))]
    if draw(st.booleans()):
        servers.append(ObservedServer(digest_of("stray"), 0, draw(health), None))
    routes = [replace(r, manifest=draw(st.sampled_from([r.manifest, None, {}]))) for r in state.target.routes]
    target = replace(state.target, gateway=draw(health), servers=tuple(servers), routes=tuple(routes))
    return replace(
        state,
        target=target,
        artifacts=frozenset(a for a in sorted(state.artifacts) if draw(st.booleans())),
        evidence=tuple(e for e in state.evidence if draw(st.booleans())),
        upstream=(verified(deployment(Want(model="tiny@2"))),) if draw(st.booleans()) else (),
    )


@given(states)
def test_equal_states_give_no_change(state: DesiredState) -> None:
    assert diff(state, applied(state)) == ()


@given(states, observations())
def test_applying_a_diff_converges(state: DesiredState, observed: ObservedState) -> None:
    """What is not changed is already as it should be: taking only the changed deployments from what applying
    would leave, and everything else from what is observed, leaves nothing to do."""
    changes = diff(state, observed)
    wanted = applied(state)
    moved = {c.address for c in changes if isinstance(c, Create | Update | Delete)}
    stopped = {key for c in changes if isinstance(c, Delete) for key in c.servers}
    retired = {r.server for r in observed.target.routes if r.deployment in moved}
    needed = {d.server.key for d in state.deployments if d.id in moved}
    kept_servers = [
        s for s in observed.target.servers if s.key not in needed and s.key not in (stopped | retired) - _keys(state)
    ]
    target = replace(
        wanted.target,
        gateway=wanted.target.gateway if moved else observed.target.gateway,
        servers=(*kept_servers, *(s for s in wanted.target.servers if s.key in needed)),
        routes=(
            *(r for r in observed.target.routes if r.deployment not in moved),
            *(r for r in wanted.target.routes if r.deployment in moved),
        ),
    )
    result = replace(
        observed,
        target=target,
        artifacts=observed.artifacts | wanted.artifacts if changes else observed.artifacts,
        evidence=wanted.evidence if changes else observed.evidence,
    )
    assert diff(state, result) == ()


def _keys(state: DesiredState) -> set[str]:
    return {d.server.key for d in state.deployments}


@given(states, observations(), st.randoms(use_true_random=False))
def test_input_order_does_not_matter(state: DesiredState, observed: ObservedState, random) -> None:  # type: ignore[no-untyped-def]  # hypothesis
    def shuffled(items: tuple) -> tuple:  # type: ignore[type-arg]  # of anything
        copy = list(items)
        random.shuffle(copy)
        return tuple(copy)

    target = replace(
        observed.target, servers=shuffled(observed.target.servers), routes=shuffled(observed.target.routes)
    )
    mixed = replace(observed, target=target, verified=shuffled(observed.verified))
    assert diff(replace(state, deployments=shuffled(state.deployments)), mixed) == diff(state, observed)


@given(states, observations())
def test_every_change_has_a_name_of_its_own_and_a_reason(state: DesiredState, observed: ObservedState) -> None:
    changes = diff(state, observed)
    assert len({change_id(c) for c in changes}) == len(changes)
    assert all(c.reason for c in changes)
    assert list(changes) == sorted(changes, key=apply_order)


@given(states)
def test_nothing_observed_means_everything_is_created(state: DesiredState) -> None:
    created = [c.address for c in diff(state, nothing()) if isinstance(c, Create)]
    assert created == [d.id for d in state.deployments]


@given(states, observations())
def test_a_drifted_deployment_keeps_its_declaration(state: DesiredState, observed: ObservedState) -> None:
    for change in diff(state, observed):
        if isinstance(change, Update) and change.drift:
            assert change.fields, "out of sync is never said without a difference"


texts = st.lists(st.sampled_from(["a", "b", "cat", " ", "  ", "\n", ".", "é", "日本"]), max_size=40).map("".join)


@given(texts, texts)
def test_the_runs_of_a_word_difference_give_back_both_texts(before: str, after: str) -> None:
    runs = word_difference(before, after)
    assert "".join(t for kind, t in runs if kind != "insert") == before
    assert "".join(t for kind, t in runs if kind != "delete") == after
    assert all(text for _, text in runs)
    assert all(left[0] != right[0] for left, right in itertools.pairwise(runs))


values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(values, values)
def test_fields_differ_exactly_when_documents_do(before: Json, after: Json) -> None:
    changes = field_changes("X/y", before, after)
    if is_same(before, after):
        assert changes == ()
    paths = [c.path for c in changes]
    assert len(set(paths)) == len(paths)


@given(values)
def test_masking_twice_is_masking_once(value: Json) -> None:
    assert masked(masked(value)) == masked(value)


@given(
    st.text(alphabet="abcdefgh0123456789", min_size=12, max_size=24), st.sampled_from(["password", "apiKey", "token"])
)
def test_no_secret_value_enters_a_field_change(secret: str, name: str) -> None:
    before, after = {"a": {name: secret}}, {"a": {name: secret[::-1] + "x"}, "b": {name: [secret]}}
    assert secret not in str(field_changes("X/y", before, after))
