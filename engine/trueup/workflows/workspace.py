"""What a workflow works with: the repository's root and the ports, joined in one value by `cli/wiring`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trueup.core.digests import Digest
from trueup.ports import (
    Clock,
    Committer,
    Evaluator,
    Journal,
    Ledger,
    Lock,
    PolicyEngine,
    PolicyFile,
    Progress,
    SourceTree,
    Store,
    Target,
)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that decide together, and the digest that names them."""

    files: tuple[PolicyFile, ...]
    digest: Digest


@dataclass(frozen=True, slots=True)
class Workspace:
    """One repository on this machine.

    Attributes:
        root: The folder of the project file.
        tree: Opens the files of a revision; the empty string opens the work tree.
        policies: Reads the policies of a tree: whether the library takes part, and the folders of its own.
        target: Finds the target of a name that an Environment declares.
        evaluator: Makes the evaluator for a target.
        unpushed: Counts the ledger records that the remote does not have; 0 without a remote.
        actor: Who asks, as git knows them.
        tool: Name and version of this tool, part of every plan id.
    """

    root: Path
    tree: Callable[[str], SourceTree]
    policies: Callable[[SourceTree, bool, tuple[str, ...]], Policies]
    clock: Clock
    store: Store
    target: Callable[[str], Target]
    evaluator: Callable[[Target], Evaluator]
    ledger: Ledger
    lock: Lock
    journal: Journal
    engine: PolicyEngine
    committer: Committer
    unpushed: Callable[[], int]
    progress: Progress
    actor: str
    tool: str
