"""Resource ids and the addresses that people type for them."""

import re

from trueup.core.frozen import dataclass

_ADDRESS = re.compile(
    r"^(?P<kind>[A-Z][A-Za-z]*)/(?:(?P<environment>[^/@\s]+)/)?(?P<name>[^/@\s]+)(?:@(?P<version>[^/@\s]+))?$"
)

RULE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}){0,15}$"
"""Id of a policy rule, `SC-01`, or `package/rule` for one that names none."""
RESERVED_RULES = "TU-"
"""What ids of rules begin with that trueup judges itself."""
RULE_SET_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
"""Name of a set of policy rules, `supply-chain`."""
GLOB_PATTERN = r"^[A-Z*?][A-Za-z*?]*/[^\s]+$"
"""Glob of addresses, `Deployment/prod/*`."""


@dataclass(frozen=True, slots=True, order=True)
class ResourceId:
    """What tells one resource from another.

    Versioned kinds have a version; a Deployment belongs to an environment, so that one name can move through
    several of them. Absent parts are empty, which keeps ids sortable.
    """

    kind: str
    name: str
    version: str = ""
    environment: str = ""

    def __str__(self) -> str:
        scope = f"{self.environment}/" if self.environment else ""
        suffix = f"@{self.version}" if self.version else ""
        return f"{self.kind}/{scope}{self.name}{suffix}"

    @property
    def short(self) -> str:
        """The address without its kind: `support@2`."""
        return str(self).split("/", 1)[1]


def parse_address(text: str) -> ResourceId | None:
    """Read `Kind/name`, `Kind/name@version` or `Kind/environment/name`; None when it is none of them."""
    match = _ADDRESS.match(text)
    if match is None:
        return None
    parts = match.groupdict(default="")
    return ResourceId(parts["kind"], parts["name"], parts["version"], parts["environment"])


def is_reserved(rule: str) -> bool:
    """Tell whether the id *rule* is kept for what trueup judges itself, in whatever case it is written."""
    return rule.upper().startswith(RESERVED_RULES)
