"""Every port by name. Code that only looks takes the read half, so that planning cannot change anything.

Types of other packages stand in annotations alone: a command that only reads files must not import the ledger.
"""

from typing import TYPE_CHECKING, Any

from trueup.ports.artifacts import (
    ArtifactScanner,
    ParityMeter,
    ParityRequest,
    Resolved,
    SignatureVerifier,
    SourceResolver,
    Store,
    StoreEntry,
    StoreKeeper,
    StoreReader,
)
from trueup.ports.evidence import EvidenceSeal
from trueup.ports.metrics import MetricSource
from trueup.ports.policy import PolicyEngine, PolicyTracer, PolicyWorkbench
from trueup.ports.repository import (
    Base,
    Changed,
    Committer,
    Compared,
    History,
    KeptIndex,
    Listed,
    Merged,
    MergedCommit,
    News,
    ParsedFiles,
    ParseFiles,
    Remembered,
    SourceTree,
)
from trueup.ports.runs import (
    LEDGER_LOCK,
    NOTICE,
    STORE_LOCK,
    ChangeFinder,
    Clock,
    Journal,
    Ledger,
    LedgerDocuments,
    LedgerReader,
    Lock,
    Orders,
    Progress,
    RecordFinder,
)

if TYPE_CHECKING:
    # Exported: engines and their callers speak of them.
    from trueup.policy.results import Evaluation, PolicyFile, RuleInfo, RuleResult, RuleTest
    from trueup.ports.datasets import DataFiles, DatasetChecker
    from trueup.ports.forges import (
        BranchChange,
        BuiltBranch,
        Comment,
        Conversation,
        Forge,
        Publisher,
        PullRequest,
        Review,
        ReviewState,
    )
    from trueup.ports.pipelines import Provider, Where
    from trueup.ports.targets import (
        Candidate,
        EvaluationRequest,
        Evaluator,
        Measured,
        Route,
        RouteTable,
        Split,
        Target,
        TargetObserver,
        TrafficObserver,
    )

_LATER = {
    "trueup.policy.results": ("Evaluation", "PolicyFile", "RuleInfo", "RuleResult", "RuleTest"),
    "trueup.ports.datasets": ("DataFiles", "DatasetChecker"),
    "trueup.ports.forges": (
        "BranchChange",
        "BuiltBranch",
        "Comment",
        "Conversation",
        "Forge",
        "Publisher",
        "PullRequest",
        "Review",
        "ReviewState",
    ),
    "trueup.ports.pipelines": ("Provider", "Where"),
    "trueup.ports.targets": (
        "Candidate",
        "EvaluationRequest",
        "Evaluator",
        "Measured",
        "Route",
        "RouteTable",
        "Split",
        "Target",
        "TargetObserver",
        "TrafficObserver",
    ),
}
"""What is imported when it is asked for, with where it is: most plans need none of it."""

__all__ = [
    "LEDGER_LOCK",
    "NOTICE",
    "STORE_LOCK",
    "ArtifactScanner",
    "Base",
    "BranchChange",
    "BuiltBranch",
    "Candidate",
    "ChangeFinder",
    "Changed",
    "Clock",
    "Comment",
    "Committer",
    "Compared",
    "Conversation",
    "DataFiles",
    "DatasetChecker",
    "Evaluation",
    "EvaluationRequest",
    "Evaluator",
    "EvidenceSeal",
    "Forge",
    "History",
    "Journal",
    "KeptIndex",
    "Ledger",
    "LedgerDocuments",
    "LedgerReader",
    "Listed",
    "Lock",
    "Measured",
    "Merged",
    "MergedCommit",
    "MetricSource",
    "News",
    "Orders",
    "ParityMeter",
    "ParityRequest",
    "ParseFiles",
    "ParsedFiles",
    "PolicyEngine",
    "PolicyFile",
    "PolicyTracer",
    "PolicyWorkbench",
    "Progress",
    "Provider",
    "Publisher",
    "PullRequest",
    "RecordFinder",
    "Remembered",
    "Resolved",
    "Review",
    "ReviewState",
    "Route",
    "RouteTable",
    "RuleInfo",
    "RuleResult",
    "RuleTest",
    "SignatureVerifier",
    "SourceResolver",
    "SourceTree",
    "Split",
    "Store",
    "StoreEntry",
    "StoreKeeper",
    "StoreReader",
    "Target",
    "TargetObserver",
    "TrafficObserver",
    "Where",
]


def __getattr__(name: str) -> Any:
    """Import what stands in `_LATER` when it is asked for (PEP 562)."""
    place = next((place for place, names in _LATER.items() if name in names), None)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(place), name)
