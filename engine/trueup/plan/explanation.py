"""An explanation: why a resource is in the state it is in, from which commit, and what would move it."""

from trueup.core.frozen import dataclass
from trueup.core.json import Json


@dataclass(frozen=True, slots=True)
class Section:
    """One question and the lines that answer it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about one address."""

    address: str
    summary: str
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON, `format_version` 1.0."""
        return {
            "format_version": "1.0",
            "address": self.address,
            "summary": self.summary,
            "sections": [{"title": s.title, "lines": list(s.lines)} for s in self.sections],
        }
