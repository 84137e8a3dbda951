"""Sends requests so that as many as planned are open at a time, and keeps what came of each."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

from trueup.adapters.evaluators.load.answers import Answer, FailedAnswerError, read_answer
from trueup.adapters.evaluators.load.plan import Plan
from trueup.core.frozen import dataclass
from trueup.core.json import Json

SHOWN_CHARACTERS = 200
_LONGEST_LINE = 4 << 20
"""Bytes of one event; what is longer is no event of a token."""

Ask = Callable[[int], Awaitable[Answer]]
"""Sends the request of a number and reads its answer."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A load that ended.

    Attributes:
        answers: What came of each request, in the order they were begun.
        seconds: From the first request to the end of the last.
    """

    answers: tuple[Answer | FailedAnswerError, ...]
    seconds: float


async def drive(plan: Plan, ask: Ask, clock: Callable[[], float], done: Callable[[int], None]) -> Measured:
    """Warm up, then keep `plan.concurrency` requests open until there were enough of them.

    Args:
        plan: The load.
        ask: Sends one request; those of the warm-up have numbers below 0.
        clock: Seconds that never go back.
        done: Told how many measured requests have ended.
    """
    await _phase(plan, ask, range(-plan.warmup, 0), lambda: False, lambda _: None)
    began = clock()
    numbers = range(plan.requests) if plan.requests else range(1 << 62)
    over = (lambda: False) if plan.requests else (lambda: clock() - began >= plan.seconds)
    answers = await _phase(plan, ask, numbers, over, done)
    return Measured(tuple(answers[number] for number in sorted(answers)), clock() - began)


async def _phase(
    plan: Plan, ask: Ask, numbers: range, is_over: Callable[[], bool], done: Callable[[int], None]
) -> dict[int, Answer | FailedAnswerError]:
    answers: dict[int, Answer | FailedAnswerError] = {}
    rest = iter(numbers)

    async def work() -> None:
        while not is_over() and (number := next(rest, None)) is not None:
            try:
                answers[number] = await ask(number)
            except FailedAnswerError as failure:
                answers[number] = failure
            done(len(answers))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(plan.concurrency):
            tasks.create_task(work())
    return answers


async def asked(
    session: aiohttp.ClientSession, base_url: str, body: Mapping[str, Json], clock: Callable[[], float]
) -> Answer:
    """Send one chat completion and read its stream.

    Raises:
        FailedAnswerError: There is no whole answer.
    """
    content = json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}}).encode()
    headers = {"Content-Type": "application/json"}
    began = clock()
    try:
        async with session.post(f"{base_url}/v1/chat/completions", data=content, headers=headers) as response:
            if response.status != 200:
                shown = (await response.content.read(SHOWN_CHARACTERS)).decode("utf-8", "replace")
                may_pass = response.status >= 500 or response.status == 429
                raise FailedAnswerError(f"HTTP {response.status}: {shown}", may_pass=may_pass)
            return await read_answer(response.content, began, clock)
    except TimeoutError as error:
        raise FailedAnswerError("no whole answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise FailedAnswerError(f"the connection failed ({type(error).__name__})") from error
    except ValueError as error:
        raise FailedAnswerError("an event is too long", may_pass=False) from error


async def load(
    plan: Plan,
    base_url: str,
    bodies: Callable[[int], Mapping[str, Json]],
    times: tuple[Callable[[], float], float],
    done: Callable[[int], None],
) -> Measured:
    """Drive *plan* against a server; *times* are the clock and the seconds that one answer may take."""
    clock, timeout_seconds = times
    # A connection for each request, as the gateway has for streams: llama.cpp ends its own after a stream without
    # saying so, and every second request would fail.
    connector = aiohttp.TCPConnector(limit=plan.concurrency, force_close=True)
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, read_bufsize=_LONGEST_LINE, trust_env=False
    ) as session:
        return await drive(plan, lambda n: asked(session, base_url, bodies(n), clock), clock, done)
