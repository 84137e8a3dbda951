"""A streamed answer as its tokens come, by a clock that the test moves."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.adapters.evaluators.load.answers import Answer, FailedAnswerError, read_answer
from trueup.adapters.evaluators.load.driving import drive
from trueup.adapters.evaluators.load.plan import Plan, read_plan
from trueup.adapters.evaluators.work import Task
from trueup.core.errors import PermanentError

ROLE = {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
LAST = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
DONE = b"[DONE]"


def says(text: str, field: str = "content") -> dict[str, Any]:
    return {"choices": [{"delta": {field: text}}]}


class Stream:
    """Events, each with the time it comes at; the clock shows the time of the last one."""

    def __init__(self, events: Sequence[tuple[float, Any]]) -> None:
        self.now, self._events = 0.0, events

    async def lines(self) -> AsyncIterator[bytes]:
        for at, event in self._events:
            self.now = at
            spelled = event if isinstance(event, bytes) else json.dumps(event).encode()
            yield b"data: " + spelled + b"\r\n"
            yield b"\r\n"

    def read(self, began: float = 0.0) -> Answer:
        return asyncio.run(read_answer(self.lines(), began, lambda: self.now))


def test_the_first_token_is_the_first_text_and_not_the_first_event() -> None:
    answer = Stream([(1.0, ROLE), (3.0, says("a")), (4.0, says("b")), (6.0, says("c")), (9.0, LAST), (9.5, DONE)]).read(
        0.5
    )
    assert answer.first_seconds == 2.5
    assert answer.seconds == 5.5
    assert answer.inter_token_seconds == 1.5
    assert answer.gaps == (1.0, 2.0)
    assert (answer.text, answer.tokens, answer.completion_tokens) == ("abc", 3, None)


def test_the_servers_own_count_of_tokens_counts() -> None:
    answer = Stream([(1.0, says("a")), (4.0, says("bcd")), (4.0, LAST), (5.0, USAGE), (5.0, DONE)]).read()
    assert (answer.tokens, answer.prompt_tokens) == (4, 3)
    # Two pieces, four tokens: three steps in three seconds.
    assert answer.inter_token_seconds == 1.0


def test_thinking_is_text_that_users_wait_for_no_longer_than_for_its_first_token() -> None:
    answer = Stream([(1.0, says("hm", "reasoning_content")), (2.0, says("a")), (2.0, DONE)]).read()
    assert answer.first_seconds == 1.0
    assert answer.text == "hma"


@pytest.mark.parametrize(
    "events", [[(1.0, says("a")), (2.0, DONE)], [(1.0, {**USAGE, "usage": None}), (1.0, says("a")), (2.0, LAST)]]
)
def test_one_token_has_no_time_between_tokens(events: Any) -> None:
    answer = Stream(events).read()
    assert answer.inter_token_seconds is None
    assert answer.gaps == ()


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "broke off"),
        ([(1.0, says("a"))], "broke off"),
        ([(1.0, ROLE), (2.0, LAST), (2.0, DONE)], "no text"),
        ([(1.0, b"{")], "no JSON"),
        ([(1.0, b"[]")], "no JSON object"),
        ([(1.0, b"[" * 100_000)], "no JSON"),
        ([(1.0, {"error": {"message": "full"}})], "an error"),
        ([(1.0, {"choices": "x"}), (1.0, DONE)], "no text"),
        ([(1.0, {"choices": [3]}), (1.0, DONE)], "no text"),
        ([(1.0, says(3)), (1.0, DONE)], "no text"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_whole_answer_has_failed(events: Any, reason: str) -> None:
    with pytest.raises(FailedAnswerError, match=reason):
        Stream(events).read()


@given(st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_gaps_add_up_to_what_is_between_first_and_last_token(steps: list[float]) -> None:
    times = [sum(steps[: n + 1]) for n in range(len(steps))]
    answer = Stream([*((t, says("x")) for t in times), (times[-1], DONE)]).read()
    assert sum(answer.gaps) == pytest.approx(answer.seconds - answer.first_seconds, abs=1e-9)
    assert answer.inter_token_seconds == pytest.approx(sum(answer.gaps) / (len(steps) - 1), abs=1e-9)


def plan(**declared: Any) -> Plan:
    return read_plan(Task("latency", declared), 2, 5)


class Server:
    """Answers after the loop came round a few times, and counts how many requests are open."""

    def __init__(self) -> None:
        self.open = self.most = 0
        self.now = 0.0
        self.asked: list[int] = []

    async def ask(self, number: int) -> Answer:
        self.asked.append(number)
        self.open += 1
        self.most = max(self.most, self.open)
        for _ in range(3):
            await asyncio.sleep(0)
        self.open -= 1
        self.now += 1.0
        if number == 3:
            raise FailedAnswerError("the stream broke off")
        return Answer(self.now - 1, (self.now,), "a")


def test_as_many_requests_are_open_as_declared_and_the_warm_up_is_not_measured() -> None:
    server, told = Server(), list[int]()
    made = plan(concurrency=3, requests=7, warmup=4)
    ended = asyncio.run(drive(made, server.ask, lambda: server.now, told.append))
    assert server.most == 3
    assert sorted(server.asked) == [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
    assert server.asked[:4] == [-4, -3, -2, -1]
    assert len(ended.answers) == 7
    assert [isinstance(a, FailedAnswerError) for a in ended.answers].index(True) == 3
    assert ended.seconds == 7.0
    assert told == list(range(1, 8))


def test_a_duration_ends_the_beginning_of_requests_and_those_that_are_open_are_answered() -> None:
    server = Server()
    made = plan(concurrency=2, duration="10s", warmup=0)
    ended = asyncio.run(drive(made, server.ask, lambda: server.now, lambda _: None))
    assert ended.seconds >= 10
    assert len(ended.answers) == len(server.asked) == ended.seconds
    assert server.open == 0


def test_what_is_not_declared_comes_from_the_server_and_the_data() -> None:
    assert plan() == Plan(2, 5, 0.0, 2, 0, 0, {}, 0.0)
    slo = {"ttft": "800ms", "itl": "40ms", "e2eLatency": "2s", "percentile": "p95", "goodput": 0.9}
    assert plan(slo=slo).bounds == {"ttft": 800.0, "inter_token_latency": 40.0, "latency": 2000.0}
    assert plan(duration="1m30s").seconds == 90
    assert plan(duration="1m30s").requests == 0


@pytest.mark.parametrize(
    "declared",
    [
        {"concurrency": 0},
        {"concurrency": 1.5},
        {"requests": "many"},
        {"requests": 3, "duration": "3s"},
        {"duration": 3},
        {"duration": "3"},
        {"duration": "0s"},
        {"duration": "9" * 400 + "w"},
        {"warmup": -1},
        {"slo": "fast"},
        {"slo": {"tpot": "3ms"}},
        {"slo": {"ttft": 3}},
        {"maxErrorRate": 2},
        {"maxErrorRate": True},
    ],
)
def test_a_load_that_is_no_load_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises(PermanentError, match="EVAL006"):
        plan(**declared)
