"""Laws of policy: what may change and what must not, whatever the documents and policies are."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueup.adapters.policy.embedded.engine import EmbeddedEngine
from trueup.adapters.policy.embedded.scan import MAX_DEPTH, scan
from trueup.core.digests import digest_of
from trueup.core.json import Json, canonical
from trueup.policy.decision import Decision, Enforcement, Outcome
from trueup.policy.derived import secret_places
from trueup.policy.judge import judge
from trueup.policy.licenses import alternatives
from trueup.policy.results import Evaluation, PolicyFile, RuleResult

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

texts = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=8)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
sound_results = st.fixed_dictionaries(
    {"id": st.sampled_from(["A-01", "B-02"]), "msg": texts},
    optional={
        "severity": st.sampled_from(["critical", "high", "medium", "low"]),
        "address": st.sampled_from(["Model/m@1", "Prompt/p@1"]),
        "path": st.lists(st.sampled_from(["spec", "a", 0]), max_size=3),
    },
)
entries = st.sampled_from(["deny", "warn", "violation", "deny_named"])
waivers = st.fixed_dictionaries(
    {
        "address": st.sampled_from(["PolicyException/v", "PolicyException/w"]),
        "rule": st.sampled_from(["A-01", "B-02"]),
        "resource": st.sampled_from(["Model/*", "*/*", "Prompt/p@1"]),
        "path": st.sampled_from(["", "spec"]),
        "expires": st.just("2026-04-01"),
        "inForce": st.just(True),
        "problem": st.just(""),
    }
)


def decide(results: list[tuple[str, Json]], exceptions: list[dict[str, str]], tier: str = "production") -> Decision:
    made = tuple(RuleResult(entry, "p", raw) for entry, raw in results)
    document: dict[str, Json] = {"environment": {"tier": tier}, "exceptions": exceptions}
    return judge(Evaluation(made, (), ("A-01",), "e"), document, digest_of("b"), lambda _a, _p: None)


@given(st.lists(st.tuples(entries, json_values | sound_results), max_size=6), st.lists(waivers, max_size=3))
def test_nothing_is_allowed_that_was_denied_without_a_word(
    results: list[tuple[str, Json]], exceptions: list[dict[str, str]]
) -> None:
    decision = decide(results, exceptions)
    stopping = [v for v in decision.violations if v.enforcement is Enforcement.DENY and not v.excepted_by]
    assert (decision.outcome is Outcome.ALLOW) == (not stopping and not decision.errors)
    odd = [raw for _, raw in results if not isinstance(raw, str) and not (isinstance(raw, dict) and "msg" in raw)]
    assert bool(odd) <= (decision.outcome is Outcome.ERROR)


@given(st.lists(st.tuples(entries, json_values | sound_results), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(results: list[tuple[str, Json]], random: object) -> None:
    mixed = list(results)
    random.shuffle(mixed)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert decide(mixed, []) == decide(results, [])


@given(st.lists(st.tuples(entries, sound_results), max_size=5), st.lists(waivers, max_size=3), waivers)
def test_one_more_exception_never_makes_a_decision_stricter(
    results: list[tuple[str, Json]], exceptions: list[dict[str, str]], another: dict[str, str]
) -> None:
    if decide(results, exceptions).outcome is Outcome.ALLOW:
        assert decide(results, [*exceptions, another]).outcome is Outcome.ALLOW


@given(st.lists(st.tuples(entries, sound_results), max_size=5))
def test_production_is_never_more_lenient_than_dev(results: list[tuple[str, Json]]) -> None:
    if decide(results, []).outcome is Outcome.ALLOW:
        assert decide(results, [], "dev").outcome is Outcome.ALLOW


@given(json_values)
def test_places_of_secrets_lead_to_a_value_or_a_key(document: Json) -> None:
    for path in secret_places({"spec": document, "apiKey": "planted"}):
        assert path


_ids = st.sampled_from(["MIT", "Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"])
expressions = st.recursive(
    _ids,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=5,
)


@given(expressions, expressions)
def test_or_joins_alternatives_and_and_multiplies_them(left: str, right: str) -> None:
    one, two = alternatives(left), alternatives(right)
    assert one is not None
    assert two is not None
    either, both = alternatives(f"{left} OR {right}"), alternatives(f"{left} AND {right}")
    assert set(either or ()) == set(one) | set(two)
    assert {frozenset(a) for a in both or ()} == {frozenset(a) | frozenset(b) for a in one for b in two}


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_is_not(text: str) -> None:
    found = alternatives(text)
    assert found is None or all(found)


@given(st.text(alphabet='[]{}()"`#\\\n a', max_size=60))
def test_depth_is_never_taken_for_less_than_plain_nesting(text: str) -> None:
    nested = "[" * (MAX_DEPTH + 1)
    assert any(d.code.id == "POL002" for d in scan("p.rego", nested + text))


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine(timeout_seconds=60) as started:
        yield started


ECHO = [
    PolicyFile(
        "policies/echo.rego",
        b'package echo\ndeny contains {"id": "E-01", "msg": "seen", "value": input.value}\n',
        "policies",
    )
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(json_values)
def test_a_value_goes_through_the_engine_unchanged(engine: EmbeddedEngine, value: Json) -> None:
    (evaluation,) = engine.evaluate(ECHO, [canonical({"value": value})], NOW)
    assert evaluation.errors == ()
    assert [r.raw for r in evaluation.results] == [{"id": "E-01", "msg": "seen", "value": value}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from('[]{}()":=|,.`#xyf1 \n\t%$'), max_size=60))
def test_any_text_is_a_policy_or_has_problems_with_a_place(engine: EmbeddedEngine, text: str) -> None:
    problems = engine.check([PolicyFile("policies/p.rego", f"package p\n{text}".encode(), "policies")])
    assert all(d.code.id.startswith("POL") and d.detail for d in problems)
    assert not [d for d in problems if d.code.id in ("POL030", "POL031", "POL032")]
