"""Exports the ledger for people outside: what was asked for, record by record, and what it stands on.

Records are read as they are needed, so that a long ledger takes no more memory than a short one.
"""

from collections.abc import Iterator

from trueup.core.errors import TrueupError
from trueup.core.frozen import dataclass
from trueup.ledger.export.entry import Broken, Line
from trueup.ledger.export.header import Header
from trueup.ledger.export.reading import entry_of, judged_document
from trueup.ledger.filters import Filter, filter_records
from trueup.ports import Ledger
from trueup.workflows.audit import verify
from trueup.workflows.ledger_place import LedgerPlace
from trueup.workflows.loading import read_project
from trueup.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Export:
    """An export: its head, and its entries as often as somebody asks for them."""

    header: Header
    ledger: Ledger

    def lines(self) -> Iterator[Line]:
        """Yield the entries, newest first; where the ledger cannot be believed any further, that it ends there.

        Only what was there when the ledger was verified is shown, however often this is asked.
        """
        newest = self.header.ledger.newest
        if newest is None:
            return
        records = (r for r in self.ledger.records() if r.sequence <= newest.sequence)
        wanted = filter_records(records, self.header.wanted)
        try:
            for record, document in self.ledger.beside((r, judged_document(r)) for r in wanted):
                yield entry_of(record, document)
        except TrueupError as error:
            yield Broken(error.detail)


def export(workspace: Workspace, place: LedgerPlace, wanted: Filter, deployment: str = "") -> Export:
    """Verify the ledger, and return an export of the records that *wanted* asks for.

    Args:
        workspace: The repository.
        place: Where its ledger is, for who has none here.
        wanted: Which records.
        deployment: Its deployment as it was asked for, for the head.
    """
    project, _ = read_project(workspace.tree(""))
    header = Header(
        project=project.name if project else "",
        tool=workspace.tool,
        made_at=workspace.clock.now(),
        wanted=wanted,
        deployment=deployment,
        ledger=verify(workspace.ledger, place),
    )
    return Export(header, workspace.ledger)


def about(deployment: str, environment: str) -> str:
    """Return the address that *deployment* means to a filter: an address, or the name of one or of several."""
    if not deployment or "/" in deployment:
        return deployment
    return f"Deployment/{environment}/{deployment}" if environment else f"Deployment/{deployment}"
