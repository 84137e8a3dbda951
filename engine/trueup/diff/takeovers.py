"""How the release of a deployment takes over, as things are: what it declares, unless what serves has to go at once."""

from dataclasses import replace

from trueup.core.json import mapping_of
from trueup.desired.state import DesiredDeployment
from trueup.desired.takeover import Takeover, takeover_of
from trueup.observed.state import ObservedState
from trueup.spec.resource import document_of

ONE_AT_A_TIME = frozenset({"recreate", "inPlace"})
"""Strategies that end what serves before the new release starts."""


def declared_takeover(deployment: DesiredDeployment) -> Takeover:
    """Return how the release of *deployment* takes over, as it is declared."""
    found = (takeover_of(mapping_of(document_of(r))) for r in deployment.resources if r.id == deployment.id)
    return next(found, Takeover())


def takeover_now(deployment: DesiredDeployment, observed: ObservedState) -> Takeover:
    """Return how the release of *deployment* takes over from what serves now.

    Where a release on hold serves and the declared one was verified here, nothing is shared, waited for or compared:
    it is the way back, and every request that it waits is answered by a release that somebody found bad.
    """
    declared, id_ = declared_takeover(deployment), deployment.id
    serves = {(r.deployment, r.release) for r in observed.target.routes}
    is_held = any(h.deployment == id_ and (id_, h.release) in serves for h in observed.holds)
    is_verified = any((v.deployment, v.release) == (id_, deployment.release.digest) for v in observed.verified)
    return replace(declared, stages=(), checks=None) if is_held and is_verified else declared
