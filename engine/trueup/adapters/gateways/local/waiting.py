"""Requests that wait while a release is swapped in place, and go on by the table that comes then."""

import asyncio
from collections.abc import Callable

from trueup.adapters.gateways.local.errors import ApiError, unavailable

MOST = 1000
"""Each holds a connection and a body of 8 MiB at most; more clients than that are better told to come again."""


class Waiting:
    """The requests that wait."""

    def __init__(self, most: int = MOST) -> None:
        self.count = 0
        self._most = most
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Let all look again: another table is in force."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, claim: Callable[[], bool], seconds: float) -> None:
        """Return when *claim* has become true.

        Raises:
            ApiError: It did not within *seconds*, or too many wait already.
        """
        if self.count >= self._most:
            raise _swapped()
        self.count += 1
        try:
            async with asyncio.timeout(seconds):
                while not claim():
                    await self._changed.wait()
        except TimeoutError as error:
            raise _swapped() from error
        finally:
            self.count -= 1


def _swapped() -> ApiError:
    return unavailable("The model is being exchanged.")
