"""A page of HTML that stands by itself: one file, no network, light and dark, and safe to open.

Its policy (CSP) lets nothing run or load but its own style and its own script, if it has one, which are named by their
digests: what a model wrote cannot become markup, and if it did, it could do nothing.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from trueup.cli.views.text import visible

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "quiet": "#59636e",
    "line": "#8c959f",
    "panel": "#f6f8fa",
    "link": "#0550ae",
    "removed": "#ffe2e0",
    "removed-ink": "#82071e",
    "added": "#d2f7d9",
    "added-ink": "#044317",
    "bad": "#a40e26",
    "good": "#116329",
    "care": "#7d4e00",
}
DARK = {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "quiet": "#9ea7b1",
    "line": "#656d76",
    "panel": "#161b22",
    "link": "#79c0ff",
    "removed": "#5d1519",
    "removed-ink": "#ffdcd7",
    "added": "#0f4a21",
    "added-ink": "#d2f7d9",
    "bad": "#ff938a",
    "good": "#56d364",
    "care": "#e3b341",
}
"""Text on its background has a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

_RULES = """
*,*::before,*::after{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;padding:1rem;max-width:72rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0}
h2{font-size:1.3rem;margin:2rem 0 .3rem;border-bottom:1px solid var(--line)}
h3{font-size:1.1rem;margin:1.6rem 0 .3rem}
p{margin:.4rem 0}
a{color:var(--link)}
code{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.quiet{color:var(--quiet)}
.note{border-inline-start:4px solid var(--care);padding:.2rem .7rem;margin:.4rem 0}
.bad{color:var(--bad);font-weight:600}.good{color:var(--good);font-weight:600}.care{color:var(--care);font-weight:600}
.said{font-size:1.1rem;font-weight:600}
.scroll{overflow-x:auto}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:3px solid var(--link);outline-offset:2px}
table{border-collapse:collapse;margin:.6rem 0;min-width:min(100%,34rem);font-variant-numeric:tabular-nums}
caption{text-align:start;font-weight:600;padding:.2rem 0}
th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:start;vertical-align:top;overflow-wrap:normal}
thead th{background:var(--panel)}
tbody th{font-weight:400}
td.n{text-align:end;white-space:nowrap}
article{border:1px solid var(--line);border-radius:6px;margin:.8rem 0}
summary{cursor:pointer;padding:.5rem .8rem;background:var(--panel);border-radius:6px}
summary h4{display:inline;font-size:1rem;margin:0}
.body{padding:.3rem .8rem .8rem}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
.sides h5{font-size:.9rem;margin:.3rem 0;color:var(--quiet)}
.answer,.asked{white-space:pre-wrap;unicode-bidi:plaintext}
.answer{border:1px solid var(--line);border-radius:4px;padding:.4rem .6rem;min-height:2.3rem}
del{background:var(--removed);color:var(--removed-ink);text-decoration:line-through;text-decoration-thickness:2px}
ins{background:var(--added);color:var(--added-ink);text-decoration:underline;text-decoration-thickness:2px;
text-underline-offset:.18em}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;padding:0;overflow:hidden;clip-path:inset(50%);
white-space:nowrap;border:0}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.5rem}
@media (max-width:40rem){.sides{grid-template-columns:1fr}body{padding:.6rem}}
@media print{body{max-width:none;padding:0;font-size:10pt}article,table{break-inside:avoid}
summary{list-style:none}del,ins{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_JOINERS = re.compile("([\u200c\u200d])")
"""Marks that letters of Persian and Hindi, and families of emoji, are written with."""


def page(title: str, body: Iterable[str], *, rules: str = "", script: str = "") -> str:
    """Return a whole page.

    Args:
        title: Plain text.
        body: HTML.
        rules: CSS of this kind of page, besides what all have.
        script: JavaScript that makes it handier; it says the same without. A constant, never made of data.
    """
    style = _style() + rules
    allowed = f"style-src {_named(style)}" + (f"; script-src {_named(script)}" if script else "")
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="robots" content="noindex">',
            f"<title>{shown(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            *([f"<script>{script}</script>"] if script else []),
            "</body>",
            "</html>",
        ]
    )


def text_page(title: str, text: str) -> str:
    """Return a page of plain *text* under its *title*."""
    lines = (f'<p class="asked">{shown(line)}</p>' for line in text.split("\n"))
    return page(title, ["<main>", f"<h1>{shown(title)}</h1>", *lines, "</main>"])


def shown(text: str, *, has_joiners: bool = True) -> str:
    """Return *text* as HTML that shows exactly it: no markup of its own, nothing invisible, no command of a CI log.

    Args:
        text: What a model, a person or a file says.
        has_joiners: Leave the marks that some scripts join letters with, instead of spelling them out.
    """
    parts = _JOINERS.split(text) if has_joiners else [text]
    lines = ("\n".join(map(visible, part.replace("\r\n", "\n").expandtabs(4).split("\n"))) for part in parts[::2])
    joined = "".join(part for pair in zip(lines, [*parts[1::2], ""], strict=True) for part in pair)
    # A page may be printed into the log of a CI system, which obeys what looks like a command.
    return escape(joined).replace("::", "&#58;&#58;").replace("#[", "&#35;[")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table; cells are HTML already, and the first of each row is its heading."""
    heads = "".join(f'<th scope="col">{shown(name)}</th>' for name in head)
    lines = [
        f'<div class="scroll" role="region" tabindex="0" aria-label="{shown(caption)}">',
        f"<table><caption>{shown(caption)}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        "<tbody>",
    ]
    for first, *others in rows:
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(others)}</tr>')
    return [*lines, "</tbody></table></div>"]


def _named(text: str) -> str:
    """Return how a policy names an inline style or script."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _style() -> str:
    light, dark = (";".join(f"--{name}:{value}" for name, value in theme.items()) for theme in (LIGHT, DARK))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{_RULES}"
