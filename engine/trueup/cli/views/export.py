"""An audit report in the format that is asked for, a line at a time where the format allows it."""

from collections.abc import Iterable, Iterator

from trueup.cli.output import Format, Style
from trueup.cli.views import export_csv, export_html, export_ndjson, export_text
from trueup.ledger.export.entry import Line
from trueup.ledger.export.header import Header


def pieces(header: Header, lines: Iterable[Line], output: Format, style: Style, width: int) -> Iterator[str]:
    """Yield the report in pieces that end where lines do."""
    match output:
        case Format.CSV:
            yield from export_csv.rows(header, lines)
        case Format.NDJSON:
            yield from export_ndjson.lines(header, lines)
        case Format.HTML:
            yield export_html.render(header, lines)
        case _:
            yield from export_text.lines(header, lines, style, width)
