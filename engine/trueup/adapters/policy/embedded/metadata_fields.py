"""The fields of METADATA that trueup reads: what each must be, and how it is read.

Other fields are the author's own: OPA leaves `custom` free. One whose name is nearly that of a known field, or that
stands outside `custom` and belongs into it, is told.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trueup.core.ids import RESERVED_RULES, RULE_PATTERN, RULE_SET_PATTERN, is_reserved
from trueup.core.suggestions import did_you_mean
from trueup.policy.enforcement import SEVERITIES, day_of

Complaint = tuple[tuple[str, ...], str, bool]
"""Path of the field, what is wrong with it, and whether it is only a warning."""

_OPA = ("scope", "title", "description", "related_resources", "authors", "organizations", "schemas", "entrypoint")
"""What OPA reads besides `custom`."""


def complaints(fields: Mapping[str, Any]) -> Iterator[Complaint]:
    """Yield what is wrong with the fields of one block, in their order."""
    custom = fields.get("custom")
    if custom is not None and not isinstance(custom, dict):
        yield ("custom",), "`custom` is not a mapping.", False
        custom = None
    for path, known in (((), _TOP), (("custom",), _CUSTOM)):
        for name, value in ((custom or {}) if path else fields).items():
            check = known.get(str(name))
            wrong = check(value) if check and value is not None else ""
            if wrong:
                yield (*path, str(name)), f"`{name}` {wrong}.", False
            elif not check and (hint := _stray(str(name), inside=bool(path))):
                yield (*path, str(name)), f"Nothing reads `{name}`: {hint}", True


def text_of(value: Any) -> str:
    """Return a text without the spaces around it; empty for an absent one."""
    return str(value).strip() if value is not None else ""


def texts_of(value: Any) -> tuple[str, ...]:
    """Return a list of texts; empty for an absent one."""
    return tuple(value or ())


def _stray(name: str, *, inside: bool) -> str:
    if not inside and name in _CUSTOM:
        return "it belongs below `custom`."
    if name in ("custom", *_OPA):
        return ""
    return did_you_mean(name, _CUSTOM if inside else [*_OPA, "custom"])


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "is not a text"


def _texts(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ""
    return f"is not a list of texts; write [{value}]" if isinstance(value, str) else "is not a list of texts"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "is neither true nor false"


def _day(value: Any) -> str:
    return "" if isinstance(value, str) and day_of(value) else "is not a day such as 2027-12-02"


def _severity(value: Any) -> str:
    return "" if value in SEVERITIES else f"is not one of {', '.join(SEVERITIES)}"


def _id(value: Any) -> str:
    if isinstance(value, str) and is_reserved(value):
        return f"begins with `{RESERVED_RULES}`, which is kept for what trueup judges itself"
    return _spelled(RULE_PATTERN, "an id that settings and exceptions can name, such as SC-01")(value)


def _spelled(pattern: str, words: str) -> Callable[[Any], str]:
    spelling = re.compile(pattern)
    return lambda value: "" if isinstance(value, str) and spelling.match(value) else f"is not {words}"


_Check = Callable[[Any], str]
_TOP: Mapping[str, _Check] = {"title": _text, "description": _text}
_CUSTOM: Mapping[str, _Check] = {
    "id": _id,
    "ruleSet": _spelled(RULE_SET_PATTERN, "the name of a rule set, such as supply-chain"),
    "severity": _severity,
    "controls": _texts,
    "jurisdictions": _texts,
    "roles": _texts,
    "effectiveFrom": _day,
    "lastReviewed": _day,
    "waivable": _flag,
    "remediation": _text,
}
