"""Drafted documents as markdown; a model card with the front matter that its hub reads."""

import json
from collections.abc import Iterator

from trueup.cli.views.document_words import about_lines
from trueup.cli.views.markup import prose
from trueup.cli.views.text import visible
from trueup.core.json import Json
from trueup.ledger.documents.drafts import Dossier, Gap, Item


def render(dossier: Dossier) -> str:
    """Return the document."""
    lines = [*_front(dossier), f"# {prose(dossier.title)}", "", f"> {prose(dossier.preface)}", ">"]
    lines += [f"> {prose(line)}" for line in about_lines(dossier)]
    for section in dossier.sections:
        lines += ["", f"## {prose(section.title)}"]
        lines += [line for item in section.items for line in _item(item, is_alone=len(section.items) == 1)]
    if dossier.missing:
        lines += ["", "## Metadata", "", *map(_gap, dossier.missing)]
    return "\n".join(lines)


def _item(item: Item, *, is_alone: bool) -> Iterator[str]:
    if not is_alone or item.number:
        yield from ("", f"### {prose(' '.join(filter(None, (item.number, item.title))))}")
    yield from ("", f"*{prose(item.asked)}*", "")
    for statement in item.statements:
        yield f"- **{prose(statement.label)}:** {prose(statement.text)} ({prose(statement.source)})"
    yield from map(_gap, item.gaps)


def _gap(gap: Gap) -> str:
    return f"- **GAP, {prose(gap.label)}:** {prose(gap.advice)}"


def _front(dossier: Dossier) -> Iterator[str]:
    """Yield the front matter: YAML in which every value is spelled as JSON, which no value can leave."""
    if dossier.kind != "model-card":
        return
    yield "---"
    for key, value in dossier.front:
        yield f"{key}: {_value(value)}"
    for gap in dossier.missing:
        yield f"# GAP, {visible(gap.label)}: {visible(gap.advice)}"
    yield from ("---", "")


def _value(value: Json) -> str:
    return json.dumps(_clean(value), ensure_ascii=False)


def _clean(value: Json) -> Json:
    """Return *value* with nothing in its texts that YAML and JSON spell differently."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(k): _clean(v) for k, v in value.items()}
        case list() | tuple():
            return [_clean(v) for v in value]
        case _:
            return value
