"""Words that all formats of a drafted document share."""

from trueup.cli.views.export_words import verdict
from trueup.ledger.documents.drafts import Dossier


def about_lines(dossier: Dossier) -> tuple[str, str]:
    """Say what the document was drafted from, and whether the ledger verified."""
    facts = dossier.facts
    where = f"commit {facts.revision}" if facts.revision else "a work tree with uncommitted changes"
    return (f"Drafted {facts.made_on} by {facts.tool} from {where}.", verdict(facts.ledger))
