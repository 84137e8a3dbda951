"""How values are spelled in YAML: names, versions, references, digests, durations, quantities, URIs, secrets.

Each spelling is a pattern that JSON Schema publishes as it is, with words for people. What a pattern cannot say
(a path that leaves the repository, a secret in place of a reference) is a function that raises `refused`.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError

from trueup.core.digests import DIGEST_PATTERN
from trueup.core.durations import DURATION_PATTERN, duration_text, parse_duration
from trueup.core.frozen import dataclass
from trueup.core.ids import RULE_PATTERN, RULE_SET_PATTERN

_Item = TypeVar("_Item")

Items = Annotated[tuple[_Item, ...], Strict(False)]
"""A YAML list, kept as a tuple; only the container is lax, its items stay strict."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """A pattern, what it means in words, and one example."""

    pattern: str
    words: str
    example: str


SPELLINGS: dict[str, Spelling] = {}
"""Every spelling by its pattern, so that a mismatch can be told in words."""


def _spelling(pattern: str, words: str, example: str) -> Spelling:
    found = Spelling(pattern, words, example)
    SPELLINGS[pattern] = found
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a field that names another resource of *kind*."""

    kind: str

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Say in the published schema what is named."""
        return {**handler(core_schema), "x-names": self.kind}


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a field whose value must never be shown."""


def refused(detail: str, hint: str = "", *, kind: str = "spelling") -> PydanticCustomError:
    """Return the error that a validator raises: our own words, carried through pydantic unchanged.

    Args:
        detail: What is wrong, a sentence; of a `spelling`, what the value should have been ("a duration").
        hint: What to do about it.
        kind: `spelling`, `escape`, `secret`, `version` or `rule`; each has its code.
    """
    return PydanticCustomError(f"trueup_{kind}", "{detail}", {"detail": detail, "hint": hint})


def refused_all(problems: Sequence[tuple[tuple[str | int, ...], str, str]]) -> None:
    """Raise all of *problems* at once, each a `rule` at its own place below what is validated; nothing when none is.

    Args:
        problems: Place (keys as in YAML), what is wrong, what to do.
    """
    if problems:
        raise ValidationError.from_exception_data(
            "trueup",
            [
                InitErrorDetails(type=refused(detail, hint, kind="rule"), loc=place, input=None)
                for place, detail, hint in problems
            ],
        )


_NAME = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}"

NAME = _spelling(
    rf"^{_NAME}$",
    "a name: lower-case letters, digits, `-` and `.`, starting and ending with a letter or digit, at most 63",
    "support-assistant",
)
VERSION = _spelling(
    rf"^{_VERSION}$", "a version: letters, digits, `.`, `_`, `+` and `-`, at most 63, as text", '"1.10"'
)
VERSIONED = _spelling(rf"^{_NAME}@{_VERSION}$", "a reference `name@version`", "tiny@1")
DIGEST = _spelling(DIGEST_PATTERN, "a digest: `sha256:` and 64 hexadecimal digits", "sha256:9f86d08…")
LANGUAGE = _spelling(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "a language tag (BCP 47)", "en")
IDENTIFIER = _spelling(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$", "an identifier: letters, digits and `_`", "customer_name")
RUNTIME = _spelling(r"^[a-z0-9][a-z0-9._-]{0,62}$", "the name of a runtime", "llama.cpp")
RULE = _spelling(
    RULE_PATTERN,
    "a rule id (`package/rule` for one that names none)",
    "SC-01",
)
RULE_SET = _spelling(RULE_SET_PATTERN, "a rule set", "supply-chain")
PERCENTILE = _spelling(r"^p[0-9]{2}(\.[0-9])?$", "a percentile", "p95")
CURRENCY = _spelling(r"^[A-Z]{3}$", "a currency code (ISO 4217)", "EUR")
QUANTITY = _spelling(r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$", "a quantity in Kubernetes notation", "16Gi")
DURATION = _spelling(
    DURATION_PATTERN,
    "a duration: numbers with the units ms, s, m, h, d or w",
    "30d",
)
GIT_REF = _spelling(r"^refs/[A-Za-z0-9._/-]+$", "a full git ref", "refs/trueup/ledger")
LICENSE = _spelling(r"^[A-Za-z0-9.+():/ -]+$", "an SPDX licence expression", "Apache-2.0")

Name = Annotated[str, StringConstraints(pattern=NAME.pattern)]
Digest = Annotated[str, StringConstraints(pattern=DIGEST.pattern)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE.pattern)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER.pattern)]
RuntimeName = Annotated[str, StringConstraints(pattern=RUNTIME.pattern)]
RuleId = Annotated[str, StringConstraints(pattern=RULE.pattern)]
RuleSet = Annotated[str, StringConstraints(pattern=RULE_SET.pattern)]
Percentile = Annotated[str, StringConstraints(pattern=PERCENTILE.pattern)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY.pattern)]
GitRef = Annotated[str, StringConstraints(pattern=GIT_REF.pattern)]
License = Annotated[str, StringConstraints(pattern=LICENSE.pattern)]
Sentence = Annotated[str, StringConstraints(min_length=1)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=1)]

SystemRef = Annotated[str, StringConstraints(pattern=NAME.pattern), Names("System")]
EnvironmentRef = Annotated[str, StringConstraints(pattern=NAME.pattern), Names("Environment")]
DeploymentRef = Annotated[str, StringConstraints(pattern=NAME.pattern), Names("Deployment")]
ModelRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Model")]
AdapterRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Adapter")]
PromptRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Prompt")]
BuildRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Build")]
DatasetRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Dataset")]
EvaluationRef = Annotated[str, StringConstraints(pattern=VERSIONED.pattern), Names("Evaluation")]


