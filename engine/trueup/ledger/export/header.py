"""What an audit report stands on: when it was made, of what, and whether the ledger verified."""

from collections.abc import Iterator
from datetime import datetime

from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.ledger.audit import AuditVerification
from trueup.ledger.filters import Filter


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a report.

    Attributes:
        project: Name of the project.
        tool: Name and version of this tool.
        made_at: When the report was made.
        wanted: Which records were asked for.
        deployment: The deployment that was asked for; empty for all.
        ledger: How verification of the whole ledger ended.
    """

    project: str
    tool: str
    made_at: datetime
    wanted: Filter
    deployment: str
    ledger: AuditVerification

    @property
    def scope(self) -> tuple[tuple[str, str], ...]:
        """What was asked for, by name; nothing where everything was."""
        return tuple((name, said) for name, said in self._asked() if said)

    def _asked(self) -> Iterator[tuple[str, str]]:
        wanted = self.wanted
        yield "environment", wanted.environment
        yield "deployment", self.deployment
        yield "since", wanted.since.isoformat() if wanted.since else ""
        yield "until", wanted.until.isoformat() if wanted.until else ""
        yield "kinds", ", ".join(k.value for k in wanted.kinds)

    def to_json(self) -> dict[str, Json]:
        """Return the head as JSON, without the problems of the ledger."""
        newest = self.ledger.newest
        return {
            "project": self.project,
            "tool": self.tool,
            "made_at": self.made_at.isoformat(),
            "scope": dict(self.scope),
            "ledger": {
                "sound": self.ledger.is_sound,
                "count": self.ledger.count,
                "head": newest.digest if newest else "",
                "sequence": newest.sequence if newest else 0,
                "commit": newest.commit if newest else "",
                "problems": [{"code": p.code.id, "detail": p.detail} for p in self.ledger.all_problems],
            },
        }
