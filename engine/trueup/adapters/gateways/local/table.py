"""The route table: its stored form, its checks, and the immutable form that requests are answered by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from trueup.adapters.gateways.local import codes
from trueup.adapters.gateways.local.keys import KeyCheck
from trueup.core.digests import Digest, Revision, digest_of
from trueup.core.errors import PermanentError
from trueup.core.ids import parse_address
from trueup.core.json import Json
from trueup.desired import prompting
from trueup.desired.state import RouteSpec
from trueup.ports import Route, RouteTable

FORMAT = 1
DEFAULT_TIMEOUT_SECONDS = 600.0
"""Longest answer where nothing is declared; a slow model on one core needs minutes for a long one."""


@dataclass(frozen=True)
class Serving:
    """One route, ready to answer: what is looked up for every request is computed once."""

    route: Route
    keys: KeyCheck

    @cached_property
    def spec(self) -> Mapping[str, Json]:
        """The route spec as `prompting` takes it."""
        return self.route.spec.to_json()

    @cached_property
    def address(self) -> str:
        """The deployment's address."""
        return str(self.route.deployment)

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


@dataclass(frozen=True)
class Table:
    """All routes by public model name, and the document they come from."""

    document: Json
    digest: Digest
    by_model: Mapping[str, Serving]


def document_of(table: RouteTable, keys: Mapping[str, str]) -> dict[str, Json]:
    """Return the stored form of *table*; `keys` is what `keys.resolve` made of its references, never a key."""
    body: dict[str, Json] = {"table": _table_json(table), "keys": dict(keys)}
    return {"format": FORMAT, "digest": digest_of(body), **body}


def compile_table(document: Json) -> Table:
    """Check a stored document as a whole and return what requests are answered by.

    Raises:
        PermanentError: It is damaged, two routes have one name, a template is broken, or a key cannot be read.
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
        _check_templates(route)
        by_model[name] = Serving(route, KeyCheck.of(route.spec.keys, keys))
    return Table(document, digest_in(document), by_model)


def read_document(document: Json) -> tuple[RouteTable, dict[str, str]]:
    """Return the table and the resolved keys of a stored document.

    Raises:
        PermanentError: It has another format, or does not have its own digest.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise PermanentError(codes.TABLE_UNREADABLE, "it has no known format")
    body = {k: document.get(k) for k in ("table", "keys")}
    try:
        if digest_of(body) != document.get("digest"):
            raise PermanentError(codes.TABLE_UNREADABLE, "its content does not have the digest written beside it")
        keys = body["keys"]
        table = _table(body["table"])
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError(codes.TABLE_UNREADABLE, f"it is damaged: {error}") from error
    return table, {k: str(v) for k, v in keys.items()} if isinstance(keys, Mapping) else {}


def digest_in(document: Json) -> Digest:
    """Return the digest that *document* names for itself; empty when it names none."""
    return Digest(str(document.get("digest") or "")) if isinstance(document, Mapping) else Digest("")


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


def _table_json(table: RouteTable) -> dict[str, Json]:
    return {"host": table.host, "port": table.port, "routes": [_route_json(r) for r in table.routes]}


def _route_json(route: Route) -> dict[str, Json]:
    return {
        "deployment": str(route.deployment),
        "release": route.release,
        "server": route.server,
        "spec": route.spec.to_json(),
        "manifest": route.manifest,
        "revision": route.revision,
        "appliedAt": route.applied_at.isoformat(),
    }


def _table(value: Json) -> RouteTable:
    match value:
        case {"host": str(host), "port": int(port), "routes": [*routes]}:
            return RouteTable(host, port, tuple(_route(r) for r in routes))
        case _:
            raise ValueError("not a route table")


def _route(value: Json) -> Route:
    match value:
        case {
            "deployment": str(deployment),
            "release": str(release),
            "server": str(server),
            "spec": spec,
            "manifest": manifest,
            "revision": str(revision),
            "appliedAt": str(applied_at),
        }:
            address = parse_address(deployment)
            if address is None:
                raise ValueError(f"`{deployment}` is no address")
            return Route(
                deployment=address,
                release=Digest(release),
                server=Digest(server),
                spec=RouteSpec.from_json(spec),
                manifest=manifest,
                revision=Revision(revision),
                applied_at=datetime.fromisoformat(applied_at),
            )
        case _:
            raise ValueError("not a route")
