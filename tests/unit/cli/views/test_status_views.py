"""Status as people and programs read it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from states import NOON, Want, applied, desired, nothing, with_server
from trueup.cli.output import Format, Style
from trueup.cli.views.status import render, summary
from trueup.core.digests import Revision, digest_of, short
from trueup.desired.state import DesiredState
from trueup.diff.compare import diff
from trueup.diff.status import Status, status
from trueup.observed.state import Health, Hold, ObservedServer, ObservedState

SUPPORT = Want(evaluations=("facts@1",))
PLAIN = Style()


def compare(state: DesiredState, observed: ObservedState) -> Status:
    return status(state, observed, diff(state, observed))


def text(value: Status, width: int = 200) -> list[str]:
    return render(value, Format.TEXT, PLAIN, width).splitlines()


def line(value: Status, name: str) -> str:
    (found,) = (x for x in text(value) if x.strip().startswith(name))
    return found.strip().removeprefix(name).strip()


IN_SYNC = compare(desired(SUPPORT), applied(desired(SUPPORT)))
CASES = {
    "= Deployment/dev/support  in sync": IN_SYNC,
    "+ Deployment/dev/support  not deployed": compare(desired(SUPPORT), nothing()),
    "~ Deployment/dev/support  to be applied": compare(
        desired(replace(SUPPORT, prompt="support@2")), applied(desired(SUPPORT))
    ),
    "! Deployment/dev/support  drifted": compare(
        desired(SUPPORT), with_server(applied(desired(SUPPORT)), 0, health=Health.UNHEALTHY)
    ),
    "- Deployment/dev/support  not declared": compare(desired(), applied(desired(SUPPORT))),
}


@pytest.mark.parametrize("heading", CASES)
def test_every_state_has_its_symbol_and_its_word(heading: str) -> None:
    assert heading in text(CASES[heading])


@pytest.mark.parametrize("heading", CASES)
def test_the_next_step_is_shown_where_something_is_to_be_done(heading: str) -> None:
    has_step = "trueup plan -e dev" in text(CASES[heading])[-1]
    assert has_step is (CASES[heading] is not IN_SYNC)


def test_the_first_line_says_it_all() -> None:
    assert summary(IN_SYNC) == "Environment dev (dev): in sync"
    assert summary(CASES["! Deployment/dev/support  drifted"]) == "Environment dev (dev): 1 of 1 deployments differ"
    assert summary(replace(IN_SYNC, unfinished="killed")) == "Environment dev (dev): something is left to clean up"


def test_a_row_tells_what_is_declared_and_what_serves() -> None:
    row = IN_SYNC.deployments[0]
    assert line(IN_SYNC, "desired") == (
        f"model tiny@1, prompt support@1, build tiny-q8_0@1 (release {short(row.release)})"
    )
    assert line(IN_SYNC, "observed") == (
        f"release {short(row.release)}, verified, revision {row.revision[:12]} since 2026-03-14 12:00:00Z"
    )
    assert line(IN_SYNC, "traffic") == "0 requests, 0 failed"
    assert line(IN_SYNC, "evidence") == "passed Evaluation/facts@1: exact_match 0.91 ratio"
    assert line(CASES["+ Deployment/dev/support  not deployed"], "observed") == "nothing serves"


def test_a_server_tells_what_is_known_of_it() -> None:
    row = replace(
        IN_SYNC.deployments[0],
        servers=(ObservedServer(digest_of("x"), 1, Health.UNHEALTHY, None, 42, 9000, None, 3, "it hangs"),),
    )
    said = line(replace(IN_SYNC, deployments=(row,)), "server")
    assert said == (f"unhealthy, pid 42, port 9000, 3 restarts, it hangs (server {short(digest_of('x'))}, replica 1)")
    stopped = replace(row, servers=(ObservedServer(digest_of("x"), 0, Health.STOPPED, None),))
    assert line(replace(IN_SYNC, deployments=(stopped,)), "server").startswith("stopped (server ")


@pytest.mark.parametrize(("expires", "until"), [(None, ""), (NOON + timedelta(days=1), " until 2026-03-15 12:00:00Z")])
def test_a_hold_tells_who_why_and_until_when(expires, until: str) -> None:
    row = IN_SYNC.deployments[0]
    hold = Hold("dev", row.id, digest_of("bad"), "it lies", "Ada", NOON, expires)
    said = line(replace(IN_SYNC, deployments=(replace(row, holds=(hold,)),)), "on hold")
    assert said == f"release {short(digest_of('bad'))}{until}: it lies (Ada)"


def test_what_is_not_verified_or_without_a_time_says_so() -> None:
    row = replace(IN_SYNC.deployments[0], is_verified=False, applied_at=None)
    said = line(replace(IN_SYNC, deployments=(row,)), "observed")
    assert "not verified" in said
    assert "since" not in said


def test_what_is_left_over_is_shown() -> None:
    stray = ObservedServer(digest_of("stray"), 0, Health.HEALTHY, None, pid=7)
    shown = "\n".join(text(replace(IN_SYNC, strays=(stray,), unfinished="an apply did not end", unpushed=2)))
    assert "- stray server" in shown
    assert "(pid 7): no release needs it" in shown
    assert "! an apply did not end" in shown
    assert "! 2 ledger records are not pushed yet" in shown


def test_uncommitted_changes_are_told_from_a_commit() -> None:
    assert line(IN_SYNC, "declared").startswith("revision ")
    assert line(replace(IN_SYNC, revision=Revision("")), "declared") == "the work tree, with uncommitted changes"


def test_a_gateway_without_an_address_names_none() -> None:
    assert line(IN_SYNC, "gateway") == "healthy at http://127.0.0.1:8180"
    assert line(CASES["+ Deployment/dev/support  not deployed"], "gateway") == "stopped"


def test_json_is_one_value_and_ndjson_one_line() -> None:
    whole = render(IN_SYNC, Format.JSON, PLAIN)
    one = render(IN_SYNC, Format.NDJSON, PLAIN)
    assert json.loads(whole) == json.loads(one)
    assert "\n" not in one
    assert render(IN_SYNC, Format.SARIF, PLAIN) == whole


def test_markdown_has_a_row_for_each_deployment_whatever_is_in_it() -> None:
    shown = render(CASES["! Deployment/dev/support  drifted"], Format.MARKDOWN, PLAIN).splitlines()
    assert shown[0] == "**Environment dev (dev): 1 of 1 deployments differ**"
    assert len([x for x in shown if x.startswith("| Deployment/")]) == 1
    row = replace(IN_SYNC.deployments[0], reason="a|b\n`c` <d>", observed_release="")
    cells = render(replace(IN_SYNC, deployments=(row,)), Format.MARKDOWN, PLAIN).splitlines()[-1]
    assert cells.endswith("nothing | a\\|b \\`c\\` &lt;d> |")
