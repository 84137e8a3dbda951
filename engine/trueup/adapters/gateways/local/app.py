"""The gateway's HTTP face: what clients may ask, and nothing else.

Everything that is not /v1/chat/completions, /v1/completions, /v1/models, /health or /metrics is 404, so no control
route of a server is ever reachable from outside.
"""

import math
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from trueup.adapters.gateways.local import validation
from trueup.adapters.gateways.local.backends import Backends
from trueup.adapters.gateways.local.errors import (
    ApiError,
    internal,
    invalid,
    limited,
    unauthorized,
    unavailable,
    unknown_model,
)
from trueup.adapters.gateways.local.measures import Measures
from trueup.adapters.gateways.local.proxy import Call, Proxy
from trueup.adapters.gateways.local.rates import Rates
from trueup.adapters.gateways.local.table import Serving, Table
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.desired import prompting

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STICKY_HEADER = "x-trueup-key"


class Gateway:
    """One table in force and what answers by it; `table` is replaced as a whole, never changed."""

    def __init__(self, backends: Backends) -> None:
        self.table: Table | None = None
        self.error = ""
        self.backends = backends
        self.measures = Measures()
        self._rates = Rates()
        self._proxy: Proxy | None = None

    def application(self) -> web.Application:
        """Return the application that clients talk to."""
        app = web.Application(client_max_size=validation.BODY_BYTES, middlewares=[_one_error_shape])
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completion)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{name:.+}", self._model)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        app.on_startup.append(self._open)
        app.on_cleanup.append(self._close)
        return app

    async def _open(self, _: web.Application) -> None:
        self._proxy = Proxy(self.backends, self.measures)

    async def _close(self, _: web.Application) -> None:
        if self._proxy:
            await self._proxy.close()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await _read(request, validation.CHAT)
        serving = self._admitted(request, body)
        variables = _variables(body)
        messages = body.get("messages")
        composed = prompting.compose(serving.spec, messages if isinstance(messages, list) else [], variables)
        if isinstance(composed, prompting.PromptProblems):
            raise invalid(" ".join(composed.problems), "prompt.variables", "invalid_prompt_variables")
        return await self._carry(request, serving, {**_without(body, "prompt"), "messages": list(composed)})

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        body = await _read(request, validation.COMPLETION)
        return await self._carry(request, self._admitted(request, body), body)

    async def _carry(self, request: web.Request, serving: Serving, body: Mapping[str, Json]) -> web.StreamResponse:
        if self._proxy is None:
            raise unavailable("The gateway is ending.")
        call = Call(
            serving=serving,
            path=request.path,
            body=_upstream_body(serving, body),
            streams=body.get("stream") is True,
            sticky=str(body.get("user") or request.headers.get(STICKY_HEADER) or ""),
        )
        return await self._proxy.carry(request, call)

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
        validation.check_tokens(body, serving.most_tokens)
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
        text = self.measures.text(self.backends.counts())
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


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


def _variables(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the values for the prompt's variables: `{"prompt": {"variables": {...}}}`."""
    prompt = body.get("prompt")
    if prompt is None:
        return {}
    variables = prompt.get("variables") if isinstance(prompt, Mapping) else None
    if not isinstance(prompt, Mapping) or set(prompt) != {"variables"} or not isinstance(variables, Mapping):
        raise invalid('`prompt` must be {"variables": {...}}.', "prompt", "invalid_type")
    return variables


def _upstream_body(serving: Serving, body: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the server gets: the release's decoding where the client gives none, and never an endless answer."""
    given = {k: v for k, v in body.items() if v is not None and k not in validation.OURS}
    decoded = prompting.with_decoding(serving.spec, given)
    extra = decoded.pop("extra_body", None)
    if isinstance(extra, Mapping):
        decoded = {**extra, **decoded}
    most = serving.most_tokens
    if most is not None:
        limits = [k for k in ("max_tokens", "max_completion_tokens") if k in decoded] or ["max_tokens"]
        for name in limits:
            asked = decoded.get(name, most)
            decoded[name] = min(asked, most) if isinstance(asked, int) else most
    return decoded


def _model_json(name: str, serving: Serving) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": serving.applied_at, "owned_by": "trueup"}


def _bearer(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _without(body: Mapping[str, Json], name: str) -> dict[str, Json]:
    return {k: v for k, v in body.items() if k != name}
