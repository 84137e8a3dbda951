"""Sends what was recorded to the event sinks of the project; what they do never changes how a command ends."""

from typing import TYPE_CHECKING

from trueup.cli.console import Console
from trueup.core.errors import TrueupError

if TYPE_CHECKING:
    from trueup.adapters.events.sinks import Sent
    from trueup.workflows.workspace import Workspace


def send_records(workspace: "Workspace", console: Console) -> bool:
    """Send every sink what it does not have yet, tell what went wrong, and return whether all have everything.

    Sinks are those of the branch that governs: a change must not choose who sees a token.
    """
    from trueup.cli.wiring import LocalWorkspace

    if not isinstance(workspace, LocalWorkspace):
        return True
    try:
        sent = dict(_sent(workspace))
    except TrueupError as error:
        console.note(f"warning {error.code.id}: {error.detail} No event was sent.")
        return False
    for name, one in sent.items():
        if one.problem is not None:
            hint = one.problem.hint or one.problem.code.remedy
            console.note(f"warning {one.problem.code.id}: {one.problem.detail} hint: {hint}")
        elif one.waiting:
            console.note(f"event sink `{name}`: {one.count} records sent, more with the next run")
    return not any(one.waiting for one in sent.values())


def _sent(workspace: "Workspace") -> "list[tuple[str, Sent]]":
    from trueup.adapters.events.sinks import Sink
    from trueup.cli.wiring import LocalWorkspace
    from trueup.workflows.ledger_place import settings_in_force

    if not isinstance(workspace, LocalWorkspace):
        return []
    settings = settings_in_force(workspace, workspace.settings)
    state = workspace.repository.common_dir / "trueup" / "events"
    sinks = [Sink(e.name, e.type, e.url, e.file, e.token, workspace.root, state) for e in settings.events]
    return [(s.name, s.send(workspace.ledger.records(), settings.name, workspace.tool)) for s in sinks]
