"""PolicyExceptions for those who look after them: which hold, which end soon, which lift nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from trueup.core.diagnostics import Span
from trueup.core.frozen import dataclass
from trueup.core.suggestions import did_you_mean
from trueup.policy.exceptions import Waiver
from trueup.policy.results import RuleInfo


class WaiverState(StrEnum):
    """What an exception is worth today, the worst first."""

    EXPIRED = "expired"
    INVALID = "invalid"
    NO_RULE = "no rule"
    EXPIRING = "expiring"
    IN_FORCE = "in force"

    @property
    def holds(self) -> bool:
        """Whether it lifts its rule today."""
        return self in (WaiverState.EXPIRING, WaiverState.IN_FORCE)

    @property
    def is_wrong(self) -> bool:
        """Whether it surely lifts nothing. A rule may report under ids that nobody knows before it speaks."""
        return self in (WaiverState.EXPIRED, WaiverState.INVALID)


@dataclass(frozen=True, slots=True)
class LastUse:
    """The newest recorded decision that an exception lifted something of."""

    environment: str
    at: datetime
    record: int


@dataclass(frozen=True, slots=True)
class ListedWaiver:
    """One exception with its state, and why; `span` is where it is declared, `last_use` None when it was never used."""

    waiver: Waiver
    state: WaiverState
    problem: str = ""
    span: Span | None = None
    last_use: LastUse | None = None


def list_waivers(
    waivers: Iterable[Waiver],
    rules: Iterable[RuleInfo],
    built_in: Iterable[str],
    within_days: int,
    *,
    places: Mapping[str, Span],
    uses: Mapping[str, LastUse],
) -> tuple[ListedWaiver, ...]:
    """Return *waivers* with their states, the worst first, then by the days they have left.

    Args:
        waivers: What is declared.
        rules: What the rules say of themselves.
        built_in: Ids of rules that are not Rego.
        within_days: Days before its end from which an exception counts as expiring.
        places: Where each is declared, by address.
        uses: When each was last used, by address.
    """
    described = tuple(rules)
    known = {*built_in, *(r.id for r in described)}
    unwaivable = {r.id for r in described if not r.waivable}
    listed = []
    for waiver in waivers:
        state, problem = _state(waiver, known, unwaivable, within_days)
        listed.append(ListedWaiver(waiver, state, problem, places.get(waiver.address), uses.get(waiver.address)))
    return tuple(sorted(listed, key=_order))


def _state(waiver: Waiver, known: set[str], unwaivable: set[str], within_days: int) -> tuple[WaiverState, str]:
    if waiver.problem:
        return (WaiverState.EXPIRED if waiver.has_expired else WaiverState.INVALID), waiver.problem
    if waiver.rule in unwaivable:
        return WaiverState.INVALID, f"rule `{waiver.rule}` takes no exceptions"
    if waiver.rule not in known:
        hint = did_you_mean(waiver.rule, sorted(known))
        return WaiverState.NO_RULE, f"no rule has the id `{waiver.rule}`" + (f"; {hint}" if hint else "")
    days = waiver.expires_in_days
    is_expiring = days is not None and days <= within_days
    return (WaiverState.EXPIRING if is_expiring else WaiverState.IN_FORCE), ""


def _order(listed: ListedWaiver) -> tuple[int, int, str]:
    days = listed.waiver.expires_in_days
    return list(WaiverState).index(listed.state), 0 if days is None else days, listed.waiver.address
