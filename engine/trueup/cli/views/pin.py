"""What `pin` found and changes: a line for each source, and the edits as a unified diff."""

import json

from trueup.cli.output import Format, Style
from trueup.cli.views.edits import edit_lines
from trueup.core.digests import short
from trueup.core.json import Json

Pin = dict[str, Json]
"""One source, as `SourcePin.to_json` gives it."""


def render_pins(
    pins: list[Pin], edits: list[tuple[str, bytes, bytes]], output: Format, style: Style, *, written: bool
) -> str:
    """Return the report; *written* says whether the edits are in the files by now."""
    if output is Format.JSON:
        document: dict[str, Json] = {"format_version": "1.0", "written": written, "sources": list(pins)}
        return json.dumps(document, indent=2, ensure_ascii=False)
    lines = [_line(pin, style) for pin in pins]
    for edit in edits:
        lines += edit_lines(*edit, style)
    return "\n".join(lines)


def _line(pin: Pin, style: Style) -> str:
    files = pin["files"]
    count = "1 file" if files == 1 else f"{files} files"
    revision = f"revision {str(pin['revision'])[:19]}, " if pin["revision"] else ""
    state = "changes" if pin["changes"] else "is pinned"
    found = f"{revision}{short(str(pin['digest']))}, {count}, {pin['size_bytes']:,} bytes"
    mark = style.paint("~" if pin["changes"] else "=", "yellow" if pin["changes"] else "green")
    return f"{mark} {pin['address']} {state}: {pin['uri']} has {found}"
