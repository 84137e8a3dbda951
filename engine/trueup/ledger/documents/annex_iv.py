"""Technical documentation of a high-risk system, drafted after Annex IV of Regulation (EU) 2024/1689 (EU AI Act).

Numbers are those of the annex, words are ours. The draft says what resources, records and evidence say, and marks what
they do not: it is where work on the documentation starts, not its end.
"""

from collections.abc import Callable, Iterator

from trueup.ledger.documents import findings
from trueup.ledger.documents.annex_iv_items import SECTIONS
from trueup.ledger.documents.asking import Template, answered
from trueup.ledger.documents.drafts import Dossier, Facts, Gap, Item, Section, Statement, spelled, split, value_at

PREFACE = (
    "Draft after Annex IV of Regulation (EU) 2024/1689. Each statement names the resource, record or evidence that it "
    "comes from. What nothing says is marked as a gap. Whether it is complete and true is for whoever signs it to say."
)

Found = Iterator[Statement | Gap]


def annex_iv(facts: Facts) -> Dossier:
    """Return the draft of the technical documentation of a System, or of one of its Deployments."""
    sections = tuple(Section(title, tuple(_item(t, facts) for t in templates)) for title, templates in SECTIONS)
    return Dossier("annex-iv", f"Technical documentation of {facts.subject}", PREFACE, facts, sections)


def _item(template: Template, facts: Facts) -> Item:
    more = _MORE.get(template.number)
    statements, gaps = split(more(facts)) if more else ([], [])
    return answered(template, facts, "System", statements, gaps)


def _composition(facts: Facts) -> Found:
    """Yield how the parts build on each other."""
    for deployment in facts.of("Deployment"):
        release = spelled(value_at(deployment.document, "spec.release"))
        engine = spelled(value_at(deployment.document, "spec.runtime.engine"))
        said = f"{engine} serves {release}"
        yield Statement("how the parts build on each other", said, f"{deployment.address} spec.release, spec.runtime")


def _tests(facts: Facts) -> Found:
    yield from findings.measured(facts)
    yield from findings.unmeasured(facts)
    if not facts.required:
        yield Gap("evidence", f"No evaluation is required of `{facts.subject}`: require some in its environments.")


def _security(facts: Facts) -> Found:
    yield from findings.measured(facts, "security")
    yield from findings.unmeasured(facts, "security")
    yield from findings.without_category(facts, "security", "resistance to attacks")


def _accuracy(facts: Facts) -> Found:
    yield from findings.measured(facts, "quality", "factuality", "fairness", "robustness")
    yield from findings.without_category(facts, "fairness", "accuracy for groups of people")


def _risks(facts: Facts) -> Found:
    """Yield the rules that judged the changes, and what was excused from them."""
    judged = dict.fromkeys((p, entry.sequence) for entry in facts.changes[:1] for p in entry.policies)
    for policies, sequence in judged:
        said = f"{policies.name} {policies.revision}, {policies.digest}"
        yield Statement("rules that judged the last change", said, f"record {sequence}")
    for found in facts.of("PolicyException"):
        reason = spelled(value_at(found.document, "spec.reason"))
        instead = spelled(value_at(found.document, "spec.compensatingControl"))
        until = spelled(value_at(found.document, "spec.expires"))
        rule = spelled(value_at(found.document, "spec.rule"))
        said = f"{rule} is lifted until {until}: {reason}; in its place: {instead}"
        yield Statement("exception", said, f"{found.address} spec")


_MORE: dict[str, Callable[[Facts], Found]] = {
    "1(a)": findings.serving,
    "2(c)": _composition,
    "2(g)": _tests,
    "2(h)": _security,
    "3": _accuracy,
    "5": _risks,
    "6": findings.changes,
}
"""What the ledger and the whole say of an item, besides single fields."""
