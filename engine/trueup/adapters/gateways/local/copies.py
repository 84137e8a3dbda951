"""Copies of live requests for a release that nobody is answered by yet: asked after the client has its answer.

They are the first to go: there is a bound for all of them, one that finds it reached is dropped and counted, and those
under way end when the table no longer wants them.
"""

import asyncio
import time
from collections.abc import Coroutine

from trueup.adapters.gateways.local.calls import Asked, call
from trueup.adapters.gateways.local.errors import ApiError
from trueup.adapters.gateways.local.heard import COMPARED, Heard, similarity
from trueup.adapters.gateways.local.measures import Answer, Measures
from trueup.adapters.gateways.local.proxy import Proxy
from trueup.adapters.gateways.local.recent import Recent
from trueup.adapters.gateways.local.table import Serving, Table

MOST = 64
"""Copies under way at once: enough to compare by, few beside what clients ask."""


class Copies:
    """The copies under way."""

    def __init__(self, proxy: Proxy, measures: Measures, recent: Recent, most: int = MOST) -> None:
        self._proxy = proxy
        self._measures = measures
        self._recent = recent
        self._most = most
        self._tasks: dict[asyncio.Task[None], tuple[str, str]] = {}

    def offer(self, serving: Serving, asked: Asked, said: str) -> None:
        """Ask *serving* the same in its own time, unless too many copies are under way; *said* is what a client got."""
        if len(self._tasks) >= self._most:
            self._measures.of(serving).copied["dropped"] += 1
            return
        work: Coroutine[None, None, None] = self._asked(serving, asked, said)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = (serving.address, serving.route.release)
        task.add_done_callback(self._tasks.pop)

    def follow(self, table: Table | None) -> None:
        """End the copies that *table* does not want."""
        wanted = {
            (c.address, c.route.release)
            for serving in (table.by_model.values() if table else ())
            for c in serving.candidates
            if c.mirror
        }
        for task, release in list(self._tasks.items()):
            if release not in wanted:
                task.cancel()

    async def close(self) -> None:
        """End all copies."""
        self.follow(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _asked(self, serving: Serving, asked: Asked, said: str) -> None:
        answer, heard = Answer(), Heard(COMPARED)
        try:
            await self._proxy.ask(call(serving, asked, is_copy=True), answer, heard)
        except ApiError as error:
            # What the release does not take counts against it: a client of it would have got nothing else.
            answer.status, answer.failed = error.status, True
        except asyncio.CancelledError:
            self._measures.of(serving).copied["dropped"] += 1
            raise
        if answer.status == 200:
            answer.similarity = similarity(said, heard.text)
        answer.at = answer.at or time.time()
        self._measures.of(serving).add_copy(answer)
        self._recent.add(serving, answer, is_copy=True)
