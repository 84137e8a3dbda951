"""A checked Build as text, markdown or JSON: what was found, and the fit table."""

import json
from collections.abc import Iterator, Mapping

from trueup.builds.findings import Level
from trueup.builds.fit import Fit, short_tokens
from trueup.builds.memory import size_in_words
from trueup.builds.report import BuildReport, Placed
from trueup.cli.output import Format, Style
from trueup.cli.views.diagnostics import DiagnosticsText
from trueup.cli.views.markup import cell, code, prose, table
from trueup.cli.views.plan_json import span_json
from trueup.cli.views.text import wrapped
from trueup.core.diagnostics import Diagnostic, Severity, Span
from trueup.core.json import Json
from trueup.core.json_schema import (
    COUNT,
    FLAG,
    FORMAT_1,
    TEXT,
    list_of,
    nullable,
    object_of,
    published,
    said,
)

FORMAT_VERSION = "1.0"
_HEAD = ("accelerator", "needs", "weights", "KV a token", "activations", "free for KV", "longest")
_SEVERITIES = {Level.ERROR: Severity.ERROR, Level.WARNING: Severity.WARNING}
_NOTES = ((Level.UNKNOWN, "Not known"), (Level.INFO, "Good to know"))


def render(report: BuildReport, lines: Mapping[Span, str], output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for; *lines* are the source lines of its places, for text."""
    match output:
        case Format.MARKDOWN:
            return "\n".join(_markdown(report))
        case Format.JSON:
            return json.dumps(to_json(report), indent=2, ensure_ascii=False)
        case _:
            return "\n".join(_text(report, lines, style, width))


def diagnostics(report: BuildReport) -> tuple[Diagnostic, ...]:
    """Return the errors and warnings as what other views show."""
    return tuple(_diagnostic(p) for p in report.findings if p.finding.level in _SEVERITIES)


def _diagnostic(placed: Placed) -> Diagnostic:
    finding = placed.finding
    return Diagnostic(finding.code, finding.detail, placed.span, finding.advice, _SEVERITIES[finding.level])


def summary(report: BuildReport) -> str:
    """Return the line that says it all."""
    counts = [sum(p.finding.level is level for p in report.findings) for level in Level]
    errors, warnings, _, unknown = counts
    verdict = "refused" if errors else "nothing known against it"
    parts = [f"{errors} errors" if errors != 1 else "1 error", f"{warnings} warnings" if warnings != 1 else "1 warning"]
    parts += [f"{unknown} not known"] if unknown else []
    return f"{report.build} of {report.model}: {verdict} ({', '.join(parts)})."


def _about(report: BuildReport) -> str:
    users = f", for {', '.join(report.deployments)}" if report.deployments else ", which no deployment uses yet"
    return f"{report.build} (mode {report.mode}) of {report.model}{users}"


def _text(report: BuildReport, lines: Mapping[Span, str], style: Style, width: int) -> Iterator[str]:
    yield from wrapped(_about(report), width, "", style, "bold")
    shown = DiagnosticsText(style, width)
    for diagnostic in diagnostics(report):
        yield ""
        yield from shown.one(diagnostic, lines.get(diagnostic.span) if diagnostic.span else None)
    for level, title in _NOTES:
        noted = [p for p in report.findings if p.finding.level is level]
        if noted:
            yield from ("", style.paint(title, "bold", "cyan"))
        for placed in noted:
            place = f"{placed.span}: " if placed.span else ""
            yield from wrapped(f"{place}{placed.finding.code.id} {placed.finding.detail}", width, "  ", style)
            yield from wrapped(f"hint: {placed.finding.advice}", width, "    ", style, "cyan")
    yield from ("", style.paint("Fit", "bold", "cyan"))
    yield from _fit_lines(report, style, width)
    yield from ("", style.paint(summary(report), "bold", "red" if report.is_refused else "green"))


def _fit_lines(report: BuildReport, style: Style, width: int) -> Iterator[str]:
    if report.untold:
        yield from wrapped(f"no table: {report.untold}", width, "  ", style)
        return
    rows = [_cells(fit) for fit in report.table]
    widths = [max(len(row[i]) for row in (_HEAD, *rows)) for i in range(len(_HEAD))]
    yield style.paint("  " + _padded(_HEAD, widths), "dim")
    for row, fit in zip(rows, report.table, strict=True):
        yield "  " + _padded(row, widths)
        colour = "red" if not fit.fits else "yellow" if fit.doubt else "green"
        yield from wrapped(fit.verdict, width, "    ", style, colour)
    yield from wrapped(_NOTE.format(origin=report.sizes_from), width, "  ", style, "dim")


_NOTE = (
    "Of one rank, the fullest; estimates by TensorRT-LLM's layout. Sizes of the network are from {origin}; memory of "
    "accelerators is what programs mostly see."
)


def _padded(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *rest = (f"{c:<{w}}" if i == 0 else f"{c:>{w}}" for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
    return "  ".join([first, *rest]).rstrip()


def _cells(fit: Fit) -> tuple[str, ...]:
    memory = fit.memory
    return (
        fit.product.name,
        f"{fit.cut.world}x",
        size_in_words(memory.weights),
        f"{memory.bytes_per_token / 1024:.1f} KiB",
        size_in_words(memory.activations),
        size_in_words(fit.pool),
        short_tokens(fit.longest),
    )


def _markdown(report: BuildReport) -> Iterator[str]:
    yield f"**{prose(summary(report))}**"
    yield ""
    for placed in report.findings:
        finding = placed.finding
        place = f"{code(str(placed.span))}: " if placed.span else ""
        title = f" {prose(finding.code.summary)}." if finding.level in _SEVERITIES else ""
        yield (
            f"- {place}{finding.level.value} **{finding.code.id}**{title} {prose(finding.detail)} "
            f"Hint: {prose(finding.advice)}"
        )
    yield ""
    if report.untold:
        yield f"No fit table: {prose(report.untold)}."
        return
    yield from table((*_HEAD, "verdict"), [[*map(cell, _cells(f)), prose(f.verdict)] for f in report.table])
    yield from ("", prose(_NOTE.format(origin=report.sizes_from)))


def to_json(report: BuildReport) -> dict[str, Json]:
    """Return *report* as JSON, bytes as whole numbers."""
    return {
        "format_version": FORMAT_VERSION,
        "build": report.build,
        "mode": report.mode,
        "model": report.model,
        "deployments": list(report.deployments),
        "sizes_from": report.sizes_from,
        "refused": report.is_refused,
        "findings": [
            {**p.finding.to_json(), "address": p.address, "path": list(p.finding.path), "span": span_json(p.span)}
            for p in report.findings
        ],
        "fit": [_fit_json(f) for f in report.table],
        "untold": report.untold,
    }


def _fit_json(fit: Fit) -> dict[str, Json]:
    memory = fit.memory
    return {
        "accelerator": fit.product.label,
        "name": fit.product.name,
        "count": fit.cut.world,
        "tensor": fit.cut.tensor,
        "pipeline": fit.cut.pipeline,
        "memory_mib": fit.product.memory_mib,
        "weights_bytes": memory.weights,
        "activations_bytes": memory.activations,
        "logits_bytes": memory.logits,
        "fixed_bytes": memory.fixed,
        "bytes_per_token": memory.bytes_per_token,
        "cache_bytes": fit.pool,
        "cache_tokens": fit.tokens,
        "context": fit.context,
        "sequences": fit.sequences,
        "longest": fit.longest,
        "fits": fit.fits,
        "verdict": fit.verdict,
        "doubt": fit.doubt,
    }


def build_check_schema() -> dict[str, Json]:
    """Return the schema of `build --check`."""
    span = object_of({"path": TEXT, "line": said(COUNT, "from 1; 0 is the whole file"), "column": COUNT})
    finding = object_of(
        {
            "code": said({"type": "string", "pattern": "^[A-Z]+[0-9]{3}$"}, "as in the list of errors"),
            "level": {"enum": [level.value for level in Level]},
            **dict.fromkeys(("summary", "detail", "hint", "address"), TEXT),
            "path": {"type": "array", "items": {"type": ["string", "integer"]}},
            "span": nullable(span),
        }
    )
    numbers = ("count", "tensor", "pipeline", "memory_mib", "weights_bytes", "activations_bytes", "logits_bytes")
    fit = object_of(
        {
            "accelerator": said(TEXT, "label of its nodes"),
            "name": TEXT,
            **dict.fromkeys((*numbers, "fixed_bytes"), COUNT),
            "bytes_per_token": said(COUNT, "of the cache, in one rank"),
            "cache_bytes": said(COUNT, "left for the cache"),
            "cache_tokens": COUNT,
            "context": said(COUNT, "tokens of the sequences that are counted"),
            "sequences": said(COUNT, "that fit at once"),
            "longest": said(COUNT, "tokens that one sequence can have"),
            "fits": FLAG,
            "verdict": TEXT,
            "doubt": said(TEXT, "why it may not compute with the formats; empty when nothing is known against it"),
        }
    )
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        **dict.fromkeys(("build", "mode", "model"), TEXT),
        "deployments": said(list_of(TEXT), "that use both"),
        "sizes_from": said(TEXT, "where the sizes of the network were read; empty when they are not known"),
        "refused": FLAG,
        "findings": said(list_of(finding), "errors first"),
        "fit": list_of(fit),
        "untold": said(TEXT, "why there is no table; empty when there is one"),
    }
    return published("trueup build check", object_of(document))
