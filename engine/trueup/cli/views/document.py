"""Drafted documents in the format that is asked for: gaps for people at a terminal, markdown, JSON, a page."""

import json

from trueup.cli.output import Format, Style
from trueup.cli.views import document_html, document_markdown
from trueup.cli.views.text import visible, wrapped
from trueup.core.json import Json
from trueup.core.json_schema import DIGEST_OR_NONE, FLAG, FORMAT_1, TEXT, list_of, object_of, published, said
from trueup.ledger.documents.drafts import Dossier, Gap, Item

FORMAT_VERSION = "1.0"
_INDENT = "    "


def render(dossier: Dossier, output: Format, style: Style, width: int) -> str:
    """Return *dossier* in the format asked for."""
    match output:
        case Format.MARKDOWN:
            return document_markdown.render(dossier)
        case Format.HTML:
            return document_html.render(dossier)
        case Format.JSON:
            return json.dumps(document(dossier), indent=2, ensure_ascii=False)
        case _:
            return _text(dossier, style, width)


def count_line(dossier: Dossier) -> str:
    """Say how much of it is answered."""
    items = dossier.items
    open_ = sum(bool(item.gaps) for item in items)
    gaps = len(dossier.gaps)
    return f"{len(items) - open_} of {len(items)} items have no gap; {gaps} {'gap' if gaps == 1 else 'gaps'} in all"


def _text(dossier: Dossier, style: Style, width: int) -> str:
    lines = [style.paint(visible(f"{dossier.title}: {count_line(dossier)}"), "bold")]
    for item in dossier.items:
        mark = style.paint("! ", "yellow", "bold") if item.gaps else style.paint("ok", "green")
        lines.append(f"{mark} {visible(' '.join(filter(None, (item.number, item.title))))}")
        lines += [line for gap in item.gaps for line in _gap(gap, style, width)]
    lines += [line for gap in dossier.missing for line in _gap(gap, style, width)]
    lines.append("`-o markdown` and `-o html` write it.")
    return "\n".join(lines)


def _gap(gap: Gap, style: Style, width: int) -> list[str]:
    return wrapped(f"{gap.label}: {gap.advice}", width, _INDENT, style)


def document(dossier: Dossier) -> dict[str, Json]:
    """Return *dossier* as one JSON document."""
    facts = dossier.facts
    newest = facts.ledger.newest
    return {
        "format_version": FORMAT_VERSION,
        "kind": dossier.kind,
        "subject": facts.subject,
        "revision": facts.revision,
        "tool": facts.tool,
        "made_on": facts.made_on,
        "ledger": {"sound": facts.ledger.is_sound, "head": newest.digest if newest else ""},
        "metadata": dict(dossier.front),
        "sections": [{"title": s.title, "items": [_item(i) for i in s.items]} for s in dossier.sections],
        "missing": [_gap_json(g) for g in dossier.missing],
    }


def _item(item: Item) -> Json:
    return {
        "number": item.number,
        "title": item.title,
        "asked": item.asked,
        "statements": [{"label": s.label, "text": s.text, "source": s.source} for s in item.statements],
        "gaps": [_gap_json(g) for g in item.gaps],
    }


def _gap_json(gap: Gap) -> Json:
    return {"label": gap.label, "advice": gap.advice}


def document_schema() -> dict[str, Json]:
    """Return the schema of `audit document`."""
    gap = object_of({"label": TEXT, "advice": said(TEXT, "what to declare or to do")})
    statement = object_of({"label": TEXT, "text": TEXT, "source": said(TEXT, "resource and field, record, evidence")})
    item = {"number": TEXT, "title": TEXT, "asked": TEXT, "statements": list_of(statement), "gaps": list_of(gap)}
    about: dict[str, Json] = {
        "format_version": FORMAT_1,
        "kind": {"enum": ["model-card", "annex-iv"]},
        **dict.fromkeys(("subject", "revision", "tool", "made_on"), TEXT),
        "ledger": object_of({"sound": FLAG, "head": DIGEST_OR_NONE}),
        "metadata": said({"type": "object"}, "front matter of a model card, as its hub reads it"),
        "sections": list_of(object_of({"title": TEXT, "items": list_of(object_of(item))})),
        "missing": said(list_of(gap), "metadata that nothing says"),
    }
    return published("trueup audit document", object_of(about))
