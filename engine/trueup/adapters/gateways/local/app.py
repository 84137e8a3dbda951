"""The gateway's HTTP face: what clients may ask, and nothing else.

Everything that is not /v1/chat/completions, /v1/completions, /v1/feedback, /v1/models, /health or /metrics is 404, so
no control route of a server is ever reachable from outside.
"""

import math
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from trueup.adapters.gateways.local import validation
from trueup.adapters.gateways.local.assignment import Turns
from trueup.adapters.gateways.local.backends import Backends
from trueup.adapters.gateways.local.calls import Asked, call
from trueup.adapters.gateways.local.copies import Copies
from trueup.adapters.gateways.local.errors import (
    ApiError,
    internal,
    limited,
    unauthorized,
    unavailable,
    unknown_answer,
    unknown_model,
)
from trueup.adapters.gateways.local.heard import COMPARED, Heard
from trueup.adapters.gateways.local.measures import Answer, Measures
from trueup.adapters.gateways.local.proxy import Proxy
from trueup.adapters.gateways.local.rates import Rates
from trueup.adapters.gateways.local.recent import Recent
from trueup.adapters.gateways.local.table import Serving, Table
from trueup.adapters.gateways.local.waiting import Waiting
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STICKY_HEADER = "x-trueup-key"
_TOO_LATE = 504


