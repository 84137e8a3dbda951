"""A promotion as text, markdown or JSON: the edit, what has to be true for it, the way back, and the plan."""

from collections.abc import Iterator

from trueup.cli.output import Format, Style
from trueup.cli.views.edits import edit_lines
from trueup.cli.views.plan_report import PlanReport, duration_of
from trueup.cli.views.text import wrapped
from trueup.core.digests import Digest, Revision, short
from trueup.core.frozen import dataclass
from trueup.diff.changes import Build, Fetch
from trueup.diff.status import EvidenceStatus
from trueup.plan.promotion import Approvals, Soak, WayBack


@dataclass(frozen=True)
class Landed:
    """What became of a promotion.

    Attributes:
        commit: The commit; empty when nothing was written.
        branch: Branch of the pull request; empty for a commit on the current one.
        url: Page of the pull request; empty while there is none.
        is_new: This run opened it.
        commands: What is left to be run by hand.
        link: The page on which a person opens the pull request.
        superseded: Numbers of pull requests that were closed.
    """

    commit: Revision
    branch: str = ""
    url: str = ""
    is_new: bool = False
    commands: tuple[str, ...] = ()
    link: str = ""
    superseded: tuple[int, ...] = ()


@dataclass(frozen=True)
class PromotionReport:
    """A promotion to show; `names` are (key, now, then), `peak` the most that the rollout takes, in words."""

    deployment: str
    source: str
    target: str
    release: Digest
    path: str
    before: bytes
    after: bytes
    names: tuple[tuple[str, str, str], ...]
    evidence: tuple[EvidenceStatus, ...]
    soak: Soak
    approvals: Approvals
    way_back: WayBack | None
    plan: PlanReport
    peak: str = ""
    landed: Landed | None = None

    @property
    def is_needed(self) -> bool:
        """Whether the file changes."""
        return self.before != self.after

    @property
    def title(self) -> str:
        """The line that stands first."""
        if not self.is_needed:
            return f"Nothing to promote: {self.target} declares release {short(self.release)} already."
        return f"Promote {self.deployment} from {self.source} to {self.target}: release {short(self.release)}"

    @property
    def work(self) -> tuple[str, ...]:
        """What has to be made first."""
        changes = self.plan.saved.plan.changes
        fetches = (f"fetch {c.address.short}" for c in changes if isinstance(c, Fetch))
        builds = (f"build {c.address.short}" for c in changes if isinstance(c, Build))
        return (*fetches, *builds)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and words of what has to be true, and of the way back."""
        yield from ((key, f"{now or 'none'} -> {then or 'none'}") for key, now, then in self.names)
        for one in self.evidence:
            measured = f" ({', '.join(one.measured)})" if one.measured else ""
            yield "evidence", f"{one.evaluation}: {one.state}{measured}"
        if not self.evidence:
            yield "evidence", "none is required"
        yield "served upstream", self._soak()
        yield "approvals", self._approvals()
        yield "to be made", ", ".join(self.work) or "nothing: all is in the store"
        if self.peak:
            yield "at its peak", self.peak
        yield "way back", self._way_back()
        yield "policy", self.plan.verdict

    def _soak(self) -> str:
        if not self.soak.required:
            return "no time is required"
        required = duration_of(round(self.soak.required.total_seconds()))
        left = round(self.soak.left.total_seconds())
        return f"long enough ({required} required)" if not left else f"{duration_of(left)} left of {required}"

    def _approvals(self) -> str:
        needed = self.approvals
        roles = "".join(f", {count} by {role}" for role, count in needed.roles)
        given = f"; given by {', '.join(needed.given)}" if needed.given else ""
        if not needed.required and not roles:
            return f"none required{given}"
        return f"{needed.required} required{roles}{given or '; none given'}"

    def _way_back(self) -> str:
        way = self.way_back
        if way is None:
            return f"none: no release was verified in {self.target} before"
        cached = "its artifacts are in the store" if way.is_cached else "its artifacts are GONE from the store"
        if not way.is_declared:
            return f"release {short(way.release)}, older than what is declared now; {cached}"
        restored = "this edit taken back gives the same bytes" if way.restores_file else "the file would differ"
        return f"release {short(way.release)}; {cached}; {restored}"

    def next_steps(self) -> Iterator[str]:
        """Yield what happened, and what the reader can do now."""
        landed = self.landed
        if landed is None:
            if self.is_needed and not self.plan.is_blocked:
                yield "To promote it: the same command with `--commit` or `--pull-request`."
            return
        if not landed.branch:
            if self.is_needed:
                yield f"Committed as {landed.commit[:12]}. To apply it: trueup apply -e {self.target}"
            return
        if landed.url:
            yield f"{'Opened' if landed.is_new else 'Open already'}: {landed.url}"
        for command in landed.commands:
            yield f"To go on: {command}"
        if landed.link:
            yield f"Then open: {landed.link}"
        for number in landed.superseded:
            yield f"Closed pull request {number}, which this one takes the place of."


def render(report: PromotionReport, output: Format, style: Style, width: int = 100) -> str:
    """Return *report* in the format asked for."""
    match output:
        case Format.TEXT:
            return "\n".join(_text(report, style, width))
        case Format.MARKDOWN:
            from trueup.cli.views.promotion_markdown import markdown

            return markdown(report)
        case _:
            from trueup.cli.views.promotion_json import json_text

            return json_text(report)


def _text(report: PromotionReport, style: Style, width: int) -> Iterator[str]:
    yield style.paint(report.title, "bold")
    if report.is_needed:
        yield ""
        yield from edit_lines(report.path, report.before, report.after, style)
        yield ""
        for name, words in report.facts():
            first, *rest = wrapped(words, width, " " * 19, style)
            yield f"  {name:<15}  {first[19:]}"
            yield from rest
        yield ""
        from trueup.cli.views.plan import render as render_plan

        yield render_plan(report.plan, Format.TEXT, style, width)
    yield from report.next_steps()
