"""The route table as requests are answered by it: checked as a whole, immutable, everything looked up beforehand."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from trueup.adapters.gateways.local import codes
from trueup.adapters.gateways.local.keys import KeyCheck
from trueup.adapters.gateways.local.stored import digest_in, read_document
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.desired import prompting
from trueup.ports import Route, Split

DEFAULT_TIMEOUT_SECONDS = 600.0
"""Longest answer where nothing is declared; a slow model on one core needs minutes for a long one."""

WHOLE = 100.0
STICKY = ("request", "user")
_ROUNDING = 1e-6
"""Weights of thirds do not sum to 100 to the last digit."""


@dataclass(frozen=True)
class Serving:
    """One release of a route, ready to answer: what is looked up for every request is computed once.

    Attributes:
        route: The release as if it were alone: of a candidate, with the public name and the keys of the stable one.
        keys: Who may ask.
        name: Empty for the stable release, else the candidate's name.
        weight: Share of the requests it answers; the stable one has what the others leave.
        mirror: Share of the requests it gets copies of.
        candidates: Of the stable release, those beside it.
    """

    route: Route
    keys: KeyCheck
    name: str = ""
    weight: float = WHOLE
    mirror: float = 0.0
    candidates: tuple["Serving", ...] = ()

    @cached_property
    def spec(self) -> Mapping[str, Json]:
        """The route spec as `prompting` takes it."""
        return self.route.spec.to_json()

    @cached_property
    def address(self) -> str:
        """The deployment's address."""
        return str(self.route.deployment)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers that tell which release answered."""
        return {"x-trueup-release": self.route.release, "x-trueup-deployment": self.address}

    @cached_property
    def prefix(self) -> prompting.Messages | None:
        """The release's own messages where no request changes them; None where they have to be filled in."""
        spec = self.route.spec
        if spec.variables or (spec.messages and spec.template_format == "jinja2"):
            return None
        composed = prompting.compose(self.spec, (), {})
        return None if isinstance(composed, prompting.PromptProblems) else composed

    @cached_property
    def applied_at(self) -> int:
        """Seconds since the epoch."""
        return int(self.route.applied_at.timestamp())

    @cached_property
    def most_tokens(self) -> int | None:
        """Longest answer in tokens."""
        value = dict(self.route.spec.limits).get("maxTokens")
        return value if isinstance(value, int) else None

    @cached_property
    def requests_per_minute(self) -> int | None:
        """Most requests of one key in a minute."""
        value = dict(self.route.spec.limits).get("requestsPerMinute")
        return value if isinstance(value, int) else None

    @cached_property
    def timeout_seconds(self) -> float:
        """Longest answer in seconds."""
        value = dict(self.route.spec.limits).get("timeoutSeconds")
        return float(value) if isinstance(value, int | float) else DEFAULT_TIMEOUT_SECONDS

    @property
    def is_sticky(self) -> bool:
        """Whether all requests of one user go to one release."""
        return self.route.split is not None and self.route.split.sticky == "user"

    def all(self) -> Iterator["Serving"]:
        """Yield the stable release, then those beside it."""
        yield self
        yield from self.candidates


@dataclass(frozen=True)
class Table:
    """All routes by public model name, and the document they come from."""

    document: Json
    digest: Digest
    by_model: Mapping[str, Serving]

    @cached_property
    def by_address(self) -> Mapping[str, Serving]:
        """The routes by their deployment's address."""
        return {s.address: s for s in self.by_model.values()}


def gives_back(new: Table, old: Table) -> bool:
    """Tell whether *new* has the stable releases of *old* answer everything, and nothing else is different."""
    served = {address: (s.route.release, s.route.server) for address, s in old.by_address.items()}
    kept = {address: (s.route.release, s.route.server) for address, s in new.by_address.items()}
    return served == kept and not any(s.candidates or s.route.held for s in new.by_address.values())


def compile_table(document: Json) -> Table:
    """Check a stored document as a whole and return what requests are answered by.

    Raises:
        PermanentError: It is damaged, two routes have one name, weights are no shares, a template is broken, or a key
            cannot be read.
    """
    table, keys = read_document(document)
    by_model: dict[str, Serving] = {}
    for route in table.routes:
        name = route.spec.model_name
        if not name:
            raise PermanentError(codes.TABLE_REFUSED, f"{route.deployment} has no model name")
        if name in by_model:
            both = f"{by_model[name].route.deployment} and {route.deployment}"
            raise PermanentError(codes.TABLE_REFUSED, f"{both} have the same model name `{name}`")
        by_model[name] = _serving(route, KeyCheck.of(route.spec.keys, keys))
    return Table(document, digest_in(document), by_model)


def _serving(route: Route, keys: KeyCheck) -> Serving:
    _check_templates(route)
    if route.split is None:
        return Serving(route, keys)
    problem = wrong_split(route.split)
    if problem:
        raise PermanentError(codes.SPLIT_REFUSED, f"{route.deployment}: {problem}")
    candidates = []
    for candidate in route.split.candidates:
        alone = replace(
            route,
            release=candidate.release,
            server=candidate.server,
            # A client asks one deployment: its name and its keys do not depend on which release answers.
            spec=replace(candidate.spec, model_name=route.spec.model_name, keys=route.spec.keys),
            manifest=candidate.manifest,
            revision=candidate.revision,
            applied_at=candidate.applied_at,
            split=None,
        )
        _check_templates(alone)
        candidates.append(Serving(alone, keys, candidate.name, candidate.weight, candidate.mirror))
    left = max(0.0, WHOLE - sum(c.weight for c in candidates))
    return Serving(route, keys, weight=left, candidates=tuple(candidates))


def wrong_split(split: Split) -> str:
    """Return what is wrong with *split*; empty when it can be served."""
    if split.sticky not in STICKY:
        return f"requests cannot be kept together by `{split.sticky}`"
    names = [c.name for c in split.candidates]
    if not all(names) or len(set(names)) < len(names):
        return f"candidates need names of their own, and have {', '.join(f'`{n}`' for n in names)}"
    for candidate in split.candidates:
        for kind, value in (("weight", candidate.weight), ("mirror", candidate.mirror)):
            if not 0 <= value <= WHOLE:
                return f"`{candidate.name}` has {kind} {value:g}, which is no share from 0 to 100"
    total = sum(c.weight for c in split.candidates)
    return f"the weights sum to {total:g}, which is more than 100" if total > WHOLE + _ROUNDING else ""


def _check_templates(route: Route) -> None:
    """Refuse a template that could not be filled in for any request."""
    declared = {str(v.get("name")): v for v in route.spec.variables if isinstance(v, Mapping)}
    if route.spec.template_format == "jinja2":
        _check_jinja2(route)
        return
    values: dict[str, Json] = dict.fromkeys(declared, "")
    for _, content in route.spec.messages:
        try:
            prompting.fill_in(content, route.spec.template_format, values)
        except ValueError as error:
            raise PermanentError(codes.TEMPLATE_INVALID, f"{route.deployment}: {error}") from error


def _check_jinja2(route: Route) -> None:
    # Only what can be told without values: whether it renders may depend on them.
    from trueup.desired import jinja

    for _, content in route.spec.messages:
        try:
            jinja.check(content)
        except ValueError as error:
            raise PermanentError(codes.TEMPLATE_INVALID, f"{route.deployment}: {error}") from error
