"""How much a plan can hurt, and why."""

from dataclasses import replace

import pytest

from states import Want, applied, desired, nothing, with_server
from trueup.core.digests import digest_of
from trueup.core.ids import ResourceId
from trueup.diff.changes import Change, Delete, Movement, Update
from trueup.diff.compare import diff
from trueup.observed.state import Health, ObservedServer
from trueup.plan.effects import Effects, Loosened
from trueup.plan.risk import Assessment, Risk, assess, together

NOTHING = Effects()


def changes(before: Want | None, after: Want | None) -> tuple[Change, ...]:
    now = desired(after) if after else desired()
    return diff(now, applied(desired(before)) if before else nothing())


def level(*args: object) -> tuple[Risk, tuple[str, ...]]:
    found = assess(*args)  # type: ignore[arg-type]
    return found.risk, found.reasons


def test_no_change_is_no_risk() -> None:
    assert level((), "production", NOTHING) == (Risk.NONE, ())


@pytest.mark.parametrize(
    ("after", "tier", "risk", "reasons"),
    [
        (Want(replicas=2), "dev", Risk.LOW, ("what serves answers as before",)),
        (Want(replicas=2), "production", Risk.MEDIUM, ("reaches production",)),
        (Want(prompt="support@2"), "staging", Risk.MEDIUM, ("changes what answers",)),
        (Want(prompt="support@2"), "production", Risk.HIGH, ("reaches production",)),
    ],
)
def test_what_answers_and_where_decides(after: Want, tier: str, risk: Risk, reasons: tuple[str, ...]) -> None:
    found = tuple(c for c in changes(Want(), after) if isinstance(c, Update))
    assert level(found, tier, NOTHING) == (risk, reasons)


@pytest.mark.parametrize(("movement", "reason"), [(Movement.PROMOTION, "promotes"), (Movement.ROLLBACK, "rolls back")])
def test_what_moves_says_how(movement: Movement, reason: str) -> None:
    (update,) = (c for c in changes(Want(), Want(prompt="support@2")) if isinstance(c, Update))
    assert level((replace(update, movement=movement),), "dev", NOTHING) == (Risk.MEDIUM, (reason,))


def test_what_is_new_in_production_is_high() -> None:
    assert assess(changes(None, Want()), "production", NOTHING).risk is Risk.HIGH


def test_deleting_is_high_wherever_and_a_stray_server_is_not() -> None:
    deleted = changes(Want(), None)
    assert any(isinstance(c, Delete) for c in deleted)
    assert level(tuple(c for c in deleted if c.address.kind == "Deployment"), "dev", NOTHING) == (
        Risk.HIGH,
        ("deletes",),
    )
    observed = applied(desired(Want()))
    stray = ObservedServer(digest_of("stray"), 0, Health.HEALTHY, None)
    target = replace(observed.target, servers=(*observed.target.servers, stray))
    found = diff(desired(Want()), replace(observed, target=target))
    assert level(found, "production", NOTHING) == (Risk.MEDIUM, ("stops a server that nothing declares",))


def test_what_is_easier_to_pass_and_what_an_exception_lifts_is_high() -> None:
    easier = Effects(None, (Loosened("Evaluation/facts@2", "age-loosened"),))
    assert level((), "dev", easier) == (Risk.HIGH, ("evaluations are easier to pass",))
    assert level((), "dev", NOTHING, 2) == (Risk.HIGH, ("2 denied otherwise, lifted by an exception",))


def test_together_the_worst_counts_with_its_reasons_once() -> None:
    low, high = Assessment(Risk.LOW, ("a",)), Assessment(Risk.HIGH, ("b",))
    assert together([low, high, Assessment(Risk.HIGH, ("b", "c")), Assessment()]) == Assessment(Risk.HIGH, ("b", "c"))
    assert together([]) == Assessment()


def test_a_server_that_fell_over_is_low_or_medium_but_never_none() -> None:
    state = desired(Want())
    found = diff(state, with_server(applied(state), 0, health=Health.STOPPED, pid=0, detail="ended"))
    assert assess(found, "dev", NOTHING).risk is not Risk.NONE
    assert ResourceId("Deployment", "support", environment="dev") in {c.address for c in found}
