"""The lines that diagnostics point at, to be shown below them."""

from collections.abc import Iterable, Mapping

from trueup.core.diagnostics import Diagnostic, Span
from trueup.ports import SourceTree

_MOST = 500
"""Diagnostics whose line is looked up; nobody reads more, and each file is read again for it."""


def source_lines(tree: SourceTree, diagnostics: Iterable[Diagnostic]) -> Mapping[Span, str]:
    """Return the line of each span, as far as it can be read; ends of lines as YAML counts them."""
    spans = [d.span for d in diagnostics if d.span is not None and d.span.line][:_MOST]
    lines: dict[Span, str] = {}
    for path in sorted({span.path for span in spans}):
        content = tree.read(path)
        if isinstance(content, Diagnostic):
            continue
        text = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines.update({s: text[s.line - 1] for s in spans if s.path == path and s.line <= len(text)})
    return lines
