"""A built Build as text, markdown or JSON: where it lies, which bytes it has, what a comparison said."""

import json
from collections.abc import Iterator

from trueup.builds.result import BuildResult, Came
from trueup.cli.output import Format, Style
from trueup.cli.views.build_check import diagnostics
from trueup.cli.views.markup import cell, prose, table
from trueup.core.diagnostics import Diagnostic
from trueup.core.json import Json
from trueup.core.json_schema import COUNT, DIGEST, FLAG, FORMAT_1, TEXT, list_of, object_of, published, said

FORMAT_VERSION = "1.0"

_CAME = {
    Came.BUILT: "built in {seconds:.1f} s",
    Came.THERE: "was in the store",
    Came.TAKEN: "came to the store, and this run did not have to build it",
}


def render(result: BuildResult, output: Format, style: Style) -> str:
    """Return *result* in the format asked for."""
    match output:
        case Format.JSON:
            return json.dumps(to_json(result), indent=2, ensure_ascii=False)
        case Format.MARKDOWN:
            rows = table(("", ""), [[cell(name), cell(value)] for name, value in _facts(result)])
            return "\n".join((f"**{prose(summary(result))}**", "", *rows))
        case _:
            return "\n".join(_text(result, style))


def summary(result: BuildResult) -> str:
    """Return the line that says it all."""
    if result.refused:
        verdict = f"refused, {'; '.join(result.refused)}"
    else:
        verdict = _CAME[result.came].format(seconds=result.took.total_seconds())
    return f"{result.build} of {result.model}: {verdict}."


def _text(result: BuildResult, style: Style) -> Iterator[str]:
    for name, value in _facts(result):
        yield f"  {style.paint(f'{name:<7}', 'dim')} {value}"
    yield style.paint(summary(result), "bold", "red" if result.refused else "green")


def _facts(result: BuildResult) -> Iterator[tuple[str, str]]:
    count = "1 file" if result.files == 1 else f"{result.files} files"
    yield "mode", result.mode
    yield "key", result.key
    yield "digest", f"{result.digest} ({count}, {result.size_bytes:,} bytes)"
    yield "path", result.path
    if result.parity:
        yield "parity", result.parity
    if result.simulated:
        yield "note", "a double of the toolchain made it: no policy lets it serve"


def to_json(result: BuildResult) -> dict[str, Json]:
    """Return *result* as JSON."""
    return {
        "format_version": FORMAT_VERSION,
        "build": result.build,
        "mode": result.mode,
        "model": result.model,
        "key": result.key,
        "digest": result.digest,
        "files": result.files,
        "size_bytes": result.size_bytes,
        "path": result.path,
        "cached": result.cached,
        "came": result.came.value,
        "seconds": round(result.took.total_seconds(), 3),
        "simulated": result.simulated,
        "parity": result.parity,
        "refused": list(result.refused),
        "measured": dict(result.measured),
        "warnings": [_warning(d) for d in _warnings(result)],
    }


def _warnings(result: BuildResult) -> tuple[Diagnostic, ...]:
    return diagnostics(result.checked) if result.checked else ()


def _warning(diagnostic: Diagnostic) -> dict[str, Json]:
    return {"code": diagnostic.code.id, "detail": diagnostic.detail, "hint": diagnostic.advice}


def built_schema() -> dict[str, Json]:
    """Return the schema of `build`."""
    document: dict[str, Json] = {
        "format_version": FORMAT_1,
        **dict.fromkeys(("build", "mode", "model"), TEXT),
        "key": said(DIGEST, "of what decides the bytes; where the store has it"),
        "digest": said(DIGEST, "of the bytes"),
        "files": COUNT,
        "size_bytes": COUNT,
        "path": TEXT,
        "cached": said(FLAG, "this run did not have to build it"),
        "came": said({"enum": [c.value for c in Came]}, "taken: from another run, a shared store, or its source"),
        "seconds": said({"type": "number", "minimum": 0}, "that it was built; 0 when it was not by this run"),
        "simulated": said(FLAG, "a double of the toolchain made it"),
        "parity": said(TEXT, "what a comparison with the source measured; empty without one"),
        "refused": said(list_of(TEXT), "declared bounds that do not hold"),
        "measured": said({"type": "object", "additionalProperties": {"type": "number"}}, "by name: kl, top1, ..."),
        "warnings": said(list_of(object_of({"code": TEXT, "detail": TEXT, "hint": TEXT})), "of the check before"),
    }
    return published("trueup build", object_of(document))
