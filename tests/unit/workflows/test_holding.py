"""Holds: placed, listed, expired, lifted."""

from datetime import timedelta

import pytest

from trueup.core.digests import short
from trueup.core.errors import PermanentError
from trueup.observed.state import Hold
from trueup.workflows import codes
from trueup.workflows.holding import hold_declared, holds, lift
from trueup.workflows.planning import Invalid
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
    assert [v.rule for v in applied.denied.violations] == ["HOLD"]
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
