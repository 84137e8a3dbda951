"""An audit report in a few lines: what an export would hold, and what it stands on."""

from collections import Counter
from collections.abc import Iterable, Iterator

from trueup.cli.output import Style
from trueup.cli.views import export_words as words
from trueup.cli.views.text import visible, wrapped
from trueup.ledger.export.entry import Broken, Entry, Line
from trueup.ledger.export.header import Header


def lines(header: Header, found: Iterable[Line], style: Style, width: int) -> Iterator[str]:
    """Yield the lines."""
    colour = "green" if header.ledger.is_sound else "red"
    yield from wrapped(words.verdict(header.ledger), width, "", style, "bold", colour)
    if header.ledger.hint:
        yield from wrapped(f"hint: {header.ledger.hint}", width, "", style, "cyan")
    kinds: Counter[str] = Counter()
    deployments: Counter[str] = Counter()
    broken = ""
    for line in found:
        match line:
            case Entry():
                kinds[f"{line.kind} {line.outcome}"] += 1
                deployments.update(line.deployments)
            case Broken(detail):
                broken = detail
    yield f"{sum(kinds.values())} of them were asked for ({visible(words.scope_line(header))})"
    for counts in (kinds, deployments):
        yield from (f"  {number:>7}  {visible(name)}" for name, number in sorted(counts.items()))
    if broken:
        yield from wrapped(f"They end early: {broken}", width, "", style, "red")
    yield from wrapped("`-o html`, `-o csv` or `-o ndjson` writes them, `--output-file FORMAT=PATH` to a file.", width)
