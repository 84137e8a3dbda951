"""How a release takes over, as things are."""

from dataclasses import replace

import pytest

from states import NOON, Want, applied, deployment, desired
from trueup.core.digests import Digest
from trueup.core.ids import ResourceId
from trueup.core.json import Json, canonical, mapping_of
from trueup.desired.manifest import manifest_of
from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Takeover, takeover_of
from trueup.diff.takeovers import declared_takeover, takeover_now
from trueup.observed.state import Hold, ObservedState, VerifiedRelease
from trueup.spec.resource import document_of

CANARY: dict[str, Json] = {"strategy": "canary", "steps": [{"setWeight": 10, "pause": {"duration": "10m"}}]}
OLD, BAD = Want(), Want(model="tiny@2")


def with_canary(want: Want) -> DesiredDeployment:
    """Return *want*, rolled out by a canary."""
    made = deployment(want)
    own = next(r for r in made.resources if r.id == made.id)
    document = mapping_of(document_of(own))
    spec = {**mapping_of(document["spec"]), "rollout": CANARY}
    changed = replace(own, canonical=canonical({**document, "spec": spec}))
    return replace(made, resources=tuple(changed if r.id == made.id else r for r in made.resources))


def observed(*holds: Hold, verified: bool = True) -> ObservedState:
    """Return what is seen where the bad release serves."""
    seen, good = applied(desired(BAD)), deployment(OLD)
    proven = VerifiedRelease(good.id, good.release.digest, manifest_of(good), "", Digest("sha256:0"), NOON)
    return replace(seen, holds=holds, verified=(proven,) if verified else ())


def hold(release: Digest, name: str = "support") -> Hold:
    return Hold("dev", ResourceId("Deployment", name, environment="dev"), release, "worse", "ada", NOON)


def test_what_is_declared_is_taken_as_it_is() -> None:
    assert declared_takeover(with_canary(OLD)) == takeover_of({"spec": {"rollout": CANARY}})
    assert declared_takeover(replace(deployment(OLD), resources=())) == Takeover()


def test_the_way_back_from_a_release_on_hold_has_no_steps() -> None:
    now = takeover_now(with_canary(OLD), observed(hold(deployment(BAD).release.digest)))
    assert (now.strategy, now.stages, now.checks) == ("canary", (), None)


@pytest.mark.parametrize(
    "seen",
    [
        observed(),
        observed(hold(deployment(OLD).release.digest)),
        observed(hold(deployment(BAD).release.digest, "other")),
        observed(hold(deployment(BAD).release.digest), verified=False),
    ],
    ids=["nothing is on hold", "another release is", "another deployment's is", "a fix that never served here"],
)
def test_everything_else_takes_its_steps(seen: ObservedState) -> None:
    assert takeover_now(with_canary(OLD), seen).stages
