"""Releases that lost their traffic and that git still declares: written down until git says so.

Each has a journal of its own, so that a run that is killed, or cannot write to git, leaves it for the next one; until
it has landed, `status` says "git pending".
"""

from collections.abc import Iterator, Mapping

from trueup.core.digests import Digest, short
from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.core.ids import ResourceId, parse_address
from trueup.core.json import Json, mapping_of
from trueup.ledger.record import RecordKind
from trueup.reconcile import codes
from trueup.workflows.planning import Planned
from trueup.workflows.workspace import Workspace

NEGATIVE = frozenset({codes.ABORTED.id})
"""What ends a rollout because something speaks against the release; what could not be found out is none of it."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A release that lost its traffic, and that git still declares.

    Attributes:
        deployment: Where.
        bad: The release.
        good: The release that serves.
        why: What spoke against it.
        plan: Id of the plan that rolled it out.
    """

    deployment: ResourceId
    bad: Digest
    good: Digest
    why: str
    plan: Digest

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON, as the journal keeps it."""
        return {
            "type": "begin",
            "kind": RecordKind.ROLLBACK.value,
            "deployment": str(self.deployment),
            "bad": self.bad,
            "good": self.good,
            "why": self.why,
            "plan": self.plan,
        }


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that says it, written down before it is made.

    Attributes:
        path: The file.
        content: Its text.
        message: The commit message.
        plan: Id of the plan of the edited file.
        manifest: The release that serves, as it was applied, without secrets.
    """

    path: str
    content: str
    message: str
    plan: Digest
    manifest: Json

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON, as the journal keeps it."""
        return {
            "type": "commit",
            "path": self.path,
            "content": self.content,
            "message": self.message,
            "plan": self.plan,
            "manifest": self.manifest,
        }


def takes_back(planned: Planned, kind: RecordKind) -> bool:
    """Tell whether a run of *kind* takes back in git what it aborts.

    Not a rollback itself: what would take that back is a person. Not where the environment says that people do it.
    """
    settings = mapping_of(mapping_of(planned.desired.environment.settings).get("rollback"))
    return kind is not RecordKind.ROLLBACK and settings.get("automatic") is not False


def taken_back(planned: Planned, failed: Mapping[ResourceId, TrueupError], kind: RecordKind) -> Iterator[TakenBack]:
    """Yield what has to be taken back in git of the rollouts that *failed*; nothing where nothing served before."""
    if not takes_back(planned, kind):
        return
    served = {r.deployment: r.release for r in planned.observed.target.routes}
    for deployment in planned.desired.deployments:
        error = failed.get(deployment.id)
        good, bad = served.get(deployment.id), deployment.release.digest
        if error is not None and error.code.id in NEGATIVE and good is not None and good != bad:
            yield TakenBack(deployment.id, bad, good, error.detail, planned.plan.id)


def journal_of(deployment: ResourceId) -> str:
    """Return the name of the journal that keeps what is to be said in git of *deployment*."""
    return f"{deployment.environment}@git@{deployment.name}"


def note(workspace: Workspace, back: TakenBack) -> None:
    """Write down that *back* is to be said in git; once."""
    if not workspace.journal.unfinished(journal_of(back.deployment)):
        workspace.journal.write(journal_of(back.deployment), back.to_json())


def pending(workspace: Workspace, environment: str) -> tuple[TakenBack, ...]:
    """Return what is done in *environment* and not said in git yet."""
    found = []
    for name in workspace.journal.runs(f"{environment}@git@"):
        entries = workspace.journal.unfinished(name)
        back = _read(entries[0]) if entries else None
        if back is not None:
            found.append(back)
    return tuple(found)


def commit_begun(workspace: Workspace, back: TakenBack) -> Commit | None:
    """Return the commit that an earlier run was about to make for *back*; None when it did not get so far."""
    for entry in reversed(workspace.journal.unfinished(journal_of(back.deployment))):
        match entry:
            case {"type": "commit", "path": str(path), "content": str(content), "message": str(message)}:
                return Commit(path, content, message, Digest(str(entry.get("plan") or "")), entry.get("manifest"))
            case _:
                pass
    return None


def in_words(back: TakenBack) -> str:
    """Say what is pending."""
    return (
        f"git pending: {back.deployment} serves release {short(back.good)} again, and git still declares "
        f"{short(back.bad)} ({back.why})"
    )


def _read(entry: Mapping[str, Json]) -> TakenBack | None:
    address = parse_address(str(entry.get("deployment") or ""))
    if not isinstance(address, ResourceId):
        return None
    said = {key: str(entry.get(key) or "") for key in ("bad", "good", "why", "plan")}
    return TakenBack(address, Digest(said["bad"]), Digest(said["good"]), said["why"], Digest(said["plan"]))
