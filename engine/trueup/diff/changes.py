"""Changes: what turns the observed state into the desired one."""

from enum import StrEnum

from trueup.builds.estimates import Estimate
from trueup.core.digests import Digest
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.spec.resource import Path

SERVER_KIND = "Server"
"""Kind of the address a stray server process is deleted under: nothing declares it, so it has no other."""


class Impact(StrEnum):
    """What kind of thing a change touches; it decides which evidence it needs. Ordered by weight."""

    METADATA = "metadata"
    SCALE = "scale"
    DECODING = "decoding"
    PROMPT = "prompt"
    RUNTIME = "runtime"
    BUILD = "build"
    TOKENIZER = "tokenizer"
    ADAPTER = "adapter"
    WEIGHTS = "weights"


class Movement(StrEnum):
    """Where a release comes from: a new one, one verified upstream, or one that was verified here before."""

    CHANGE = "change"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one document.

    Attributes:
        address: The document: the deployment itself or one it reaches (`Prompt/support@3`).
        path: Field path.
        before: Old value, None when absent. Secrets are masked.
        after: New value, None when absent.
        words: For text, the word-level difference: runs of ("equal" | "delete" | "insert", text).
    """

    address: str
    path: Path
    before: Json
    after: Json
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BuildUse:
    """The build that a deployment serves, and whether the store has it already; no change by itself."""

    address: ResourceId
    mode: str
    key: Digest
    is_cached: bool


@dataclass(frozen=True, slots=True)
class Room:
    """What a rollout takes at its peak.

    Attributes:
        strategy: How the new release takes over.
        servers: Servers of the deployment at the peak, of both releases.
        memory_mib: Their declared main memory together; None where it is not declared.
        total_mib: The same with all other deployments of the environment; None where one does not declare its own.
    """

    strategy: str
    servers: int
    memory_mib: int | None
    total_mib: int | None


@dataclass(frozen=True, slots=True)
class Create:
    """A deployment that is declared and does not run; *build* is None for a model that is served as it is."""

    address: ResourceId
    reason: str
    impacts: tuple[Impact, ...]
    fields: tuple[FieldChange, ...]
    release: Digest
    movement: Movement = Movement.CHANGE
    build: BuildUse | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A deployment that runs and differs.

    Attributes:
        drift: The target differs although the declaration did not change since it was applied.
        restart: New server processes are needed (symbol `-/+`); otherwise only the route changes.
        from_release: Digest of the release that runs.
        movement: Whether the new release is new, promoted or rolled back to.
        build: What is built for it; None for a model that is served as it is.
        room: What its rollout takes at the peak; None when no server is replaced.
    """

    address: ResourceId
    reason: str
    impacts: tuple[Impact, ...]
    fields: tuple[FieldChange, ...]
    from_release: Digest
    release: Digest
    restart: bool
    drift: bool = False
    movement: Movement = Movement.CHANGE
    build: BuildUse | None = None
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """A deployment that runs and is no longer declared, or a server process that no release needs."""

    address: ResourceId
    reason: str
    release: Digest
    servers: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetch:
    """An artifact that a release needs and the store does not have."""

    address: ResourceId
    reason: str
    uri: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class Build:
    """An artifact that must be built.

    `source` is the digest it is built from, `estimate` what it may take, `sizes` the `max_...` that the engine will
    have, as far as the network is known: builders rewrite what does not fit together.
    """

    address: ResourceId
    reason: str
    mode: str
    parameters: tuple[tuple[str, Json], ...]
    source: Digest
    key: Digest
    estimate: Estimate | None = None
    sizes: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An evaluation without fresh passing evidence; `deployment` is what it is run for."""

    address: ResourceId
    reason: str
    deployment: ResourceId
    key: Digest


Change = Create | Update | Delete | Fetch | Build | Evaluate


def symbol(change: Change) -> tuple[str, str]:
    """Return the symbol and the word for *change*."""
    match change:
        case Create() | Update():
            return _deployment_symbol(change)
        case Delete():
            return "-", "delete"
        case Fetch():
            return "+", "fetch"
        case Build():
            return "+", "build"
        case Evaluate():
            return "+", "evaluate"


def _deployment_symbol(change: Create | Update) -> tuple[str, str]:
    match change.movement:
        case Movement.PROMOTION:
            return ">", "promote"
        case Movement.ROLLBACK:
            return "<", "roll back"
        case Movement.CHANGE:
            if isinstance(change, Create):
                return "+", "create"
            return ("-/+", "replace") if change.restart else ("~", "update")


def change_id(change: Change) -> str:
    """Return a name for *change* that no other change of a plan has."""
    _, word = symbol(change)
    match change:
        case Evaluate():
            return f"{word}:{change.address}:{change.deployment}"
        case Build():
            return f"{word}:{change.address}:{change.key}"
        case Fetch():
            return f"{word}:{change.address}:{change.digest}"
        case _:
            return f"{word}:{change.address}"


def apply_order(change: Change) -> tuple[int, str, int, str]:
    """Return the key that sorts changes into the order they are applied.

    Fetches, builds, then each deployment with its evaluations before it, then deletions: first of routes, then
    of servers that none of them used.
    """
    match change:
        case Fetch():
            return 0, "", 0, change_id(change)
        case Build():
            return 1, "", 0, change_id(change)
        case Evaluate():
            return 2, str(change.deployment), 0, change_id(change)
        case Create() | Update():
            return 2, str(change.address), 1, change_id(change)
        case Delete():
            return 3, "", int(change.address.kind == SERVER_KIND), change_id(change)
