"""A drafted document: sections of items, each with statements that name their source, and with gaps.

Nothing is in a draft that no resource, record or evidence says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from trueup.core.digests import Digest, Revision
from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.diff.masks import masked_text
from trueup.evidence.evidence import Evidence
from trueup.ledger.audit import AuditVerification
from trueup.ledger.export.entry import Entry
from trueup.ledger.history import ServedAt


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that is known: what it is, what is said, and where that comes from."""

    label: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is asked and that nothing says, and what to declare or to do about it."""

    label: str
    advice: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that the document has to say.

    Attributes:
        number: As the template of the document numbers it, `2(d)`; empty where it does not.
        title: What it is about.
        asked: What is asked, in our words.
        statements: What is known.
        gaps: What is missing.
    """

    number: str
    title: str
    asked: str
    statements: tuple[Statement, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """A drafted document.

    Attributes:
        kind: `model-card` or `annex-iv`.
        title: Its title.
        preface: What a reader has to know first.
        facts: What it was drafted from.
        sections: What it says.
        front: Metadata for machines, in order: of a model card the front matter.
        missing: Metadata that nothing says, with what to declare.
    """

    kind: str
    title: str
    preface: str
    facts: "Facts"
    sections: tuple[Section, ...]
    front: tuple[tuple[str, Json], ...] = ()
    missing: tuple[Gap, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item, in order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Every gap, in order."""
        return (*(gap for item in self.items for gap in item.gaps), *self.missing)


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared resource: its kind, its address, and its document without secrets."""

    kind: str
    address: str
    document: Json


@dataclass(frozen=True, slots=True)
class Measured:
    """Evidence of what is declared now: the deployment it is about, and the record that has it."""

    deployment: str
    evidence: Evidence
    sequence: int
    record: Digest


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document is drafted from.

    Attributes:
        subject: Address of what it is about.
        revision: Commit that was read; empty for a work tree with changes.
        tool: Name and version of this tool.
        made_on: Day it was drafted, ISO 8601.
        declared: The subject and everything it reaches, by address.
        required: Evaluations that are required, by deployment and address.
        measured: Evidence of them.
        serving: What the subject's deployments serve, as the ledger says.
        changes: What was applied and rolled back, newest first.
        more_changes: There are older ones.
        ledger: How verification of the ledger ended; of one that does not verify nothing is taken.
    """

    subject: str
    revision: Revision
    tool: str
    made_on: str
    declared: tuple[Declared, ...]
    ledger: AuditVerification
    required: tuple[tuple[str, str], ...] = ()
    measured: tuple[Measured, ...] = ()
    serving: tuple[ServedAt, ...] = ()
    changes: tuple[Entry, ...] = ()
    more_changes: bool = field(default=False)

    def of(self, kind: str) -> tuple[Declared, ...]:
        """Return the declared resources of one kind."""
        return tuple(d for d in self.declared if d.kind == kind)


def value_at(document: Json, path: str) -> Json:
    """Return what *document* has at the dotted *path*, or at a key of `metadata.annotations`; None for nothing."""
    annotated = path.removeprefix("annotation:")
    if annotated != path:
        return mapping_of(mapping_of(mapping_of(document).get("metadata")).get("annotations")).get(annotated)
    value = document
    for key in path.split("."):
        value = mapping_of(value).get(key)
    return value


def spelled(value: Json) -> str:
    """Spell a declared value for people; empty for one that says nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return masked_text(" ".join(value.split()))
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case {"file": str(), "content": str(content)}:
            return spelled(content)
        case Mapping():
            return "; ".join(f"{key}: {said}" for key, said in _spelled(value))
        case _:
            return ", ".join(filter(None, map(_part, value)))


def _part(value: Json) -> str:
    """Spell a part of a larger value, so that where it begins and ends can be told."""
    said = spelled(value)
    return f"({said})" if said and isinstance(value, Mapping) else said


def _spelled(value: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if said := _part(inner):
            yield key, said


def split(found: Iterable[Statement | Gap]) -> tuple[list[Statement], list[Gap]]:
    """Return the statements and the gaps of *found*, each in order."""
    everything = list(found)
    return [s for s in everything if isinstance(s, Statement)], [g for g in everything if isinstance(g, Gap)]
