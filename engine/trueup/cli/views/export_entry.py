"""One entry of an audit report as HTML: what was done, by whom, on which grounds, and what serves since."""

from collections.abc import Iterable, Iterator, Mapping

from trueup.cli.views import export_words as words
from trueup.cli.views.page import shown
from trueup.core.digests import short
from trueup.ledger.export.entry import Entry, Proof

_CLASSES = {"done": "good", "denied": "bad", "failed": "bad", "partial": "care"}
_DECIDED = {"deny": "bad", "allow": "good"}


def entry_lines(entry: Entry, deployment: str, measured: Mapping[str, int], *, anchor: bool) -> Iterator[str]:
    """Yield the HTML of one entry.

    Args:
        entry: The entry.
        deployment: Whose timeline it stands in; empty for none's.
        measured: By key of evidence, the record that has it and is shown here.
        anchor: Links lead to this one; an entry of several timelines has one place that they lead to.
    """
    identity = f' id="record-{entry.sequence}"' if anchor else ""
    where = f" in {entry.environment}" if entry.environment else ""
    yield "<li>"
    yield (
        f'<article class="entry"{identity} data-environment="{shown(entry.environment)}" '
        f'data-deployment="{shown(deployment)}" data-kind="{shown(entry.kind)}" '
        f'data-outcome="{shown(entry.outcome)}" data-day="{entry.at:%Y-%m-%d}">'
    )
    yield (
        f'<h4>{shown(words.when(entry))}: {shown(entry.kind)} <span class="{_CLASSES.get(entry.outcome, "quiet")}">'
        f"{shown(entry.outcome)}</span>{shown(where)}, record {entry.sequence}</h4>"
    )
    yield "<dl>"
    for term, said in _parts(entry, deployment, measured):
        if said:
            yield f"<dt>{term}</dt><dd>{_listed(said)}</dd>"
    yield "</dl>"
    yield "</article>"
    yield "</li>"


def _parts(entry: Entry, deployment: str, measured: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Yield each part with its name; what is said is HTML already."""
    is_alone = not deployment
    yield "Ran by", [shown(entry.actor)]
    yield "Changed by", _texts(words.authors_texts(entry))
    yield "Approved by", _texts(words.approvals_texts(entry))
    yield "Why", _texts([entry.note] if entry.note else [])
    yield "Commit", [_code(entry.revision)] if entry.revision else []
    yield "Plan", [_code(short(entry.plan))] if entry.plan else []
    yield "Decided", [_decision(d) for d in entry.decisions]
    yield "Policies", _texts(map(words.policies_text, entry.policies))
    yield "Findings", _texts(map(words.finding_text, entry.findings))
    yield "Exceptions", _texts(map(words.excuse_text, entry.excuses))
    yield "Evidence", [_proof(p, measured, entry) for p in entry.proofs]
    yield (
        "Serves since",
        _texts(
            words.served_text(s) if not is_alone else f"{s.deployment}: {words.served_text(s)}"
            for s in entry.served
            if is_alone or s.deployment == deployment
        ),
    )
    yield "Removed", _texts(r for r in entry.removed if is_alone or r == deployment)
    yield "Failed", _texts(why for name, why in entry.failed if is_alone or name == deployment)
    yield "About", _texts([", ".join(entry.resources)] if entry.resources else [])
    yield "Record", [f"{_code(entry.digest)}, ledger commit {_code(short(entry.commit))}"]


def _proof(proof: Proof, measured: Mapping[str, int], entry: Entry) -> str:
    number = measured.get(proof.key)
    link = f', <a href="#record-{number}">record {number}</a>' if number not in {None, entry.sequence} else ""
    return shown(words.proof_text(proof)) + link


def _decision(decision: str) -> str:
    where, _, outcome = decision.partition(" ")
    return f'{shown(where)}: <span class="{_DECIDED.get(outcome, "care")}">{shown(outcome or "nothing")}</span>'


def _texts(texts: Iterable[str]) -> list[str]:
    return [shown(text) for text in texts]


def _code(text: str) -> str:
    return f"<code>{shown(text)}</code>"


def _listed(said: list[str]) -> str:
    if len(said) == 1:
        return said[0]
    return f"<ul>{''.join(f'<li>{item}</li>' for item in said)}</ul>"
