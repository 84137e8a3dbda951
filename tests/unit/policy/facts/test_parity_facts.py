"""What rules see of a build's parity."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from states import Want, deployment
from trueup.core.digests import Digest
from trueup.desired.parity import RequiredParity
from trueup.evidence.evidence import Evidence
from trueup.evidence.parity import SequenceParity, judged, measurements_of
from trueup.policy.facts.parity import parity_facts

KEY = Digest("sha256:" + "1" * 64)
REQUIRED = RequiredParity(KEY, None, 2, 11, max_kl=0.01, min_top1=0.95)
NOW = datetime(2026, 3, 14, tzinfo=UTC)


def measured(kl: float) -> Evidence:
    found = measurements_of([SequenceParity(10, kl * 10, 10, 20.0, 20.0)] * 2)
    return judged(Evidence("Build/b@1", KEY, (), found, (), "t", NOW, NOW), REQUIRED)


@pytest.mark.parametrize(
    ("newest", "planned", "status", "refusals"),
    [
        (measured(0.001), (), "present", []),
        (measured(0.1), (KEY,), "failed", ["KL 0.100 is not at most 0.01000"]),
        (None, (KEY,), "planned", []),
        (None, (), "missing", []),
    ],
)
def test_the_status_says_what_is_known(
    newest: Evidence | None, planned: tuple[Digest, ...], status: str, refusals: list[str]
) -> None:
    one = deployment(Want())
    build = replace(one.release.build, parity=REQUIRED)
    one = replace(one, release=replace(one.release, build=build))
    found = parity_facts(one, {KEY: newest} if newest else {}, planned)["parity"]
    assert isinstance(found, dict)
    assert (found["status"], found["refusals"], found["build"]) == (status, refusals, str(build.id))
    assert (found["evidence"] is None) == (newest is None)
    assert ("KL" in str(found["summary"])) == (newest is not None)


def test_a_build_without_a_gate_says_nothing() -> None:
    assert parity_facts(deployment(Want()), {}, ()) == {}


@pytest.mark.parametrize(("bound", "status"), [(0.2, "present"), (0.05, "failed")])
def test_each_build_is_held_to_its_own_bounds(bound: float, status: str) -> None:
    one = deployment(Want())
    required = replace(REQUIRED, max_kl=bound)
    one = replace(one, release=replace(one.release, build=replace(one.release.build, parity=required)))
    found = parity_facts(one, {KEY: measured(0.1)}, ())["parity"]
    assert isinstance(found, dict)
    assert found["status"] == status
