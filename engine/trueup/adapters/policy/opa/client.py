"""The calls to an OPA server, over `opa-python-client`: three of its methods, with our own errors and retries.

Its other helpers are not used: they rewrite policies, send tokens to other hosts, or read "undefined" as an answer.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trueup.adapters.policy.opa import codes
from trueup.adapters.policy.opa.settings import OpaSettings, certificate_files, check_settings, read_token
from trueup.core.diagnostics import Code
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

_ERRORS = 400
"""Statuses from here on say that something was refused or broke."""
_AGAIN = frozenset({429, 502, 503, 504})
"""Answers of a server, or of what stands before it, that may be another one a moment later."""
_STRICT = {"strict-builtin-errors": "true", "provenance": "true"}
_SHOWN = 200
"""Characters of a foreign answer that a message shows."""


class OpaUnreachableError(TransientError):
    """The server did not answer."""


class OpaRefusedError(PermanentError):
    """The server answered with an error.

    Attributes:
        status: Of the answer.
        errors: What OPA says of policies and rules, if it was OPA.
    """

    def __init__(self, code: Code, detail: str, status: int = 0, errors: tuple[dict[str, Any], ...] = ()) -> None:
        super().__init__(code, detail)
        self.status = status
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: a result, which may be absent, and the version that the server says it has."""

    result: Json
    is_defined: bool
    version: str


class OpaServer:
    """One OPA server. Not to be used by two threads at a time."""

    def __init__(self, settings: OpaSettings, root: Path) -> None:
        check_settings(settings)
        self._settings = settings
        self._root = root
        self._client: Any = None
        self._last: Any = None

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close_connection()
            self._client = None

    def put_policy(self, name: str, text: str) -> None:
        """Upload one module; the server compiles it with all it has."""
        self._call(lambda client: client.update_policy_from_string(text, name, rego_compat=False))

    def put_data(self, name: str, data: dict[str, Any]) -> None:
        """Put *data* below the path *name*, in place of what was there."""
        self._call(lambda client: client.update_or_create_data(data, name))

    def query(self, path: str, document: Json) -> Answer:
        """Ask for the value at *path*, which is known to need no escaping."""
        body = self._call(lambda client: client.query_rule(document, path, query_params=_STRICT))
        if not isinstance(body, dict):
            raise OpaRefusedError(codes.ANSWER, f"{self._settings.server} gave {_shown(body)} for an object.")
        provenance = body.get("provenance")
        version = provenance.get("version") if isinstance(provenance, dict) else None
        return Answer(body.get("result"), "result" in body, version if isinstance(version, str) else "")

    def _call(self, call: Callable[[Any], Any]) -> Any:
        pause = self._settings.backoff_seconds
        for left in range(self._settings.retries, -1, -1):
            try:
                return self._once(call)
            except OpaUnreachableError:
                if not left:
                    raise
            time.sleep(pause)
            pause *= 2
        raise AssertionError  # the last time either returns or raises

    def _once(self, call: Callable[[Any], Any]) -> Any:
        client = self._connected()
        import requests

        self._last = None
        try:
            return within(self._settings.timeout_seconds, lambda: call(client))
        except TimeoutError as error:
            # The thread that waits still has the connection.
            self._client = None
            detail = f"{self._settings.server} gave no whole answer within {self._settings.timeout_seconds:g} seconds."
            raise OpaUnreachableError(codes.UNREACHABLE, detail) from error
        except Exception as error:
            answered = self._last
            if answered is not None and answered.status_code not in _AGAIN:
                raise self._refusal(answered, error) from error
            if answered is None and not isinstance(error, requests.RequestException | OSError):
                raise
            detail = (
                f"{self._settings.server}: {_cause(error) if answered is None else f'HTTP {answered.status_code}'}."
            )
            raise OpaUnreachableError(codes.UNREACHABLE, detail) from error

    def _connected(self) -> Any:
        if self._client is not None:
            return self._client
        try:
            from opa_client.opa import OpaClient
        except ImportError as error:
            detail = f"{error}. {codes.CLIENT_MISSING.remedy}"
            raise OpaRefusedError(codes.CLIENT_MISSING, detail) from error
        settings = self._settings
        verify, certificate = certificate_files(settings, self._root)
        client = OpaClient(
            host=settings.host,
            port=settings.port,
            ssl=verify if settings.is_secure else False,
            cert=certificate if settings.is_secure else None,
            token=read_token(settings, self._root) or None,
            retries=0,
            timeout=settings.timeout_seconds,
        )
        # The client has no setting for these. A proxy or a `.netrc` of the environment must not come between, nothing
        # may send the token elsewhere, and an error's status is lost where the client raises its own.
        session = client._session  # noqa: SLF001
        session.trust_env = False
        session.max_redirects = 0
        session.hooks["response"].append(self._remember)
        self._client = client
        return client

    def _remember(self, response: Any, *_: object, **__: object) -> None:
        self._last = response

    def _refusal(self, answered: Any, error: Exception) -> OpaRefusedError:
        status, server = answered.status_code, self._settings.server
        try:
            body = answered.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            kind = answered.headers.get("content-type", "no type")
            detail = f"{server} answered HTTP {status} with {kind}: {_shown(answered.text)}."
            return OpaRefusedError(codes.ANSWER if status not in (401, 403) else codes.REFUSED, detail, status)
        if status < _ERRORS and "message" not in body:
            detail = f"{server} answered HTTP {status} with a body that OPA does not give there: is it an OPA server?"
            return OpaRefusedError(codes.ANSWER, detail, status)
        said = body.get("errors")
        errors = tuple(e for e in said if isinstance(e, dict)) if isinstance(said, list) else ()
        detail = f"{server} answered HTTP {status}: {_shown(body.get('message', error))}."
        return OpaRefusedError(codes.REFUSED, detail, status, errors)


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return what *call* returns.

    Raises:
        TimeoutError: It has not returned after *seconds*, however busily it reads; it goes on in its own thread.
    """
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(call())
        except BaseException as error:  # noqa: BLE001 raised again below, in the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise TimeoutError
    return done[0]


def _cause(error: BaseException) -> str:
    """Return the last words of the innermost error: those around it repeat urls."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return _shown(error)


def _shown(value: object) -> str:
    return " ".join(str(value).split())[:_SHOWN].rstrip(".")
