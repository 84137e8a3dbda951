"""What a run acts through; apart from the workspace, so that workflows which only look do not load it."""

from trueup.core.digests import Revision
from trueup.ports import Target
from trueup.reconcile.supply import Ports
from trueup.reconcile.watch import Watch
from trueup.workflows.workspace import Workspace


def ports_of(workspace: Workspace, target: Target, revision: Revision, watch: Watch | None = None) -> Ports:
    """Return what a run of *revision* in *workspace* acts through."""
    return Ports(
        store=workspace.store,
        target=target,
        evaluator=workspace.evaluator(target),
        parity=workspace.parity,
        verifier=workspace.verifier(revision),
        journal=workspace.journal,
        ledger=workspace.ledger,
        lock=workspace.lock,
        clock=workspace.clock,
        progress=workspace.progress,
        seal=workspace.seal,
        watch=watch or Watch(),
    )
