"""A plan as one comment on a pull request: the verdict first, what deletes or reaches people outside any fold."""

from collections.abc import Iterator

from trueup.cli.views.fitting import Group, fit
from trueup.cli.views.markup import code, marker, prose
from trueup.cli.views.plan_parts import changes, costs, critical, details
from trueup.cli.views.plan_report import PlanReport
from trueup.core.digests import short

LARGEST_COMMENT_BYTES = 60_000
"""GitHub refuses comments above 65,536 characters; the rest is for what a workflow adds around it."""


class PlanMarkdown:
    """Markdown for a comment, with a size that a forge accepts."""

    def render(self, report: PlanReport) -> str:
        """Return the comment; details that do not fit are left out, and it says how many."""
        head = "\n".join([marker("plan", report.saved.environment.name, "v1"), *_head(report)])
        tail = "\n".join(["", *_tail(report)])
        # The note's own length and line ends are below 200 bytes.
        room = LARGEST_COMMENT_BYTES - len(head.encode()) - len(tail.encode()) - 200
        above = [*costs(report), *critical([report])]
        groups = [Group(above, fair=True), Group([*changes(report)]), Group([*details(report)])]
        fitted = fit(groups, room)
        note = (
            [f"\n{fitted.cut} more sections do not fit into a comment; the plan file has them."] if fitted.cut else []
        )
        return "\n".join([head, *fitted.lines, *note, tail])


def _head(report: PlanReport) -> Iterator[str]:
    icon = {"allowed": "\u2705", "not judged": "\u2754"}.get(report.verdict, "\u26d4")
    yield f"### {icon} {prose(report.title)}: {prose(report.verdict)}"
    yield from ("", f"**{prose(report.summary)}**", "")
    about = f"Environment {code(report.saved.environment.name)} ({prose(report.saved.environment.tier)})"
    yield f"{about}, revision {code(report.revision)}, plan {code(short(report.saved.plan.id))}."


def _tail(report: PlanReport) -> Iterator[str]:
    yield f"**{prose(report.summary)}**"
    for step in report.next_steps():
        yield from ("", prose(step))
