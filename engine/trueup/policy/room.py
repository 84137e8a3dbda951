"""Room for a rollout: one that takes more memory at its peak than the environment's quota has is denied.

Judged from the policy document and by no Rego: a rollout that does not fit ends with servers that the machine kills,
and those may be the ones that serve. A PolicyException lifts it.
"""

from collections.abc import Iterator, Mapping

from trueup.core.json import Json, mapping_of
from trueup.core.quantities import mebibytes
from trueup.policy.decision import Enforcement, Violation

RULE = "TU-04"
"""An id like those of the library, so that a PolicyException can name it."""
TITLE = "Room for the rollout"


def without_room(document: Mapping[str, Json]) -> Iterator[Violation]:
    """Yield a violation for each rollout that does not fit into the environment's `quota.memory` at its peak."""
    quota = mapping_of(mapping_of(mapping_of(document.get("environment")).get("settings")).get("quota"))
    most = mebibytes(quota.get("memory"))
    operations = mapping_of(document.get("change")).get("operations")
    for operation in operations if isinstance(operations, list | tuple) else ():
        room = mapping_of(mapping_of(operation).get("room"))
        total = room.get("totalMiB")
        if most is not None and isinstance(total, int) and total > most:
            yield _violation(str(mapping_of(operation).get("address")), str(room.get("strategy")), total, most)


def _violation(address: str, strategy: str, total: int, most: int) -> Violation:
    return Violation(
        rule=RULE,
        title=TITLE,
        severity="critical",
        enforcement=Enforcement.DENY,
        address=address,
        path=("spec", "rollout", "strategy"),
        message=f"With `{strategy}`, all deployments take {total:,} MiB of memory at the peak; the quota is {most:,}.",
        remediation="Use `inPlace`, which ends the old release first and lets requests wait, or have `quota` raised.",
    )