class Gateway:
    """One table in force and what answers by it; a table is replaced as a whole, never changed."""

    def __init__(self, backends: Backends) -> None:
        self.table: Table | None = None
        self.error = ""
        self.backends = backends
        self.measures = Measures()
        self.recent = Recent(time.time())
        self._rates = Rates()
        self._turns = Turns()
        self._waiting = Waiting()
        self._proxy: Proxy | None = None
        self._copies: Copies | None = None

    def take(self, table: Table) -> None:
        """Put *table* in force; who waits for it goes on by it."""
        self.table, self.error = table, ""
        self._turns.forget(table.by_address)
        if self._copies:
            self._copies.follow(table)
        self._waiting.wake()

    def application(self) -> web.Application:
        """Return the application that clients talk to."""
        app = web.Application(client_max_size=validation.BODY_BYTES, middlewares=[_one_error_shape])
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completion)
        app.router.add_post("/v1/feedback", self._feedback)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{name:.+}", self._model)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.on_startup.append(self._open)
        app.on_cleanup.append(self._close)
        return app

    async def _open(self, _: web.Application) -> None:
        self._proxy = Proxy(self.backends)
        self._copies = Copies(self._proxy, self.measures, self.recent)

    async def _close(self, _: web.Application) -> None:
        if self._copies:
            await self._copies.close()
        if self._proxy:
            await self._proxy.close()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, await _read(request, validation.CHAT))

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, await _read(request, validation.COMPLETION))

    async def _answered(self, request: web.Request, body: Mapping[str, Json]) -> web.StreamResponse:
        """Answer by one of the deployment's releases, and by the stable one where another does not."""
        stable = self._admitted(request, body)
        if stable.route.held:
            stable = await self._swapped(request, stable)
        user = str(body.get("user") or request.headers.get(STICKY_HEADER) or "")
        asked = Asked(request.path, body, user)
        chosen = self._turns.choose(stable, user)
        if chosen is stable:
            return await self._by(request, stable, stable, asked, Answer())
        answer = Answer()
        try:
            return await self._by(request, stable, chosen, asked, answer)
        except ApiError as error:
            if error.status == _TOO_LATE:
                raise
            answer.status = error.status
        # Nothing has been sent, so the client need not suffer from a release that is being tried out.
        response = await self._by(request, stable, stable, asked, Answer())
        self._blame(chosen, answer)
        return response

    def _blame(self, candidate: Serving, answer: Answer) -> None:
        """Count a request as a failure of *candidate*: the stable release could answer it."""
        if not answer.at:
            # It was not even sent: the release takes no such request.
            answer.at, answer.failed = time.time(), True
            self.measures.of(candidate).add(answer)
            self.recent.add(candidate, answer)
        self.measures.of(candidate).blame(answer)

    async def _by(
        self, request: web.Request, stable: Serving, chosen: Serving, asked: Asked, answer: Answer
    ) -> web.StreamResponse:
        """Answer by the release *chosen*, count it, and offer copies."""
        if self._proxy is None or self._copies is None:
            raise unavailable("The gateway is ending.")
        prepared = call(chosen, asked)
        copied_to = self._turns.copied_to(stable, chosen) if stable.candidates else ()
        heard = Heard(COMPARED) if copied_to else Heard()
        measures = self.measures.of(chosen)
        try:
            response = await self._proxy.carry(request, prepared, answer, heard)
        finally:
            measures.add(answer)
            self.recent.add(chosen, answer)
        if answer.status == 200:
            self.recent.give(chosen, answer, measures)
            for candidate in copied_to:
                self._copies.offer(candidate, asked, heard.text)
        return response

    async def _swapped(self, request: web.Request, held: Serving) -> Serving:
        """Return the route of a request when its release has been swapped."""
        name = held.route.spec.model_name
        await self._waiting.until(lambda: not self._is_held(name), held.timeout_seconds)
        serving = self._table().by_model.get(name)
        if serving is None:
            raise unknown_model(name, ".")
        if not serving.keys.is_open and not serving.keys.opens(_bearer(request)):
            raise unauthorized(bool(_bearer(request)))
        return serving

    def _is_held(self, name: str) -> bool:
        serving = self.table.by_model.get(name) if self.table else None
        return serving is not None and serving.route.held

    async def _feedback(self, request: web.Request) -> web.StreamResponse:
        """Take what a user thought of an answer, for the release that gave it."""
        body = await _read(request, validation.FEEDBACK)
        value = validation.opinion(body.get("value"))
        name = str(body["id"])
        given = self.recent.given(name)
        # Who may not use the model does not learn whether there was such an answer.
        if given is None or given.address not in {s.address for s in self._visible(request).values()}:
            raise unknown_answer(name)
        given.measures.judge(given.answer, value)
        return web.json_response({"object": "feedback", "id": name, "value": value})

    def _admitted(self, request: web.Request, body: Mapping[str, Json]) -> Serving:
        """Return the route of a request that is allowed to use it."""
        table = self._table()
        name = str(body["model"])
        serving = table.by_model.get(name)
        key = _bearer(request)
        if serving is None:
            # A stranger does not learn from the answer which names exist.
            visible = [n for n, s in table.by_model.items() if s.keys.is_open or s.keys.opens(key)]
            if table.by_model and not visible:
                raise unauthorized(bool(key))
            hint = did_you_mean(name, visible)
            raise unknown_model(name, f"; {hint}" if hint else "")
        if not serving.keys.is_open and not serving.keys.opens(key):
            raise unauthorized(bool(key))
        if serving.requests_per_minute:
            # Where no key is asked for, one that is sent was made up, and a new one every time costs nothing.
            client = (request.remote if serving.keys.is_open else key) or ""
            wait = self._rates.wait_seconds(serving.address, client, serving.requests_per_minute, time.monotonic())
            if wait:
                raise limited(serving.requests_per_minute, math.ceil(wait))
        return serving

    def _table(self) -> Table:
        if self.table is None:
            raise unavailable(f"The route table cannot be used: {self.error or 'there is none'}.")
        return self.table

    def _visible(self, request: web.Request) -> dict[str, Serving]:
        key = _bearer(request)
        table = self._table()
        visible = {n: s for n, s in table.by_model.items() if s.keys.is_open or s.keys.opens(key)}
        if table.by_model and not visible:
            raise unauthorized(bool(key))
        return visible

    async def _models(self, request: web.Request) -> web.StreamResponse:
        models = [_model_json(name, s) for name, s in sorted(self._visible(request).items())]
        return web.json_response({"object": "list", "data": models})

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        serving = self._visible(request).get(name)
        if serving is None:
            raise unknown_model(name, "")
        return web.json_response(_model_json(name, serving))

    async def _health(self, _: web.Request) -> web.StreamResponse:
        if self.table is None:
            return web.json_response({"status": "unavailable", "error": self.error}, status=503)
        models = {n: self.backends.is_available(s.route.server) for n, s in sorted(self.table.by_model.items())}
        status = "ok" if all(models.values()) else "degraded" if any(models.values()) else "unavailable"
        return web.json_response({"status": status, "models": models}, status=503 if status == "unavailable" else 200)

    async def _metrics(self, _: web.Request) -> web.StreamResponse:
        # Costs as much to import as the rest of the gateway, and many are never asked.
        from trueup.adapters.gateways.local.exposition import CONTENT_TYPE, Exposition

        servings = [s for stable in (self.table.by_model.values() if self.table else ()) for s in stable.all()]
        weights = {self.measures.of(s).labels: (s.weight, s.mirror) for s in servings}
        found = Exposition(self.measures.all(), self.backends.counts(), weights, self._waiting.count)
        return web.Response(body=found.text(), headers={"Content-Type": CONTENT_TYPE})


@web.middleware
async def _one_error_shape(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error)
    except web.HTTPRequestEntityTooLarge:
        detail = f"The request body is larger than {validation.BODY_BYTES} bytes."
        return error_response(ApiError(413, detail, code="request_too_large"))
    except web.HTTPException as error:
        known = {404: f"There is no {request.path} here.", 405: f"{request.method} is not allowed here."}
        return error_response(ApiError(error.status, known.get(error.status, error.reason)))
    except ConnectionError:
        raise  # The client left.
    except Exception:  # noqa: BLE001 (the last line: a mistake of ours must not break the one shape)
        traceback.print_exc()
        return error_response(internal())


def error_response(error: ApiError) -> web.Response:
    """Return *error* as clients get it."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(error.to_json(), status=error.status, headers=headers)


async def _read(request: web.Request, fields: Mapping[str, Callable[[Json], str]]) -> dict[str, Json]:
    # A page of another origin can send a form without asking first, but not JSON.
    if request.content_type != "application/json":
        raise ApiError(415, "Send `Content-Type: application/json`.", code="unsupported_media_type")
    body = validation.parse(await request.read())
    validation.check(body, fields)
    return body


def _model_json(name: str, serving: Serving) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": serving.applied_at, "owned_by": "trueup"}


def _bearer(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
