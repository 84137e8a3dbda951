"""A built Build as text, markdown or JSON: where it lies, which bytes it has, what a comparison said."""

import json
from collections.abc import Iterator

from trueup.builds.result import BuildResult
from trueup.cli.output import Format, Style
from trueup.cli.views.markup import cell, prose, table
from trueup.core.json import Json
from trueup.core.json_schema import COUNT, DIGEST, FLAG, FORMAT_1, TEXT, list_of, object_of, published, said

FORMAT_VERSION = "1.0"


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
        verdict = "was in the store" if result.cached else f"built in {result.took.total_seconds():.1f} s"
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
        "seconds": round(result.took.total_seconds(), 3),
        "simulated": result.simulated,
        "parity": result.parity,
        "refused": list(result.refused),
        "measured": dict(result.measured),
    }


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
        "cached": said(FLAG, "it was in the store"),
        "seconds": said({"type": "number", "minimum": 0}, "that it was built; 0 when it was in the store"),
        "simulated": said(FLAG, "a double of the toolchain made it"),
        "parity": said(TEXT, "what a comparison with the source measured; empty without one"),
        "refused": said(list_of(TEXT), "declared bounds that do not hold"),
        "measured": said({"type": "object", "additionalProperties": {"type": "number"}}, "by name: kl, top1, ..."),
    }
    return published("trueup build", object_of(document))
