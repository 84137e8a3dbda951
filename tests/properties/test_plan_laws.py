"""Laws of plans and plan files."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from states import environment
from trueup.core.diagnostics import Span
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.diff.changes import Build, Create, Delete, Evaluate, Fetch, FieldChange, Impact, Movement, Update
from trueup.evidence.evidence import Evidence, GateResult, Measurement
from trueup.observed.state import Hold
from trueup.plan.codec import read_saved_plan, write_saved_plan
from trueup.plan.difference import Snapshot
from trueup.plan.plan import Inputs, Plan
from trueup.plan.saved import SavedPlan
from trueup.policy.codec import decision_from_json, decision_to_json
from trueup.policy.decision import Decision, Enforcement, EngineError, ExceptionUse, Notice, Outcome, Violation

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
digests: st.SearchStrategy[Digest] = st.integers(0, 9).map(digest_of) | st.just(Digest(""))
ids = st.builds(ResourceId, texts, texts, texts, texts)
times = st.datetimes(timezones=st.just(UTC))
numbers = st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)


def tuples_of(items: st.SearchStrategy) -> st.SearchStrategy:  # type: ignore[type-arg]  # of anything
    return st.lists(items, max_size=2).map(tuple)


words = st.tuples(st.sampled_from(["equal", "delete", "insert"]), texts)
paths = tuples_of(texts | st.integers(0, 9))
fields = st.builds(FieldChange, texts, paths, values, values, tuples_of(words))
impacts = tuples_of(st.sampled_from(list(Impact)))
movements = st.sampled_from(list(Movement))
changes = st.one_of(
    st.builds(Create, ids, texts, impacts, tuples_of(fields), digests, movements),
    st.builds(
        Update, ids, texts, impacts, tuples_of(fields), digests, digests, st.booleans(), st.booleans(), movements
    ),
    st.builds(Delete, ids, texts, digests, tuples_of(digests)),
    st.builds(Fetch, ids, texts, texts, digests),
    st.builds(Build, ids, texts, texts, tuples_of(st.tuples(texts, values)), digests, digests),
    st.builds(Evaluate, ids, texts, ids, digests),
)
plans = st.builds(
    Plan,
    texts,
    texts.map(Revision),
    st.builds(Inputs, digests, digests, digests, texts, tuples_of(texts)),
    tuples_of(changes),
    times,
    tuples_of(ids),
)
evidence = st.builds(
    Evidence,
    texts,
    digests,
    tuples_of(st.tuples(texts, digests)),
    tuples_of(st.builds(Measurement, texts, numbers, texts, st.integers(0, 99))),
    tuples_of(st.builds(GateResult, texts, texts, numbers, st.none() | numbers, st.booleans())),
    texts,
    times,
    times,
    st.booleans(),
)
holds = st.builds(Hold, texts, ids, digests, texts, texts, times, st.none() | times)
saved_plans = st.builds(
    SavedPlan,
    plans,
    st.builds(environment, st.sampled_from(["dev", "prod"]), settings=values),
    values,
    times,
    tuples_of(evidence),
    tuples_of(holds),
    st.builds(Snapshot, values, values),
)


@given(saved_plans)
def test_reading_what_was_written_gives_the_same_plan(saved: SavedPlan) -> None:
    assert read_saved_plan(write_saved_plan(saved), "p") == saved


@given(saved_plans, st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_never_gives_another_plan(saved: SavedPlan, place: int, flip: int) -> None:
    content = bytearray(write_saved_plan(saved))
    content[place % len(content)] ^= flip
    result = read_saved_plan(bytes(content), "p")
    assert not isinstance(result, SavedPlan) or result == saved


spans = st.none() | st.builds(Span, texts, st.integers(0, 9), st.integers(0, 9))
decisions = st.builds(
    Decision,
    st.sampled_from(list(Outcome)),
    tuples_of(
        st.builds(
            Violation,
            *(texts, texts, texts, st.sampled_from(list(Enforcement)), texts, paths, texts, texts, spans, texts, texts),
            st.none() | st.sampled_from(list(Enforcement)),
        )
    ),
    tuples_of(st.builds(EngineError, texts, spans)),
    digests,
    digests,
    texts,
    tuples_of(texts),
    tuples_of(st.builds(ExceptionUse, texts, texts, texts, texts, st.none() | st.integers(-9, 90))),
    tuples_of(st.builds(Notice, texts, spans)),
)


@given(decisions)
def test_a_decision_reads_back_whole(decision: Decision) -> None:
    assert decision_from_json(decision_to_json(decision)) == decision
