"""Why a version is still needed: a release that it is a part of serves, is gone back to next, or is kept on hold."""

from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json

SERVES, GOES_BACK, HELD = "serves", "rollback target", "on hold"


@dataclass(frozen=True, slots=True)
class Need:
    """A release that needs a version: it serves, is the next to go back to, or is kept on hold."""

    deployment: ResourceId
    release: Digest
    why: str

    def to_json(self) -> dict[str, Json]:
        """Return it as the policy document has it."""
        return {"deployment": str(self.deployment), "release": self.release, "why": self.why}