def version_text(value: Any) -> Any:
    """Take a whole number as its text and refuse a fraction, which has lost its zeros (`1.10` is read as 1.1)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int):
        return str(value)
    raise refused(
        f"A version is text, and this one is the number {value}: `1.10` without quotes is read as 1.1.",
        'quote it as you mean it, for example `version: "1.10"`',
        kind="version",
    )


Version = Annotated[
    str,
    StringConstraints(pattern=VERSION.pattern),
    BeforeValidator(version_text),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": VERSION.pattern}, {"type": "integer", "minimum": 0}]}),
]


def _quantity_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Quantity = Annotated[
    str,
    StringConstraints(pattern=QUANTITY.pattern),
    BeforeValidator(_quantity_text),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": QUANTITY.pattern}, {"type": "number", "minimum": 0}]}),
]


def _duration(value: Any) -> timedelta:
    try:
        found = parse_duration(value) if isinstance(value, str) else None
    except OverflowError:
        raise refused("a time that a calendar can count", "use a shorter one") from None
    if found is None:
        raise refused(DURATION.words, f"write it like `{DURATION.example}`, `12h` or `800ms`")
    return found


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": DURATION.pattern}),
]

_DATE = _spelling(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day of the calendar", "2026-12-24")
_TIME = _spelling(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})$",
    "a time with its zone (RFC 3339)",
    "2026-12-24T18:00:00Z",
)


def _date(value: Any) -> date:
    if isinstance(value, str) and re.match(_DATE.pattern, value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refused(_DATE.words, f"write it like `{_DATE.example}`")


def _time(value: Any) -> datetime:
    if isinstance(value, str) and re.match(_TIME.pattern, value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            pass
    raise refused(_TIME.words, f"write it like `{_TIME.example}`")


Day = Annotated[
    date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date", "pattern": _DATE.pattern})
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _TIME.pattern}),
]

_INSIDE = r"(?!/)(?!(?:.*/)?\.\.(?:/|$))(?!.*[\\\u0000])[^\s](?:.*[^\s])?"
SCHEMES = ("file:", "package://", "hf://", "s3://", "gs://", "az://", "oci://", "https://", "api://")
"""Where bytes (or, with `api://`, a provider's model) may come from."""
_REMOTE = r"(?:package|hf|s3|gs|az|oci|https|api)://[A-Za-z0-9][^\s\\/@]*(?:/[^\s\\]*)?"
_PATH = re.compile(rf"^{_INSIDE}$")
_NOT_ABSOLUTE = r"(?![~])(?![A-Za-z]:/)"
PATH = _spelling(rf"^{_NOT_ABSOLUTE}{_INSIDE}$", "a path from the root of the repository", "docs/card.md")
URI = _spelling(
    rf"^(?:file:{_NOT_ABSOLUTE}{_INSIDE}|{_REMOTE})$", "an address that artifacts come from", "hf://owner/name"
)


def escape_of(path: str) -> str:
    """Say how *path* leaves the repository or cannot be a path in it; empty when it stays inside."""
    if path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:[\\/]", path):
        return f"The path `{path}` is absolute, and files outside the repository are never read."
    if "\\" in path:
        return f"The path `{path}` has a backslash; paths are written with `/`."
    if ".." in path.split("/"):
        return f"The path `{path}` climbs with `..`, and files outside the repository are never read."
    return "" if _PATH.match(path) else "This is not a path to a file of the repository."


def _inside(value: str) -> str:
    if wrong := escape_of(value):
        raise refused(wrong, "write the path from the root of the repository", kind="escape")
    return value


RepositoryPath = Annotated[str, AfterValidator(_inside), WithJsonSchema({"type": "string", "pattern": PATH.pattern})]


def _uri(value: str) -> str:
    if value.startswith("file:"):
        path = value.removeprefix("file:")
        if wrong := escape_of(path):
            raise refused(wrong, "write `file:` and the path from the root of the repository", kind="escape")
        return value
    if "@" in value.partition("://")[2].partition("/")[0]:
        raise refused(
            "An address carries no user and no password (it is not shown).",
            "take them out, name them in `credentials`, and rotate them if they were real",
            kind="secret",
        )
    if re.fullmatch(_REMOTE, value) is None:
        raise refused(
            URI.words,
            f"start it with one of {', '.join(f'`{s}`' for s in SCHEMES)}",
        )
    return value


Uri = Annotated[
    str,
    AfterValidator(_uri),
    WithJsonSchema({"type": "string", "pattern": URI.pattern}),
]

REFERENCE = _spelling(
    r"^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s](?:.*[^\s])?)$", "a reference to a secret", "env:API_KEY"
)


def _secret(value: Any) -> str:
    # The value is never repeated: whoever writes a secret here by mistake must not find it in a build log as well.
    if isinstance(value, str) and re.match(REFERENCE.pattern, value):
        return value
    raise refused(
        "A secret is named here, never written: this is not a reference (its value is not shown).",
        "write `env:NAME` or `file:PATH`, and rotate the secret if this was one",
        kind="secret",
    )


SecretReference = Annotated[
    str, BeforeValidator(_secret), Secret(), WithJsonSchema({"type": "string", "pattern": REFERENCE.pattern})
]
