"""Sends records to a sink in their order, at least once, and remembers how far it came.

How far is kept after each record that was taken: a run that is killed in between sends that record again, under the
same id. A sink that does not answer is not asked again in the same run.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from trueup.adapters.events.codes import SINK_FAILED
from trueup.adapters.events.formats import CONTENT_TYPES, event_id, events_of
from trueup.adapters.sources.secrets import bearer_headers, read_secret
from trueup.adapters.whole_files import replace_file
from trueup.core.errors import TransientError, TrueupError
from trueup.core.frozen import dataclass
from trueup.core.json import Json
from trueup.ledger.record import Record

_TIMEOUT_SECONDS = 5.0
"""For one event: a sink takes milliseconds, and people wait for the command."""
_BUDGET_SECONDS = 20.0
"""For all events of a run; the next run goes on."""


class SinkError(TransientError):
    """The sink did not take an event."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How a sink came along: records that it took, whether some wait for the next run, and why."""

    count: int
    waiting: bool
    problem: TrueupError | None = None


class _NoRedirects(HTTPRedirectHandler):
    """A token is for the address it was declared with."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing."""


@dataclass(frozen=True, slots=True)
class Sink:
    """One sink.

    Attributes:
        name: For messages.
        kind: Format of its events.
        url: Address; empty when it is a file.
        file: File; empty when it is an address.
        token: Reference to its bearer token.
        root: The repository, for files and references.
        state: Folder that remembers how far it came.
    """

    name: str
    kind: str
    url: str
    file: str
    token: str
    root: Path
    state: Path

    def send(self, newest_first: Iterable[Record], project: str, tool: str) -> Sent:
        """Send the records that it does not have yet, oldest first."""
        count = 0
        end = time.monotonic() + _BUDGET_SECONDS
        try:
            for record in self._missing(newest_first):
                if time.monotonic() > end:
                    return Sent(count, waiting=True)
                for event in events_of(record, self.kind, project, tool):
                    self._put(event)
                self._remember(event_id(record))
                count += 1
        except TrueupError as error:
            return Sent(count, waiting=True, problem=error)
        except OSError as error:
            detail = f"The sink `{self.name}`: `{error.filename or self.state}`: {error.strerror or error}."
            return Sent(count, waiting=True, problem=SinkError(SINK_FAILED, detail))
        return Sent(count, waiting=False)

    def _missing(self, newest_first: Iterable[Record]) -> Iterator[Record]:
        known = ""
        with suppress(OSError, UnicodeDecodeError):
            known = self._cursor.read_text("ascii").strip()
        missing = []
        for record in newest_first:
            if event_id(record) == known:
                break
            missing.append(record)
        return reversed(missing)

    @property
    def _cursor(self) -> Path:
        """Where how far it came is kept: another address is another sink."""
        place = sha256(f"{self.kind}\x00{self.url}\x00{self.file}".encode()).hexdigest()[:12]
        return self.state / f"{self.name}-{place}"

    def _remember(self, id_: str) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        replace_file(self._cursor, f"{id_}\n".encode())

    def _put(self, event: dict[str, Json]) -> None:
        content = json.dumps(event, ensure_ascii=False).encode()
        if self.url:
            self._post(content)
            return
        path = self.root / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _post(self, content: bytes) -> None:
        headers = {"Content-Type": CONTENT_TYPES[self.kind], "User-Agent": "trueup"}
        headers |= bearer_headers(read_secret(self.token, self.root), self.url)
        request = Request(self.url, data=content, headers=headers, method="POST")  # noqa: S310 - http or https, declared
        try:
            with build_opener(_NoRedirects, ProxyHandler()).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                status = answer.status
        except HTTPError as error:
            with error:
                status = error.code
        except (OSError, HTTPException) as error:
            why = str(getattr(error, "reason", "") or error) or type(error).__name__
            raise SinkError(SINK_FAILED, f"The sink `{self.name}` cannot be reached: {why}.") from error
        if status not in range(200, 300):
            raise SinkError(SINK_FAILED, f"The sink `{self.name}` answered {status}.")
