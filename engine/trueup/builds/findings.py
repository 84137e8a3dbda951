"""What a check before a build found: a value with a stable code, where it points, and what to do."""

from collections.abc import Iterable
from enum import StrEnum

from trueup.core.diagnostics import Code
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.spec.resource import Path


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "not known"


class About(StrEnum):
    """Whose declaration a finding is about: the kind of the resource."""

    BUILD = "Build"
    MODEL = "Model"
    DEPLOYMENT = "Deployment"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, or that could not be found out.

    Attributes:
        code: Its code, with what helps with every problem of it.
        level: An error stops the build; what is not known neither passes nor stops it.
        detail: What is wrong here, and why.
        hint: What to do; empty means the code's own remedy.
        about: Whose declaration it is about.
        path: The field there.
    """

    code: Code
    level: Level
    detail: str
    hint: str = ""
    about: About = About.BUILD
    path: Path = ("spec",)

    @property
    def advice(self) -> str:
        """What to do."""
        return self.hint or self.code.remedy

    def to_json(self) -> dict[str, Json]:
        """Return the finding as JSON, without where it stands."""
        return {
            "code": self.code.id,
            "level": self.level.value,
            "summary": self.code.summary,
            "detail": self.detail,
            "hint": self.advice,
        }


_ORDER = tuple(Level)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings*, each once, errors first, then by code."""
    return tuple(sorted(set(findings), key=lambda f: (_ORDER.index(f.level), f.code.id, f.about, f.detail)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any of *findings* stops the build."""
    return any(f.level is Level.ERROR for f in findings)
