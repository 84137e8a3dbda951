"""The plan: an ordered list of changes and the id that binds it to what it was made from."""

from datetime import datetime

from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.diff.changes import Build, Change, Create, Delete, Evaluate, Fetch, Update


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a plan id is the digest of (promise 1).

    `targets` are the addresses the plan was narrowed to, sorted: a narrowed plan that was approved is not an
    approval of the whole.
    """

    desired: Digest
    observed: Digest
    policy: Digest
    tool: str
    targets: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Return the inputs as JSON."""
        inputs: dict[str, Json] = {
            "desired": self.desired,
            "observed": self.observed,
            "policy": self.policy,
            "tool": self.tool,
        }
        return {**inputs, "targets": list(self.targets)} if self.targets else inputs

    @property
    def plan_id(self) -> Digest:
        """The plan's id."""
        return digest_of(self.to_json())


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do in one environment, in order.

    Attributes:
        environment: Its name.
        revision: Commit of the desired state; empty for a dirty work tree (cannot be applied).
        inputs: What the id is made of.
        changes: In the order they are applied: fetches, builds, creates and updates with their evaluations,
            then deletes. Views show deletes first.
        targets: The deployments the plan was narrowed to; empty for all.
        created_at: When it was made; not part of the id.
    """

    environment: str
    revision: Revision
    inputs: Inputs
    changes: tuple[Change, ...]
    created_at: datetime
    targets: tuple[ResourceId, ...] = ()

    @property
    def id(self) -> Digest:
        """The digest that apply compares under the lock."""
        return self.inputs.plan_id


@dataclass(frozen=True, slots=True)
class Counts:
    """How many changes of each kind a plan has."""

    create: int = 0
    update: int = 0
    delete: int = 0
    fetch: int = 0
    build: int = 0
    evaluate: int = 0


def count(changes: tuple[Change, ...]) -> Counts:
    """Count *changes* by kind; a replacement is an update."""

    def of(kind: type[Change]) -> int:
        return sum(isinstance(c, kind) for c in changes)

    return Counts(of(Create), of(Update), of(Delete), of(Fetch), of(Build), of(Evaluate))
