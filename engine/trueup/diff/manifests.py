"""What was applied, read back from the target's manifest; and what is desired, in the same form.

A manifest lies where people can reach it, so anything in it may be missing or of another type.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trueup.core.digests import Digest, digest_of
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.desired.manifest import manifest_of
from trueup.desired.state import DesiredDeployment


@dataclass(frozen=True, slots=True)
class Manifest:
    """One deployment as it was, or is to be, applied."""

    deployment: Mapping[str, Json]
    documents: Mapping[str, Json]

    def part(self, *path: str) -> Json:
        """Return the value at *path* of the deployment, None when there is none."""
        value: Json = self.deployment
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def pin(self, role: str) -> ResourceId | None:
        """Return what the release names as its `model` or `prompt`."""
        address = self.part("release", role, "address")
        return parse_address(address) if isinstance(address, str) else None

    @property
    def release(self) -> Digest:
        """The digest of the release."""
        return digest_of(self.part("release"))

    @property
    def server(self) -> Digest:
        """The key of the server, computed the way `ServerSpec.key` is."""
        server = self.part("server")
        parts = server if isinstance(server, dict) else {}
        return digest_of({k: v for k, v in parts.items() if k != "replicas"})

    @property
    def replicas(self) -> int:
        """How many server processes belong to the deployment."""
        replicas = self.part("server", "replicas")
        return replicas if isinstance(replicas, int) else 1


def desired_manifest(deployment: DesiredDeployment) -> Manifest:
    """Return what applying *deployment* will leave with the target."""
    return read_manifest(manifest_of(deployment))


def read_manifest(value: Json) -> Manifest:
    """Read what a target holds; what is not there or not a mapping is read as empty."""
    content = value if isinstance(value, dict) else {}
    deployment = content.get("deployment")
    documents = content.get("documents")
    return Manifest(
        deployment if isinstance(deployment, dict) else {}, documents if isinstance(documents, dict) else {}
    )
