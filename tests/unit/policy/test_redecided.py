"""A recorded decision beside the one that is made again."""

from dataclasses import replace

from records import NOON
from trueup.core.digests import digest_of
from trueup.core.json import canonical
from trueup.policy.decision import Decision, Enforcement, EngineError, Outcome, Violation
from trueup.policy.decision_log import Circumstances, event, keep
from trueup.policy.recorded import RecordedDecision, RecordedResult, read_decision
from trueup.policy.redecided import differences, result_differences, violation_differences
from trueup.policy.results import Evaluation, RuleResult

FOUND = Violation("EV-01", "", "high", Enforcement.DENY, "Model/tiny@1", ("spec", 0), "no evidence")
DECISION = Decision(Outcome.DENY, (FOUND,), (), digest_of("p"), digest_of("i"), "e", ("EV-01",))
RAW = {"id": "EV-01", "msg": "no evidence", "path": []}


def recorded(decision: Decision = DECISION) -> RecordedDecision:
    about = Circumstances("dev", NOON, 0, "Ada", "trueup 1")
    return read_decision(event(decision, b"{}", keep((), "trueup 1", ""), about, digest_of("e")))


def test_a_decision_equals_itself() -> None:
    assert differences(recorded(), DECISION, exact=True) == ()


def test_words_count_only_between_equal_engines() -> None:
    now = replace(DECISION, violations=(replace(FOUND, message="none"),))
    assert differences(recorded(), now, exact=False) == ()
    assert differences(recorded(), now, exact=True) == (
        "only then: EV-01 Model/tiny@1 spec.0 (deny)",
        "only now: EV-01 Model/tiny@1 spec.0 (deny)",
    )


def test_outcome_enforcement_and_exceptions_count_always() -> None:
    now = replace(DECISION, outcome=Outcome.ALLOW, violations=(replace(FOUND, excepted_by="PolicyException/a"),))
    assert differences(recorded(), now, exact=False) == (
        "it said deny, and says allow now",
        "only then: EV-01 Model/tiny@1 spec.0 (deny)",
        "only now: EV-01 Model/tiny@1 spec.0 (deny, excepted)",
    )


def test_errors_count_between_equal_engines() -> None:
    now = replace(DECISION, errors=(EngineError("out of memory"),))
    assert differences(recorded(), now, exact=True) == ("only now: the error `out of memory`",)


def test_a_violation_that_was_found_twice_is_found_twice() -> None:
    now = replace(DECISION, violations=(FOUND, FOUND))
    assert differences(recorded(), now, exact=True) == ("only now: EV-01 Model/tiny@1 spec.0 (deny)",)


def test_many_differences_are_counted() -> None:
    now = replace(DECISION, violations=tuple(replace(FOUND, rule=f"X-{n}") for n in range(9)))
    *told, last = differences(recorded(), now, exact=True)
    assert (len(told), last) == (5, "and 5 more")


def test_what_rules_gave_is_compared_whole_or_without_words() -> None:
    then = (RecordedResult("a", "deny", RAW),)
    same = Evaluation((RuleResult("deny", "a", RAW),), (), (), "e")
    reworded = replace(same, results=(RuleResult("deny", "a", RAW | {"msg": "none"}),))
    assert result_differences(then, same, exact=True) == ()
    assert result_differences(then, reworded, exact=False) == ()
    assert result_differences(then, reworded, exact=True) == (
        f"only then: the result of `a.deny` {canonical(RAW).decode()}",
        f"only now: the result of `a.deny` {canonical(RAW | {'msg': 'none'}).decode()}",
    )


def test_a_result_that_is_a_text_is_all_words() -> None:
    then = (RecordedResult("a", "deny", "one"),)
    now = Evaluation((RuleResult("deny", "a", "two"),), (), (), "e")
    assert result_differences(then, now, exact=False) == ()
    assert len(result_differences(then, now, exact=True)) == 2


def test_of_the_oldest_format_only_lost_violations_count() -> None:
    built_in = replace(FOUND, rule="TU-01")
    then = recorded(replace(DECISION, violations=(FOUND, built_in)))
    more = replace(DECISION, outcome=Outcome.ALLOW, violations=(FOUND, replace(FOUND, rule="NEW")))
    assert violation_differences(then, more) == ()
    assert violation_differences(then, replace(more, violations=())) == ("only then: EV-01 Model/tiny@1 spec.0",)
