"""What each exception is worth today."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from trueup.core.diagnostics import Span
from trueup.policy.exceptions import Waiver
from trueup.policy.results import RuleInfo
from trueup.policy.waiver_list import LastUse, ListedWaiver, WaiverState, list_waivers

WAIVER = Waiver("PolicyException/a", "SC-04", "Model/*", "", "2026-04-01", expires_in_days=18)
RULES = (RuleInfo("SC-04", "p", "deny"), RuleInfo("RG-02", "q", "deny", waivable=False))
USE = LastUse("prod", datetime(2026, 3, 1, tzinfo=UTC), 12)
PLACE = Span("spec/a.yaml", 1, 1)


def listed(*waivers: Waiver, within: int = 14) -> tuple[ListedWaiver, ...]:
    return list_waivers(waivers, RULES, ("TU-01",), within, places={WAIVER.address: PLACE}, uses={WAIVER.address: USE})


@pytest.mark.parametrize(
    ("waiver", "state", "problem"),
    [
        (WAIVER, WaiverState.IN_FORCE, ""),
        (replace(WAIVER, rule="TU-01"), WaiverState.IN_FORCE, ""),
        (replace(WAIVER, expires_in_days=14), WaiverState.EXPIRING, ""),
        (replace(WAIVER, expires_in_days=0), WaiverState.EXPIRING, ""),
        (replace(WAIVER, expires_in_days=None), WaiverState.IN_FORCE, ""),
        (replace(WAIVER, problem="it expired on 2026-03-01"), WaiverState.EXPIRED, "it expired on 2026-03-01"),
        (replace(WAIVER, problem="`owner` is missing"), WaiverState.INVALID, "`owner` is missing"),
        (replace(WAIVER, rule="RG-02"), WaiverState.INVALID, "rule `RG-02` takes no exceptions"),
        (replace(WAIVER, rule="SC-4"), WaiverState.NO_RULE, "no rule has the id `SC-4`; did you mean `SC-04`?"),
        (replace(WAIVER, rule="sc-04"), WaiverState.NO_RULE, "no rule has the id `sc-04`; did you mean `SC-04`?"),
        (replace(WAIVER, rule="zzz"), WaiverState.NO_RULE, "no rule has the id `zzz`"),
    ],
)
def test_state_and_problem(waiver: Waiver, state: WaiverState, problem: str) -> None:
    (one,) = listed(waiver)
    assert (one.state, one.problem) == (state, problem)
    assert one.state.holds == (state in (WaiverState.IN_FORCE, WaiverState.EXPIRING))
    assert one.state.is_wrong == (state in (WaiverState.EXPIRED, WaiverState.INVALID))


def test_each_has_its_place_and_its_last_use() -> None:
    first, second = listed(WAIVER, replace(WAIVER, address="PolicyException/b", expires_in_days=40))
    assert (first.span, first.last_use) == (PLACE, USE)
    assert (second.span, second.last_use) == (None, None)


def test_the_worst_come_first_and_then_those_with_the_fewest_days() -> None:
    waivers = (
        WAIVER,
        replace(WAIVER, address="PolicyException/soon", expires_in_days=3),
        replace(WAIVER, address="PolicyException/over", problem="it expired on 2026-03-01"),
        replace(WAIVER, address="PolicyException/sooner", expires_in_days=1),
    )
    names = [one.waiver.address.split("/")[1] for one in listed(*waivers)]
    assert names == ["over", "sooner", "soon", "a"]
