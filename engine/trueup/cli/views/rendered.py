"""What was rendered, as text and as JSON."""

import json

from trueup.cli.output import PLAIN, Format, Style
from trueup.cli.views.text import visible
from trueup.core.digests import short
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.core.json_schema import DIGEST, FORMAT_1, TEXT, list_of, object_of, published, said

FORMAT_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class RenderedReport:
    """What is told of a run; paths are those in the folder."""

    environment: str
    revision: str
    digest: str
    folder: str
    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


def render(report: RenderedReport, output: Format, style: Style = PLAIN) -> str:
    """Return *report* in the format asked for."""
    if output is Format.JSON:
        return json.dumps(document(report), indent=2, ensure_ascii=False)
    where = short(report.revision) if report.revision else "the work tree, with uncommitted changes"
    lines = [style.paint(f"rendered {report.environment} at {where} to {visible(report.folder)}", "bold")]
    lines += [f"+ write {visible(path)}" for path in report.written]
    lines += [f"- remove {visible(path)}" for path in report.removed]
    count = len(report.unchanged)
    return "\n".join([*lines, f"{count} {'file' if count == 1 else 'files'} unchanged"])


def document(report: RenderedReport) -> dict[str, Json]:
    """Return *report* as JSON."""
    return {
        "format_version": FORMAT_VERSION,
        "environment": report.environment,
        "revision": report.revision,
        "digest": report.digest,
        "folder": report.folder,
        "written": list(report.written),
        "removed": list(report.removed),
        "unchanged": list(report.unchanged),
    }


def rendered_schema() -> dict[str, Json]:
    """Return the schema of `render`."""
    fields: dict[str, Json] = {
        "format_version": FORMAT_1,
        "environment": TEXT,
        "revision": said(TEXT, "commit that was read; empty for a work tree with uncommitted changes"),
        "digest": said(DIGEST, "of the desired state"),
        "folder": TEXT,
        **{name: said(list_of(TEXT), "paths in the folder") for name in ("written", "removed", "unchanged")},
    }
    return published("trueup render", object_of(fields))
