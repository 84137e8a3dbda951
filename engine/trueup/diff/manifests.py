"""What was applied, read back from the target's manifest; and what is desired, in the same form.

A manifest lies where people can reach it, so anything in it may be missing or of another type.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property

from trueup.core.digests import Digest, digest_of
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment
from trueup.spec.resource import Resource


@dataclass(frozen=True)
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

    @cached_property
    def release(self) -> Digest:
        """The digest of the release."""
        return digest_of(self.part("release"))

    @cached_property
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
    """Return what applying *deployment* will leave with the target, documents read when they are asked for."""
    return Manifest(deployment.to_json(), _Declared(deployment.resources))


class _Declared(Mapping[str, Json]):
    """Documents by address. Most are never looked at: a diff of many deployments would read each again and again."""

    def __init__(self, resources: tuple[Resource, ...]) -> None:
        self._canonical = {str(r.id): r.canonical for r in resources}
        self._read: dict[str, Json] = {}

    def __getitem__(self, address: str) -> Json:
        if address not in self._read:
            self._read[address] = json.loads(self._canonical[address])
        return self._read[address]

    def __iter__(self) -> Iterator[str]:
        return iter(self._canonical)

    def __len__(self) -> int:
        return len(self._canonical)


def read_manifest(value: Json) -> Manifest:
    """Read what a target holds; what is not there or not a mapping is read as empty."""
    content = value if isinstance(value, dict) else {}
    deployment = content.get("deployment")
    documents = content.get("documents")
    return Manifest(
        deployment if isinstance(deployment, dict) else {}, documents if isinstance(documents, dict) else {}
    )
