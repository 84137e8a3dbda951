"""Drafted documents as one page of HTML, to read and to print; without script."""

from collections.abc import Iterator

from trueup.cli.views.document_words import about_lines
from trueup.cli.views.page import page, shown
from trueup.ledger.documents.drafts import Dossier, Gap, Item, Statement

RULES = """
.item{break-inside:avoid}
.item ul{margin:.3rem 0;padding-inline-start:1.2rem}.item li{margin:.25rem 0}
.gap{border-inline-start:4px solid var(--care);padding-inline-start:.6rem;list-style:none;margin-inline-start:-1.2rem}
.source{color:var(--quiet);font-size:.9em}
h2,h3{break-after:avoid}
@page{margin:14mm 12mm;@bottom-right{content:counter(page) " / " counter(pages);font-size:8pt}}
"""


def render(dossier: Dossier) -> str:
    """Return the page, whole."""
    about, ledger = about_lines(dossier)
    gaps = len(dossier.gaps)
    body = [
        "<header>",
        f"<h1>{shown(dossier.title)}</h1>",
        f'<p class="note">{shown(dossier.preface)}</p>',
        f'<p class="quiet">{shown(about)}</p>',
        f'<p class="{"good" if dossier.facts.ledger.is_sound else "bad"}">{shown(ledger)}</p>',
        f'<p class="said">{"1 gap" if gaps == 1 else f"{gaps} gaps"} in {len(dossier.items)} items.</p>',
        "</header>",
        "<main>",
    ]
    for section in dossier.sections:
        body += ["<section>", f"<h2>{shown(section.title)}</h2>"]
        body += [line for item in section.items for line in _item(item)]
        body.append("</section>")
    if dossier.missing:
        body += ["<section>", "<h2>Metadata</h2>", "<ul>", *map(_gap, dossier.missing), "</ul>", "</section>"]
    return page(dossier.title, [*body, "</main>"], rules=RULES)


def _item(item: Item) -> Iterator[str]:
    yield '<div class="item">'
    yield f"<h3>{shown(' '.join(filter(None, (item.number, item.title))))}</h3>"
    yield f'<p class="quiet">{shown(item.asked)}</p>'
    yield "<ul>"
    yield from map(_statement, item.statements)
    yield from map(_gap, item.gaps)
    if not item.statements and not item.gaps:
        yield '<li class="quiet">Nothing is declared that belongs here, and nothing has to be.</li>'
    yield "</ul>"
    yield "</div>"


def _statement(found: Statement) -> str:
    source = f'<span class="source">({shown(found.source)})</span>'
    return f"<li><strong>{shown(found.label)}:</strong> {shown(found.text)} {source}</li>"


def _gap(gap: Gap) -> str:
    said = "".join(f"<code>{shown(p)}</code>" if i % 2 else shown(p) for i, p in enumerate(gap.advice.split("`")))
    return f'<li class="gap"><strong class="care">Gap, {shown(gap.label)}:</strong> {said}</li>'
