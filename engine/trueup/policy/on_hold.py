"""Holds where no rule knows them: a release on hold is not rolled out, whatever policies a project has.

The library's own rule says the same (RO-09), with settings and exceptions; where it was asked, this is silent.
"""

from collections.abc import Collection, Iterator, Mapping

from trueup.core.digests import short
from trueup.core.json import Json, mapping_of
from trueup.policy.decision import Enforcement, Violation

RULE = "TU-05"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "A release on hold stays where it is"
LIBRARY_RULE = "RO-09"


def held_releases(document: Mapping[str, Json], rules: Collection[str] | None = ()) -> Iterator[Violation]:
    """Yield a violation for each deployment that the plan rolls out and whose release is on hold.

    Args:
        document: The policy document.
        rules: Ids of the rules that were asked; None when nobody knows, and then nothing is allowed anyway.
    """
    if rules is None or LIBRARY_RULE in rules:
        return
    placed = [mapping_of(hold) for hold in _items(mapping_of(document.get("observed")).get("holds"))]
    held = {str(h.get("release")): h for h in placed if h.get("active") is not False}
    for deployment in map(mapping_of, _items(document.get("deployments"))):
        hold = held.get(str(mapping_of(deployment.get("release")).get("digest")))
        if hold is not None and deployment.get("changed") is not False:
            yield _violation(str(deployment.get("address")), hold)


def _items(value: Json) -> list[Json] | tuple[Json, ...]:
    return value if isinstance(value, list | tuple) else ()


def _violation(address: str, hold: Mapping[str, Json]) -> Violation:
    name = str(hold.get("deployment")).rsplit("/", 1)[-1]
    reason = str(hold.get("reason")).rstrip(".")
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=address,
        path=("spec", "release"),
        message=f"Release {short(str(hold.get('release')))} is on hold since {hold.get('since')}: {reason}.",
        remediation=f"Declare another release, or lift the hold when its reason is gone: `trueup hold lift {name}`.",
    )
