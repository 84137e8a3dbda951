"""What became of the bundles that were to be fetched."""

import json
from collections.abc import Sequence

from trueup.cli.output import Format, Style
from trueup.cli.views.text import visible
from trueup.core.errors import TrueupError
from trueup.core.json import Json
from trueup.spec.bundles import BundlePin

FORMAT_VERSION = "1.0"

Row = tuple[BundlePin, int, TrueupError | None]
"""A bundle, the files that were fetched (0 when it was here), and why it cannot be had."""


def render(rows: Sequence[Row], output: Format, style: Style) -> str:
    """Return a line for each bundle, and how to go on for one that failed."""
    if output is not Format.TEXT:
        document: Json = {"format_version": FORMAT_VERSION, "bundles": [_json(*row) for row in rows]}
        return json.dumps(document, indent=2, ensure_ascii=False)
    if not rows:
        return "The project names no bundle from elsewhere."
    lines = []
    for pin, files, problem in rows:
        said = f"{files} files" if files else "here already"
        mark = style.paint("failed ", "bold", "red") if problem else style.paint("ok     ", "green")
        lines.append(f"{mark} {visible(pin.name)}  {visible(pin.source)}  {'' if problem else said}".rstrip())
        if problem:
            lines += [f"        {visible(str(problem))}", f"        {visible(problem.hint or problem.code.remedy)}"]
    return "\n".join(lines)


def _json(pin: BundlePin, files: int, problem: TrueupError | None) -> Json:
    return {
        "name": pin.name,
        "source": pin.source,
        "revision": pin.revision,
        "digest": pin.digest,
        "files": files,
        "problem": str(problem) if problem else "",
    }
