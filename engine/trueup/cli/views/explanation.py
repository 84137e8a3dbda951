"""An explanation as text, markdown or JSON."""

import json

from trueup.cli.output import Format, Style
from trueup.cli.views.markup import prose
from trueup.cli.views.text import person, visible, wrapped, wrapped_pieces
from trueup.plan.explanation import Explanation


def render(value: Explanation, output: Format, style: Style, width: int = 100) -> str:
    """Return *value* in the format asked for."""
    match output:
        case Format.TEXT:
            lines = wrapped(value.summary, width, "", style, "bold")
            for section in value.sections:
                lines += ["", style.paint(section.title, "bold", "cyan")]
                for line in section.lines:
                    lines += wrapped_pieces([(visible(person(line)), ())], width, "  ", style, "    ")
            return "\n".join(lines)
        case Format.MARKDOWN:
            lines = [f"**{prose(value.summary)}**"]
            for section in value.sections:
                lines += ["", f"### {section.title}", "", *(f"- {prose(line)}" for line in section.lines)]
            return "\n".join(lines)
        case _:
            return json.dumps(value.to_json(), indent=2, ensure_ascii=False)
