"""The commits that changed a resource, as rows of a table and as JSON."""

from collections.abc import Sequence

from trueup.cli.views.text import person
from trueup.core.digests import short
from trueup.core.json import Json
from trueup.ledger.audit import ResourceChange

COLUMNS = ("commit", "time", "resource", "what", "fields", "file", "author", "subject")
MORE = "older commits are not shown; `--limit 0` shows all"


def change_cells(change: ResourceChange) -> tuple[str, ...]:
    """Return the row of one commit."""
    return (
        short(change.revision),
        change.at.strftime("%Y-%m-%d %H:%M:%SZ"),
        change.address,
        change.did,
        change.fields or "-",
        f"{change.former} -> {change.path}" if change.former else change.path,
        person(change.author),
        change.subject or "-",
    )


def change_lines(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the row of one commit for a terminal that is too narrow for a table."""
    commit, time, resource, did, fields, file, author, subject = cells
    what = did if fields == "-" else f"{did} {fields}"
    return f"{commit}  {time}  {resource}: {what}", file, f"by {author}: {subject}"


def change_json(change: ResourceChange) -> dict[str, Json]:
    """Return one commit as JSON."""
    return {
        "commit": change.revision,
        "at": change.at.isoformat(),
        "author": change.author,
        "subject": change.subject,
        "address": change.address,
        "change": change.did,
        "path": change.path,
        "former_path": change.former,
        "fields": change.fields,
    }
