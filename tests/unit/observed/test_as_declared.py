"""What would be observed of a declaration that was applied."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from states import NOON, Want, desired
from trueup.diff.changes import Evaluate
from trueup.diff.compare import diff
from trueup.observed.declared import as_declared
from trueup.observed.state import Health

WANTS = st.builds(Want, replicas=st.integers(1, 3), prompt=st.sampled_from(["support@1", "support@2", ""]))


@given(WANTS)
def test_what_is_as_declared_needs_no_change_but_to_be_measured(want: Want) -> None:
    state = desired(want)
    assert diff(state, as_declared(state, "dev", NOON)) == ()
    measured = desired(replace(want, evaluations=("facts@1",)))
    assert all(isinstance(c, Evaluate) for c in diff(measured, as_declared(measured, "dev", NOON)))


def test_nothing_is_known_of_what_only_measuring_tells() -> None:
    found = as_declared(desired(Want(evaluations=("facts@1",))), "dev", NOON)
    assert (found.evidence, found.verified, found.upstream, found.holds) == ((), (), (), ())


def test_where_nothing_is_declared_nothing_runs() -> None:
    assert as_declared(None, "dev", NOON).target.gateway is Health.STOPPED
    assert as_declared(desired(), "dev", NOON).target.gateway is Health.STOPPED
