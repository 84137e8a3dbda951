"""Tables of what a document asks, and what the declared resources answer."""

from collections.abc import Iterable, Iterator
from itertools import chain

from trueup.core.frozen import dataclass
from trueup.ledger.documents.drafts import Facts, Gap, Item, Statement, spelled, split, value_at

ANNOTATION = "annotation:"
"""Begins the path of what no field declares and an annotation may."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A field that answers a part of an item.

    Attributes:
        label: What it says.
        kind: Kind of the resource; asked of every one that the subject reaches.
        path: Where, dotted; `annotation:KEY` for an annotation.
        optional: It says nothing is missing when the field is absent.
    """

    label: str
    kind: str
    path: str
    optional: bool = False

    @property
    def named(self) -> str:
        """What to declare, in words."""
        key = self.path.removeprefix(ANNOTATION)
        return f"`{self.path}`" if key == self.path else f"the annotation `{key}`"


@dataclass(frozen=True, slots=True)
class Template:
    """An item with what answers it.

    Attributes:
        number: As the document numbers it.
        title: What it is about.
        asked: What is asked, in our words.
        asks: Fields that answer it.
        annotation: Key of the annotation that answers what no field does; asked of the subject's System or Model.
        needs: What is missing without that annotation; empty when the fields can say it all.
    """

    number: str
    title: str
    asked: str
    asks: tuple[Ask, ...] = ()
    annotation: str = ""
    needs: str = ""


def answered(
    template: Template, facts: Facts, owner: str, statements: Iterable[Statement] = (), gaps: Iterable[Gap] = ()
) -> Item:
    """Return the item, answered by *facts*, and by *statements* and *gaps* that were found otherwise.

    Args:
        template: What is asked.
        facts: What is known.
        owner: Kind of the resource that annotations are asked of.
        statements: What else is known, after what fields say.
        gaps: What else is missing.
    """
    answers = chain(*(_answers(ask, facts) for ask in template.asks), _noted(template, facts, owner))
    found, missing = split(answers)
    everything = tuple(dict.fromkeys((*missing, *gaps)))
    return Item(template.number, template.title, template.asked, (*found, *statements), everything)


def _answers(ask: Ask, facts: Facts) -> Iterator[Statement | Gap]:
    """Yield what resources say, those that say the same together, and then which of them say nothing."""
    resources = facts.of(ask.kind)
    said: dict[str, list[str]] = {}
    for declared in resources:
        said.setdefault(spelled(value_at(declared.document, ask.path)), []).append(declared.address)
    silent = said.pop("", [])
    where = ask.path.replace(ANNOTATION, "metadata.annotations.")
    yield from (Statement(ask.label, text, f"{', '.join(found)} {where}") for text, found in said.items())
    if ask.optional:
        return
    if silent:
        yield Gap(ask.label, f"Declare {ask.named} of {', '.join(f'`{address}`' for address in silent)}.")
    elif not resources:
        yield Gap(ask.label, f"No {ask.kind} says it: `{facts.subject}` reaches none. Declare one with {ask.named}.")


def _noted(template: Template, facts: Facts, owner: str) -> Iterator[Statement | Gap]:
    """Yield what annotations say of the item, or that none says what only one can."""
    if not template.annotation:
        return
    ask = Ask(template.needs or template.title, owner, ANNOTATION + template.annotation, optional=not template.needs)
    yield from _answers(ask, facts)
