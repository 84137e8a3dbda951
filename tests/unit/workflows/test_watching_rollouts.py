"""A rollout that another run drives, looked at from outside."""

from datetime import datetime
from pathlib import Path

import pytest

from trueup.adapters.targets.process import codes
from trueup.cli.output import Format, Style
from trueup.cli.views.rollout import plain, watched
from trueup.cli.views.status import render
from trueup.core.errors import TransientError
from trueup.diff.status import Status
from trueup.observed.traffic import Answered, Traffic
from trueup.ports import Route
from trueup.rollout.verdicts import Outcome
from trueup.workflows.explain import explain
from trueup.workflows.planning import Invalid
from trueup.workflows.under_way import watch
from workspaces import Declared, FakeWorkspace, KilledError

ANALYSIS = '{metrics: [{name: error_rate, successCondition: "<= 5%", interval: 5s}], minRequests: 50, patience: 30s}'
CANARY = f"{{strategy: canary, steps: [{{setWeight: 10}}, {{analysis: {ANALYSIS}}}, {{setWeight: 50, pause: {{}}}}]}}"


def good(environment: str, route: Route, since: datetime) -> Traffic:
    answered = (Answered(since.timestamp() + 1, 200, failed=False, seconds=0.1),) * 400
    beside = route.split.candidates if route.split is not None else ()
    return Traffic(since, dict.fromkeys((route.release, *(c.release for c in beside)), answered))


def silent(environment: str, route: Route, since: datetime) -> Traffic:
    raise TransientError(codes.GATEWAY_DIED, "the gateway does not answer")


@pytest.fixture
def shop(tmp_path: Path) -> FakeWorkspace:
    """Return a workspace whose canary was left in its second stage by a run that was killed."""
    made = FakeWorkspace(tmp_path, [Declared(model="smol@1")])
    made.apply()
    made.work.answered = good
    made.declare(Declared(model="smol@2", rollout=CANARY))

    def kill() -> None:
        split = made.work.observe("dev").routes[0].split
        if split is not None and "'stage': 1" in str(split.progress):
            raise KilledError

    made.fuse.watch = kill
    with pytest.raises(KilledError):
        made.apply()
    made.fuse.watch = lambda: None
    return made


def test_a_rollout_under_way_is_seen_with_its_steps_and_metrics(shop: FakeWorkspace) -> None:
    found, (one,) = watch(shop, "dev")
    assert isinstance(found, Status)
    assert one.takeover is not None
    assert [(v.metric, v.outcome) for v in one.verdicts] == [("error_rate", Outcome.PASS)]
    lines = watched(found, (one,), shop.clock.now(), Style(), (80, 24))
    assert "  steps  10 % ok > [10 %] > 50 % > 100 %" in lines
    assert any(line.startswith("  error_rate") and line.endswith("ok") for line in lines)
    assert "step 2 of 3, 10 % of the requests, error_rate pass" in plain(found, (one,))


def test_a_gateway_that_does_not_answer_leaves_the_metrics_out(shop: FakeWorkspace) -> None:
    shop.work.answered = silent
    _, (one,) = watch(shop, "dev")
    assert one.verdicts == ()


def test_a_newer_declaration_has_no_say_in_the_steps_of_the_older(shop: FakeWorkspace) -> None:
    shop.declare(Declared(model="smol@1"))
    _, (one,) = watch(shop, "dev")
    assert (one.takeover, one.verdicts) == (None, ())


def test_explain_and_markdown_tell_of_a_rollout(shop: FakeWorkspace) -> None:
    said = explain(shop, "Deployment/dev/support")
    assert not isinstance(said, Invalid)
    (line,) = next(s.lines for s in said.sections if s.title == "Rollout")
    assert line.startswith("10 % of the requests go to release ")
    found, _ = watch(shop, "dev")
    assert isinstance(found, Status)
    assert "- Deployment/dev/support: 10 % of the requests go to" in render(found, Format.MARKDOWN, Style())


def test_what_cannot_be_planned_cannot_be_watched(shop: FakeWorkspace) -> None:
    found, under_way = watch(shop, "nowhere")
    assert isinstance(found, Invalid)
    assert under_way == ()
