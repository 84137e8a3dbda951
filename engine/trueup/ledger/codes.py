"""Codes of the ledger: what can be wrong with the chain, with reading it and with adding to it."""

from trueup.core.diagnostics import Code

RECORD_CHANGED = Code(
    "LED001",
    "A ledger record was changed",
    "The record's content does not have the digest it was sealed with, so somebody edited it after it was written.",
    "Compare the record with another clone's copy of the ledger and restore the ledger from the clone that verifies.",
)
RECORD_MISSING = Code(
    "LED002",
    "A ledger record is missing",
    "Records are numbered without gaps; the numbers jump, so records were taken out of the chain.",
    "Fetch the ledger from a clone that has the missing records, and find out who rewrote the ref.",
)
RECORD_MOVED = Code(
    "LED003",
    "A ledger record is out of its place",
    "The record's number does not follow the record before it: records were reordered.",
    "Restore the ledger from a clone that verifies, and find out who rewrote the ref.",
)
RECORD_INSERTED = Code(
    "LED004",
    "Two ledger records claim one place",
    "A place in the chain is taken twice: a record was inserted or copied.",
    "Restore the ledger from a clone that verifies, and find out who rewrote the ref.",
)
LINK_BROKEN = Code(
    "LED005",
    "A ledger record does not follow the one before it",
    "Each record names the digest of the one before it. This one names another: the record before it was replaced.",
    "Restore the ledger from a clone that verifies, and find out who rewrote the ref.",
)
RECORD_UNREADABLE = Code(
    "LED006",
    "A ledger record cannot be read",
    "The record is absent from its commit, is not JSON, or is not what its format version says.",
    "Restore the ledger from a clone that verifies; `git show COMMIT:record.json` prints what is there.",
)
FORMAT_UNKNOWN = Code(
    "LED007",
    "A ledger record has an unknown format version",
    "A newer trueup wrote the record. Reading past it could overlook a hold or a release, so reading stops.",
    "Upgrade trueup to the version that wrote the record, or newer.",
)
ATTACHMENT_WRONG = Code(
    "LED008",
    "A ledger attachment is missing or was changed",
    "A document that the record names by digest is not kept beside it, or does not have that digest.",
    "Restore the ledger from a clone that verifies.",
)
INPUT_NOT_ATTACHED = Code(
    "LED009",
    "A decision is recorded without its input",
    "A decision names the digest of the document it judged, but that document is not kept beside the record, so the "
    "decision cannot be checked again.",
    "Report it: trueup refuses to write such a record, so something else wrote this one.",
)
COMMIT_ORDER = Code(
    "LED010",
    "The ledger's commits are not one chain",
    "The parent of a record's commit must be the commit of the record before it, and nothing else.",
    "Restore the ledger from a clone that verifies; never merge, rebase or cherry-pick the ledger's ref.",
)
RECORD_NOT_FOUND = Code(
    "LED011",
    "A commit names a record that the ledger does not have",
    "A commit on this branch carries a `Trueup-Record` trailer, but no record has that digest: the end of the ledger "
    "was cut off, or it was not fetched.",
    "Fetch the ledger (`git fetch origin refs/trueup/ledger:refs/trueup/ledger`) and verify again.",
)
LEDGER_SHALLOW = Code(
    "LED012",
    "The ledger is incomplete in this clone",
    "The ledger was fetched with limited depth, so its older records are not here and cannot be read or verified.",
    "Fetch it whole: `git fetch --unshallow origin refs/trueup/ledger:refs/trueup/ledger`.",
)
COMMIT_CONTENT = Code(
    "LED013",
    "A ledger commit does not hold what its record says",
    "A ledger commit holds `record.json`, the attachments that the record names, and nothing else; its "
    "`Trueup-Record` trailer is the record's digest.",
    "Restore the ledger from a clone that verifies, and find out who rewrote the ref.",
)
BODY_MALFORMED = Code(
    "LED014",
    "A ledger record's body is not what its kind needs",
    "The record was written whole and unchanged, but its body cannot be understood: evidence without a key, say.",
    "Report it with the output of `trueup audit log -o json`.",
)
TAIL_LOST = Code(
    "LED015",
    "The ledger lost records that the remote has had",
    "The remote's ledger, as last fetched, has records that this ledger does not build on: its end was cut off or "
    "it was rewritten.",
    "Put the ref back to the remote's state; `git log refs/trueup/remotes/origin/ledger` shows it.",
)
DECISION_DIFFERS = Code(
    "LED016",
    "A recorded decision is not what its policies say",
    "The policies and the document that the record keeps give another decision than the one that was recorded: the "
    "record was made up, or the engine or the judge has changed without saying so.",
    "Look at what differs. With another engine version, evaluate with the one that the record names.",
)
POLICIES_NOT_KEPT = Code(
    "LED017",
    "A recorded decision has lost its policies or its document",
    "A record keeps the policies that decided and the document they judged, by digest. One of them is not there, or "
    "is not what the decision names.",
    "Restore the ledger from a clone that verifies.",
)
DECISION_UNREADABLE = Code(
    "LED018",
    "A recorded decision cannot be read",
    "A decision of a record is not what its format says, or has a format of a newer trueup.",
    "Upgrade trueup to the version that wrote the record, or newer.",
)
LEDGER_BUSY = Code(
    "LED020",
    "The ledger is busy",
    "Other runs kept adding records first, and the retries are used up.",
    "Run the command again.",
)
REMOTE_UNREACHABLE = Code(
    "LED021",
    "The remote ledger cannot be reached",
    "The record is kept in this clone and goes to the remote with the next one that does.",
    "Check the network and the remote; push by hand with `git push origin refs/trueup/ledger`.",
)
REMOTE_REWRITTEN = Code(
    "LED022",
    "The remote ledger was rewritten",
    "The remote's ledger lacks records it had when it was last fetched. New records stay in this clone.",
    "Find out who rewrote the ref; push this clone's ledger back with `git push --force origin refs/trueup/ledger`.",
)
LEDGER_UNREADABLE = Code(
    "LED023",
    "The ledger cannot be read",
    "git could not read the ledger's ref or one of its objects.",
    "Run `git fsck`, and restore the ledger from another clone.",
)
RECORD_INCOMPLETE = Code(
    "LED024",
    "A record is refused by the ledger",
    "A record must be JSON, its attachments must have the digests they are named by, and the input of every decision "
    "must be attached.",
    "Report it: this is a defect of the program that writes the record.",
)
REMOTE_REFUSED = Code(
    "LED025",
    "The remote refused the ledger",
    "The remote answered and did not take the push: no right to push this ref, or a hook that declines it. The record "
    "is kept in this clone.",
    "Allow pushes to refs/trueup/*, then push with `git push origin refs/trueup/ledger`.",
)
REF_UNUSABLE = Code(
    "LED026",
    "The ledger's ref cannot be used",
    "The ledger needs a ref of its own below a folder of its own. Under `refs/heads` and git's other folders it could "
    "overwrite a branch, a tag or what was fetched.",
    "Set `spec.ledger.ref` in trueup.yaml to a name like `refs/trueup/ledger`, or leave it out.",
)
TIME_UNREADABLE = Code(
    "LED030",
    "A time cannot be read",
    "A point in time is needed, and the text is none.",
    "Write ISO 8601 (`2026-03-01`, `2026-03-01T12:00Z`, with an offset if not UTC) or an age (`90m`, `3h`, `2d`).",
)
HOLD_TERMS = Code(
    "LED031",
    "A hold cannot be placed like this",
    "A hold says why, and ends when it is lifted, or by itself at a time that is to come and at most a year away.",
    "Give `--reason`, and one of `--days 7` or `--until 2026-12-01T12:00Z`; without them it is in force until lifted.",
)

CODES = (
    RECORD_CHANGED,
    RECORD_MISSING,
    RECORD_MOVED,
    RECORD_INSERTED,
    LINK_BROKEN,
    RECORD_UNREADABLE,
    FORMAT_UNKNOWN,
    ATTACHMENT_WRONG,
    INPUT_NOT_ATTACHED,
    COMMIT_ORDER,
    RECORD_NOT_FOUND,
    LEDGER_SHALLOW,
    COMMIT_CONTENT,
    BODY_MALFORMED,
    TAIL_LOST,
    DECISION_DIFFERS,
    POLICIES_NOT_KEPT,
    DECISION_UNREADABLE,
    LEDGER_BUSY,
    REMOTE_UNREACHABLE,
    REMOTE_REWRITTEN,
    LEDGER_UNREADABLE,
    RECORD_INCOMPLETE,
    REMOTE_REFUSED,
    REF_UNUSABLE,
    TIME_UNREADABLE,
    HOLD_TERMS,
)
