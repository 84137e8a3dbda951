"""An audit report as one page of HTML: to read, to filter, to print, to hand to an auditor.

It says everything without JavaScript; the script only filters. What does not fit a page that a browser can show is
left out and said to be: CSV and JSON Lines have every record.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from trueup.cli.views import export_words as words
from trueup.cli.views.export_entry import entry_lines
from trueup.cli.views.export_filters import SCRIPT, controls
from trueup.cli.views.page import page, shown, table
from trueup.ledger.export.entry import Broken, Entry, Excuse, Line, Policies
from trueup.ledger.export.header import Header

LARGEST = 2000
"""Records of one page: some 10 MB, which browsers still search and print without pause."""

ELSE = "No single deployment"

RULES = """
[hidden]{display:none!important}
.skip{position:absolute;inset-inline-start:-999rem}
.skip:focus{position:static}
.verdict{border:1px solid var(--line);border-inline-start:6px solid var(--good);padding:.4rem .9rem;margin:1rem 0}
.verdict h2{margin-top:.3rem}.w{white-space:nowrap}
td.d{overflow-wrap:anywhere;min-width:12rem}
.verdict.broken{border-inline-start-color:var(--bad)}
.filters{display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:end;background:var(--panel);
border:1px solid var(--line);border-radius:6px;padding:.4rem .9rem;margin:1rem 0}
.filters p{margin:.2rem 0}.filters label{display:block;font-size:.85rem;color:var(--quiet)}
.filters input,.filters select,.filters button{font:inherit;color:var(--ink);background:var(--paper);
border:1px solid var(--line);border-radius:4px;padding:.2rem .5rem;max-width:100%;min-height:2rem}
.filters select{max-width:13rem}.filters input[type=search]{width:11rem}
.filters :focus-visible{outline:3px solid var(--link);outline-offset:2px}
.filters .count{flex-basis:100%;font-weight:600}
.timeline ol{list-style:none;margin:0;padding:0 0 0 1rem;border-inline-start:3px solid var(--line)}
.entry{padding:.4rem .9rem}
.entry h4{margin:0;font-size:1rem}
.entry dl{display:grid;grid-template-columns:8.5rem 1fr;gap:.15rem .9rem;margin:.4rem 0 0}
.entry dt{color:var(--quiet)}.entry dd{margin:0;min-width:0}
.entry ul{margin:0;padding-inline-start:1.1rem}
.entry code{overflow-wrap:anywhere}
@media (max-width:40rem){.entry dl{grid-template-columns:1fr}.entry dd{margin-inline-start:.8rem}
.timeline ol{padding-inline-start:.5rem}}
@media print{.filters>:not(.count),.skip{display:none}.filters{border:0;padding:0;background:none}
h2,h3,h4{break-after:avoid}.entry{break-inside:auto;-webkit-box-decoration-break:clone;box-decoration-break:clone}
.entry dt,.entry li{break-inside:avoid}
.scroll{overflow:visible}tbody td:not(.n,.w){overflow-wrap:anywhere}a{color:inherit}}
@page{margin:14mm 12mm;@bottom-right{content:counter(page) " / " counter(pages);font-size:8pt}}
"""


def render(header: Header, lines: Iterable[Line]) -> str:
    """Return the page, whole."""
    found = list(islice(lines, LARGEST + 1))
    broken = next((line.detail for line in found if isinstance(line, Broken)), "")
    entries = [line for line in found if isinstance(line, Entry)][:LARGEST]
    title = f"Audit report of {header.project or 'this repository'}"
    body = [
        '<a class="skip" href="#timelines">Skip to the timelines</a>',
        "<header>",
        f"<h1>{shown(title)}</h1>",
        f'<p class="quiet">{shown(_made(header))}</p>',
        "</header>",
        "<main>",
        *_verdict(header, broken, cut=len(found) > LARGEST),
        *controls(_choices(entries)),
        *_summary(entries),
        *_timelines(entries),
        "</main>",
        f'<footer class="quiet"><p>{_LEGEND}</p></footer>',
    ]
    return page(title, body, rules=RULES, script=SCRIPT)


def _made(header: Header) -> str:
    return f"Made {header.made_at:%Y-%m-%d %H:%M} UTC by {header.tool}, of {words.scope_line(header)}."


_LEGEND = (
    "Every entry is a record of the ledger; <code>git show COMMIT:record.json</code> in a clone prints it, and "
    "<code>trueup audit verify --decisions</code> makes its decisions again. Times are UTC. "
    f"&#8220;{words.UNKNOWN}&#8221; means that nobody says, not that nobody was."
)


def _verdict(header: Header, broken: str, *, cut: bool) -> Iterator[str]:
    ledger = header.ledger
    yield f'<section class="verdict{"" if ledger.is_sound else " broken"}" aria-labelledby="stands-on">'
    yield '<h2 id="stands-on">What this report stands on</h2>'
    yield f'<p class="said {"good" if ledger.is_sound else "bad"}">{shown(words.verdict(header.ledger))}</p>'
    if ledger.newest:
        yield f"<p>Digest of the newest record: <code>{shown(ledger.newest.digest)}</code></p>"
        yield '<p class="quiet">A ledger that verifies and has this digest has all that came before it.</p>'
    if ledger.hint:
        yield f"<p>{shown(ledger.hint)}</p>"
    if ledger.all_problems:
        rows = ([shown(p.code.id), f"<td>{shown(p.code.summary)}</td>", f"<td>{shown(p.detail)}</td>"]
                for p in ledger.all_problems)  # fmt: skip
        yield from table("What is wrong with the ledger", ("code", "problem", "detail"), rows)
    if broken:
        yield f'<p class="note"><strong>Older records are not shown:</strong> {shown(broken)}</p>'
    if cut:
        yield (
            f'<p class="note"><strong>Older records are not shown:</strong> a page has {LARGEST} at most. Narrow the '
            "time, or export CSV or JSON Lines, which have all.</p>"
        )
    yield "</section>"


def _choices(entries: Iterable[Entry]) -> dict[str, Sequence[str]]:
    seen: dict[str, set[str]] = {"environment": set(), "deployment": set(), "kind": set(), "outcome": set()}
    for entry in entries:
        seen["environment"] |= {entry.environment} - {""}
        seen["deployment"].update(entry.deployments)
        seen["kind"].add(entry.kind)
        seen["outcome"].add(entry.outcome)
    return {name: sorted(values) for name, values in seen.items()}


def _summary(entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield '<p class="said">No record was asked for that the ledger has.</p>'
        return
    yield "<h2>Summary</h2>"
    served = ("deployment", "served last", "since", "entries")
    yield from table("Deployments", served, [_deployment_row(n, about) for n, about in _last(entries).items()])
    yield from table("People", ("who", "ran", "changed", "approved"), _people(entries))
    policies = _policies(entries)
    if policies:
        yield from table("Policies that judged", ("policies", "digest", "first", "last", "entries"), policies)
    excuses = _excuses(entries)
    if excuses:
        head = ("exception", "rule", "for", "reason", "in its place", "approved by", "until", "used in")
        yield from table("Exceptions that were used", head, excuses)


def _last(entries: Iterable[Entry]) -> dict[str, tuple[str, Entry | None, int]]:
    """Return by deployment what it served last, the entry that says so, and how many entries name it."""
    counts: Counter[str] = Counter()
    last: dict[str, tuple[str, Entry]] = {}
    for entry in entries:
        counts.update(entry.deployments)
        said = {s.deployment: words.served_text(s) for s in entry.served} | dict.fromkeys(
            entry.removed, "nothing: removed"
        )
        for deployment, what in said.items():
            last.setdefault(deployment, (what, entry))
    nothing = ("not known from these entries", None)
    return {name: (*last.get(name, nothing), counts[name]) for name in sorted(counts | dict.fromkeys(last, 0))}


def _deployment_row(name: str, about: tuple[str, Entry | None, int]) -> list[str]:
    what, entry, count = about
    since = f"{words.when(entry)}, record {entry.sequence}" if entry else ""
    link = f'<a href="#{_section_id(name)}">{shown(name)}</a>' if count else shown(name)
    return [link, f"<td>{shown(what)}</td>", f"<td>{shown(since)}</td>", f'<td class="n">{count}</td>']


def _people(entries: Iterable[Entry]) -> list[list[str]]:
    did: dict[str, Counter[str]] = {}
    for entry in entries:
        did.setdefault(words.person(entry.actor), Counter())["ran"] += 1
        for name in entry.authors:
            did.setdefault(name, Counter())["changed"] += 1
        for name in dict.fromkeys(a.by for a in entry.approvals if not a.why):
            did.setdefault(name, Counter())["approved"] += 1
    kinds = ("ran", "changed", "approved")
    return [[shown(who), *(f'<td class="n">{counts[k]}</td>' for k in kinds)] for who, counts in sorted(did.items())]


def _policies(entries: Iterable[Entry]) -> list[list[str]]:
    """Return a row for each set of policies; entries come newest first."""
    seen: dict[Policies, list[Entry]] = {}
    for entry in entries:
        for policies in entry.policies:
            seen.setdefault(policies, []).append(entry)
    return [
        [
            shown(f"{found.name} {found.revision}" if found.revision != found.digest else found.name),
            f'<td class="d"><code>{shown(found.digest)}</code></td>',
            f'<td class="w">{shown(words.when(judged[-1]))}</td>',
            f'<td class="w">{shown(words.when(judged[0]))}</td>',
            f'<td class="n">{len(judged)}</td>',
        ]
        for found, judged in seen.items()
    ]


def _excuses(entries: Iterable[Entry]) -> list[list[str]]:
    used: dict[Excuse, list[Entry]] = {}
    for entry in entries:
        for excuse in entry.excuses:
            used.setdefault(excuse, []).append(entry)
    return [
        [
            shown(e.address),
            f'<td class="w">{shown(e.rule)}</td>',
            *(f"<td>{shown(text)}</td>" for text in (e.resource, e.reason, e.compensating_control, e.approved_by)),
            f'<td class="w">{shown(e.expires)}</td>',
            f"<td>{', '.join(_link(one) for one in found)}</td>",
        ]
        for e, found in used.items()
    ]


def _link(entry: Entry) -> str:
    return f'<a href="#record-{entry.sequence}">{entry.sequence}</a>'


def _timelines(entries: Sequence[Entry]) -> Iterator[str]:
    yield '<h2 id="timelines">Timelines</h2>'
    yield '<p class="quiet">Newest first. An entry about several deployments stands in the timeline of each.</p>'
    by_deployment: dict[str, list[Entry]] = {}
    for entry in entries:
        for name in entry.deployments or (ELSE,):
            by_deployment.setdefault(name, []).append(entry)
    measured = {p.key: e.sequence for e in entries if e.kind == "evidence" for p in e.proofs}
    anchored: set[int] = set()
    for name in sorted(by_deployment, key=lambda n: (n == ELSE, n)):
        identity = _section_id(name)
        yield f'<section class="timeline" aria-labelledby="{identity}">'
        yield f'<h3 id="{identity}">{shown(name)}</h3>'
        yield "<ol>"
        for entry in by_deployment[name]:
            is_first = entry.sequence not in anchored
            anchored.add(entry.sequence)
            yield from entry_lines(entry, "" if name == ELSE else name, measured, anchor=is_first)
        yield "</ol>"
        yield "</section>"


def _section_id(name: str) -> str:
    """Return an id for a section: names may hold what an id in a link may not."""
    return "of-" + "".join(c if c.isascii() and c.isalnum() else f"-{ord(c):x}-" for c in name)
