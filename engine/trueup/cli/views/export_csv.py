"""An audit report as CSV (RFC 4180): a row for each record and deployment, for spreadsheets and for programs.

A spreadsheet runs a cell that looks like a formula. Whatever somebody wrote into a name or a reason, no cell here
does, by whichever of the usual separators the file is taken apart.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from trueup.cli.views import export_words as words
from trueup.cli.views.text import visible
from trueup.ledger.export.entry import Broken, Entry, Line, Served
from trueup.ledger.export.header import Header

COLUMNS = (
    "sequence",
    "at",
    "environment",
    "kind",
    "outcome",
    "deployment",
    "ran_by",
    "changed_by",
    "approved_by",
    "revision",
    "plan",
    "model",
    "prompt",
    "build",
    "release",
    "verified",
    "policies",
    "decisions",
    "findings",
    "exceptions",
    "evidence",
    "note",
    "resources",
    "record",
    "ledger_commit",
    "ledger_sound",
    "ledger_head",
)
_FORMULA = re.compile(r"""((?:^|[;,\t|])[\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
"""Where a formula could begin: at the start of a cell, or after what another program may take for a separator."""
_NOTHING = Served("", "", "", "", "", verified=False)


def rows(header: Header, lines: Iterable[Line]) -> Iterator[str]:
    """Yield the heading and the rows, each with its line end."""
    yield row(COLUMNS)
    newest = header.ledger.newest
    ledger = ("yes" if header.ledger.is_sound else "no", newest.digest if newest else "")
    for line in lines:
        match line:
            case Broken(detail):
                note = f"the ledger cannot be read beyond this: {detail}"
                yield row([note if column == "note" else "" for column in COLUMNS[:-2]] + list(ledger))
            case Entry():
                for deployment in line.deployments or ("",):
                    yield row([*_cells(line, deployment), *ledger])


def safe(text: str) -> str:
    """Return *text* on one line, so that no program takes it for a formula: an apostrophe stands before it."""
    return _FORMULA.sub(r"\1'", visible(text))


def row(cells: Iterable[str]) -> str:
    """Return one row of harmless cells, with its line end."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return out.getvalue()


def _cells(entry: Entry, deployment: str) -> list[str]:
    served = next((s for s in entry.served if s.deployment == deployment), _NOTHING)
    state = "yes" if served.verified else "no" if served.release else ""
    note = [entry.note, *(["removed"] if deployment in entry.removed else [])]
    note += [f"failed: {why}" for address, why in entry.failed if address == deployment]
    return [
        str(entry.sequence),
        entry.at.isoformat(),
        entry.environment,
        entry.kind,
        entry.outcome,
        deployment,
        entry.actor,
        _joined(words.authors_texts(entry)),
        _joined(words.approvals_texts(entry)),
        entry.revision,
        entry.plan,
        served.model,
        served.prompt,
        served.build,
        served.release,
        state,
        _joined(map(words.policies_text, entry.policies)),
        _joined(entry.decisions),
        _joined(map(words.finding_text, entry.findings)),
        _joined(map(words.excuse_text, entry.excuses)),
        _joined(map(words.proof_text, entry.proofs)),
        _joined(filter(None, note)),
        _joined(entry.resources),
        entry.digest,
        entry.commit,
    ]


def _joined(texts: Iterable[str]) -> str:
    return " / ".join(texts)
