"""Holds: placed, listed, expired, lifted."""

from datetime import timedelta

import pytest

from trueup.core.digests import short
from trueup.core.errors import PermanentError
from trueup.ledger.hold_terms import Terms
from trueup.ledger.record import RecordKind
from trueup.observed.state import Hold
from trueup.workflows import codes
from trueup.workflows.holding import Placed, hold_declared, hold_release, holds, holds_placed, lift
from trueup.workflows.planning import Invalid
from trueup.workflows.rollback import Proposal, propose
from trueup.workflows.status import status
from workspaces import Declared, FakeWorkspace

OLD, NEW = Declared(model="smol@1"), Declared(model="smol@2")


def held(workspace: FakeWorkspace, days: int = 0, name: str = "support") -> Hold:
    found = hold_declared(workspace, "dev", name, "it lies", timedelta(days=days) if days else None)
    assert isinstance(found, Hold)
    return found


def test_a_held_release_is_denied_and_what_serves_stays(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    served = workspace.served()
    workspace.declare(NEW)
    held(workspace)
    applied = workspace.apply()
    assert applied.denied is not None
    assert [v.rule for v in applied.denied.violations] == ["HOLD", "TU-05"]
    assert workspace.served() == served


def test_a_hold_is_about_the_declared_release_and_says_who_and_why(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    hold = held(workspace)
    assert hold.release == workspace.served()["support"]
    assert (hold.reason, hold.author, hold.expires) == ("it lies", workspace.actor, None)
    assert holds(workspace, "dev") == (hold,)
    assert holds(workspace, "prod") == ()


def test_a_hold_ends_when_it_expires(make) -> None:
    workspace = make(OLD)
    held(workspace, days=1)
    workspace.clock.sleep(24 * 3600 - 1)
    assert len(holds(workspace, "dev")) == 1
    workspace.clock.sleep(1)
    assert holds(workspace, "dev") == ()
    assert workspace.apply().result is not None


def test_a_hold_ends_when_it_is_lifted(make) -> None:
    workspace = make(OLD)
    hold = held(workspace)
    assert lift(workspace, "dev", "support") == (hold,)
    assert holds(workspace, "dev") == ()
    assert workspace.apply().result is not None


@pytest.mark.parametrize("name", ["support", "Deployment/dev/support"])
def test_one_of_several_holds_is_lifted_by_its_release(make, name: str) -> None:
    workspace = make(OLD)
    first = held(workspace)
    workspace.declare(NEW)
    second = held(workspace, name=name)
    assert lift(workspace, "dev", name, short(first.release, 8)) == (first,)
    assert holds(workspace, "dev") == (second,)


def test_a_hold_that_is_not_there_cannot_be_lifted(make) -> None:
    workspace = make(OLD)
    held(workspace)
    for name, release in (("chat", ""), ("support", "ffff")):
        with pytest.raises(PermanentError) as refused:
            lift(workspace, "dev", name, release)
        assert refused.value.code is codes.NO_SUCH_HOLD


def test_only_what_is_declared_can_be_held(make) -> None:
    workspace = make(OLD, Declared(name="chat"))
    assert isinstance(hold_declared(workspace, "dev", "nobody", "", None), Invalid)
    workspace.apply()
    workspace.declare(OLD)
    with pytest.raises(PermanentError, match="not declared"):
        hold_declared(workspace, "dev", "chat", "", None)


def test_a_hold_follows_its_release_to_a_deployment_of_another_name(make) -> None:
    workspace = make(NEW)
    held(workspace)
    workspace.declare(Declared(name="helpdesk", model="smol@2"))
    denied = workspace.apply().denied
    assert denied is not None
    assert {v.address for v in denied.violations} == {"Deployment/dev/helpdesk"}
    (row,) = status(workspace, "dev").deployments
    assert [h.reason for h in row.holds] == ["it lies"]
    with pytest.raises(PermanentError, match="No hold on `helpdesk`") as refused:
        lift(workspace, "dev", "helpdesk")
    assert "`support`" in refused.value.hint
    assert lift(workspace, "dev", "support")
    assert workspace.apply().result is not None


def test_another_release_than_the_declared_one_can_be_held(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    first = workspace.served()["support"]
    workspace.declare(NEW)
    workspace.apply()
    placed = hold_release(workspace, "dev", "support", Terms("it leaks"), short(first, 10))
    assert isinstance(placed, Placed)
    assert (placed.hold.release, placed.serving) == (first, ())
    with pytest.raises(PermanentError, match="on hold"):
        propose(workspace, "dev", "support")
    named = propose(workspace, "dev", "support", to=first)
    assert isinstance(named, Proposal)
    assert named.denied is not None
    assert "it leaks" in " ".join(v.message for v in named.denied.violations)


def test_a_hold_on_what_serves_says_where_and_takes_nothing_down(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    served = workspace.served()
    placed = hold_release(workspace, "dev", "support", Terms("under review", days="7"))
    assert isinstance(placed, Placed)
    assert [str(d) for d in placed.serving] == ["Deployment/dev/support"]
    assert placed.hold.expires == workspace.clock.now() + timedelta(days=7)
    assert workspace.served() == served


def test_everything_wrong_with_a_hold_is_told_at_once(make) -> None:
    workspace = make(OLD)
    found = hold_release(workspace, "dev", "support", Terms("", days="x"), "ffff")
    assert isinstance(found, Invalid)
    assert [d.code.id for d in found.diagnostics] == ["LED031", "LED031", "WRK030"]
    only = hold_release(workspace, "dev", "support", Terms(""))
    assert isinstance(only, Invalid)
    assert holds(workspace, "dev") == ()
    workspace.apply()
    workspace.declare(NEW)
    both = hold_release(workspace, "dev", "support", Terms("x"), "sha256:")
    assert isinstance(both, Invalid)
    assert "names several releases" in both.diagnostics[0].detail


def test_a_hold_that_ended_by_itself_is_still_told(make) -> None:
    workspace = make(OLD)
    workspace.apply()
    hold = held(workspace, days=1)
    workspace.clock.sleep(24 * 3600)
    assert holds_placed(workspace) == ((hold, False),)
    (row,) = status(workspace, "dev").deployments
    assert (row.holds, row.ended) == ((), (hold,))
    held(workspace)
    assert [active for _, active in holds_placed(workspace, "dev")] == [True]
    assert holds_placed(workspace, "prod") == ()


def test_lifting_records_who_and_why(make) -> None:
    workspace = make(OLD)
    held(workspace)
    lift(workspace, "dev", "support", reason="the cause was the network")
    record = next(r for r in workspace.ledger.records() if r.draft.kind is RecordKind.LIFT)
    assert record.draft.body["lifted"] == {"by": workspace.actor, "reason": "the cause was the network"}
