"""Writes records as commits, and moves the ledger's ref from the commit one knew to the new one, or not at all."""

import re

from trueup.adapters.git.ledger_git import LedgerGit, failure
from trueup.adapters.git.ledger_reading import TRAILER, attachment_path
from trueup.core.digests import Revision, short
from trueup.ledger.codec import FILE, FOLDER, encode
from trueup.ledger.record import Draft, Record

_ACTOR = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<(?P<email>[^<>\s]*)>")
_RESOURCES = 10
"""Addresses shown in a commit message; the record has them all."""


def write_attachments(git: LedgerGit, draft: Draft) -> str:
    """Write the draft's attachments and return the id of their folder; empty when there are none."""
    attachments = dict(draft.attachments)
    lines = [
        f"100644 blob {_blob(git, content)}\t{attachment_path(digest).split('/')[1]}\n"
        for digest, content in sorted(attachments.items())
    ]
    return _tree(git, lines) if lines else ""


def write_commit(git: LedgerGit, record: Record, attachments: str, parent: str) -> Revision:
    """Write the commit that holds *record* and the folder *attachments*, on top of *parent* (empty: the first)."""
    lines = [f"100644 blob {_blob(git, encode(record))}\t{FILE}\n"]
    if attachments:
        lines.insert(0, f"040000 tree {attachments}\t{FOLDER}\n")
    parents = ["-p", parent] if parent else []
    commit = git.tell(
        "commit-tree",
        _tree(git, lines),
        *parents,
        stdin=message(record).encode(),
        identity=_identity(record.draft),
    )
    return Revision(commit)


def move(git: LedgerGit, ref: str, new: str, old: str, why: str) -> bool:
    """Move *ref* from *old* (empty: it must not exist) to *new*; False when another run was faster.

    Raises:
        GitError: git cannot write the ref.
    """
    answer = git.ask("update-ref", "--create-reflog", "-m", f"trueup: {why}", ref, new, old)
    if not answer.status:
        return True
    is_lost = git.commit_of(ref) != old or "File exists" in answer.complaint
    if not is_lost:
        raise failure("update-ref", answer)
    return False


def message(record: Record) -> str:
    """Say for people what *record* is: a subject, the resources, and trailers."""
    draft = record.draft
    plan = f" (plan {short(draft.plan)})" if draft.plan else ""
    subject = f"{draft.kind.value} {_line(draft.environment)}: {draft.outcome.value}{plan}"
    shown = [_line(r) for r in draft.resources[:_RESOURCES]]
    if len(draft.resources) > _RESOURCES:
        shown.append(f"and {len(draft.resources) - _RESOURCES} more")
    trailers = [f"{TRAILER}: {record.digest}", f"Trueup-Sequence: {record.sequence}"]
    if draft.plan:
        trailers.append(f"Trueup-Plan: {_line(draft.plan)}")
    if draft.revision:
        trailers.append(f"Trueup-Revision: {_line(draft.revision)}")
    paragraphs = [subject, "\n".join(shown), "\n".join(trailers)]
    return "\n\n".join(p for p in paragraphs if p) + "\n"


def _blob(git: LedgerGit, content: bytes) -> str:
    return git.tell("hash-object", "-w", "--stdin", stdin=content)


def _tree(git: LedgerGit, lines: list[str]) -> str:
    return git.tell("mktree", stdin="".join(lines).encode())


def _identity(draft: Draft) -> dict[str, str]:
    """Make the actor the author, at the record's time, so that equal records give equal commits."""
    match = _ACTOR.match(draft.actor)
    name = match["name"] if match else re.sub(r"[<>]", "", _line(draft.actor))
    email = match["email"] if match else ""
    moment = f"@{int(draft.at.timestamp())} +0000"
    return {
        "GIT_AUTHOR_NAME": _line(name) or "unknown",
        "GIT_AUTHOR_EMAIL": email or "unknown",
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": "trueup",
        "GIT_COMMITTER_EMAIL": "trueup@localhost",
        "GIT_COMMITTER_DATE": moment,
    }


def _line(text: str) -> str:
    """Keep *text* on one line and printable."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
