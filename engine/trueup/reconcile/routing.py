"""The gateway's table of one environment during one run: what is in force, what moves, what is given back."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from trueup.core.digests import Digest, Revision
from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import EnvironmentFacts, RouteSpec
from trueup.observed.state import ObservedRoute, ObservedSplit
from trueup.ports import Candidate, Route, RouteTable, Split, Target

_EPOCH = datetime.fromtimestamp(0, UTC)
"""Stands for a route whose time of application is unknown; it only has to be some time."""


class Routing:
    """Moves traffic by whole tables; remembers the table that a rollout began with."""

    def __init__(self, environment: EnvironmentFacts, target: Target, observed: tuple[ObservedRoute, ...]) -> None:
        self._environment = environment
        self._target = target
        self._routes = _in_force(observed)
        self._before = self._routes
        self._first = frozenset(self._routes)

    @property
    def servers(self) -> set[Digest]:
        """The servers that get traffic."""
        return {r.server for r in self._routes.values()}

    @property
    def removed(self) -> tuple[ResourceId, ...]:
        """The deployments that had a route when the run began and have none now."""
        return tuple(sorted(self._first - self._routes.keys()))

    def begin(self) -> None:
        """Remember the table that is in force: a rollout begins."""
        self._before = self._routes

    def move(self, route: Route) -> tuple[ResourceId, ...]:
        """Put *route* in force and return the deployments whose model name it took over.

        A model name belongs to whom it is declared for. A deployment that had it before loses it in the same
        table, so that clients of a renamed deployment see no gap.
        """
        name = route.spec.model_name
        replaced = tuple(r.deployment for r in self._routes.values() if r.spec.model_name == name)
        rest = {id_: r for id_, r in self._routes.items() if r.spec.model_name != name}
        self._publish({**rest, route.deployment: route})
        return tuple(sorted(id_ for id_ in replaced if id_ != route.deployment))

    def share(self, deployment: ResourceId, split: Split) -> None:
        """Share the requests of *deployment* between the release that serves it and the candidates of *split*."""
        self._publish({**self._routes, deployment: replace(self._routes[deployment], split=split, held=False)})

    def hold(self, deployment: ResourceId) -> None:
        """Let the requests of *deployment* wait: what serves is ended to make room."""
        self._publish({**self._routes, deployment: replace(self._routes[deployment], split=None, held=True)})

    def route_of(self, deployment: ResourceId) -> Route | None:
        """Return the route in force."""
        return self._routes.get(deployment)

    def remove(self, deployment: ResourceId) -> None:
        """Take the route of *deployment* away."""
        self._publish({id_: r for id_, r in self._routes.items() if id_ != deployment})

    def give_back(self) -> bool:
        """Give all traffic to the releases that served when the rollout began; tell whether any was elsewhere.

        The target is asked: a call that failed may have done its work all the same. What an earlier run had begun to
        share or to hold is given back as well: a release that did not get to the end gets nothing.
        """
        whole = {id_: replace(r, split=None, held=False) for id_, r in self._before.items()}
        observed = self._target.observe(self._environment.name).routes
        if _facts(_in_force(observed)) == _facts(whole):
            self._routes = whole
            return False
        self._publish(whole)
        return True

    def give_back_at_once(self, absent: Collection[Digest] = ()) -> None:
        """Do what `give_back` does without asking the target first: an abort must not wait for an observation.

        Requests wait where the server that they go back to is one of *absent*: it was ended to make room.
        """
        whole = {id_: replace(r, split=None, held=r.server in absent) for id_, r in self._before.items()}
        self._publish(whole)

    def _publish(self, routes: dict[ResourceId, Route]) -> None:
        facts = self._environment
        table = RouteTable(facts.host, facts.port, tuple(routes[id_] for id_ in sorted(routes)))
        self._target.route(facts.name, table)
        self._routes = routes


_Facts = tuple[Digest, Digest, Json, bool, bool]


def _facts(routes: Mapping[ResourceId, Route]) -> dict[ResourceId, _Facts]:
    return {id_: (r.release, r.server, r.spec.to_json(), r.split is not None, r.held) for id_, r in routes.items()}


def _in_force(observed: tuple[ObservedRoute, ...]) -> dict[ResourceId, Route]:
    """Read the gateway's routes as they can be given back to it; one that cannot be read is left out."""
    routes = {}
    for route in observed:
        try:
            spec = RouteSpec.from_json(route.route)
        except (ValueError, TypeError):
            continue
        routes[route.deployment] = Route(
            deployment=route.deployment,
            release=route.release,
            server=route.server,
            spec=spec,
            manifest=route.manifest,
            revision=Revision(route.revision),
            applied_at=route.applied_at or _EPOCH,
            split=_split(route.split) if route.split is not None else None,
            held=route.held,
        )
    return routes


def _split(observed: ObservedSplit) -> Split | None:
    """Read a split as it can be given back; without a candidate that can be read there is none."""
    candidates = []
    for candidate in observed.candidates:
        with suppress(ValueError, TypeError):
            candidates.append(
                Candidate(
                    name=candidate.name,
                    release=candidate.release,
                    server=candidate.server,
                    spec=RouteSpec.from_json(candidate.route),
                    manifest=candidate.manifest,
                    revision=Revision(candidate.revision),
                    applied_at=candidate.applied_at or _EPOCH,
                    weight=candidate.weight,
                    mirror=candidate.mirror,
                )
            )
    return Split(tuple(candidates), observed.sticky, observed.progress) if candidates else None
