"""Asks many questions: several at a time, from what was kept where it is the same, and honest about half an outcome.

What is kept belongs to everything that decides an answer: weights, build, runtime, arguments and the whole request.
A run that breaks off has kept what was answered, so the next one asks only the rest.
"""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import field
from typing import Generic, TypeVar

from trueup.adapters.evaluators.client import Answer, Client
from trueup.adapters.evaluators.work import Work
from trueup.core.digests import Digest, digest_of
from trueup.core.errors import TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

DEFAULT_TIMEOUT_SECONDS = 120.0
"""For one answer, where the route declares no limit: a small model on one busy core."""

GIVE_UP_AFTER = 3
"""Questions in a row without an answer after which the server is taken for gone."""

_SCHEMA = 1
"""Raised when what is kept is read in another way."""

_DECIDES = ("model", "adapters", "build", "runtime", "arguments")
"""Inputs of a result that decide what one request is answered with; prompt and decoding are in the request."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        body: The request, without `model`.
        turn: Which time it is asked: another time is another question.
    """

    body: Mapping[str, Json]
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked.

    Attributes:
        url: Gives its base URL; asked for only when something is not kept already.
        model: Name of its model where it lists none.
        identity: Digest of what answers; empty when nobody knows, and then nothing is kept.
        timeout_seconds: For one answer.
    """

    url: Callable[[], str]
    model: str
    identity: Digest
    timeout_seconds: float


@dataclass(slots=True)
class _Progress(Generic[K]):
    answers: dict[K, Answer] = field(default_factory=dict)
    failures: list[TransientError] = field(default_factory=list)
    in_a_row: int = 0


def release_server(work: Work) -> Server:
    """Return the server of the release that is evaluated."""
    inputs = dict(work.request.required.inputs)
    decides: dict[str, Json] = {name: inputs[name] for name in _DECIDES if name in inputs}
    identity = digest_of({"schema": _SCHEMA, "server": decides}) if "model" in decides else Digest("")
    return Server(work.server, work.route.model_name, identity, timeout_of(work))


def judge_server(work: Work) -> Server:
    """Return the server of the judge that the evaluation declares; the caller has seen that there is one."""
    judge = work.request.required.judge
    identity = digest_of({"schema": _SCHEMA, "judge": judge.to_json()}) if judge else Digest("")
    return Server(work.judge, judge.route.model_name if judge else "", identity, timeout_of(work))


def timeout_of(work: Work) -> float:
    """Return the seconds that one answer may take."""
    declared = dict(work.route.limits).get("timeoutSeconds")
    return float(declared) if isinstance(declared, int | float) else DEFAULT_TIMEOUT_SECONDS


def ask_all(work: Work, server: Server, questions: Mapping[K, Question], what: str = "") -> dict[K, Answer]:
    """Return the answer to each of *questions*, in their order.

    Args:
        work: Has the cache and the progress.
        server: Who is asked.
        questions: What is asked, by what tells it apart.
        what: What progress is told about; the evaluation when empty.

    Raises:
        PermanentError, TransientError: A question has no answer. What was answered is kept.
    """
    name = what or work.name
    keys = {k: _key_of(server, question) for k, question in questions.items()}
    answers = {k: kept for k, key in keys.items() if (kept := _found(work, key)) is not None}
    work.progress(name, len(answers), len(questions))
    missing = {k: question for k, question in questions.items() if k not in answers}
    if missing:
        answers |= _asked(work, server, missing, keys, name)
    return {k: answers[k] for k in questions}


def _asked(
    work: Work,
    server: Server,
    questions: Mapping[K, Question],
    keys: Mapping[K, Digest],
    name: str,
) -> dict[K, Answer]:
    client = Client(server.url(), server.timeout_seconds)
    model = client.model(server.model)
    state: _Progress[K] = _Progress()
    known = len(keys) - len(questions)
    pool = ThreadPoolExecutor(work.concurrency)
    try:
        futures = {pool.submit(client.chat, {"model": model, **q.body}): k for k, q in questions.items()}
        for future in as_completed(futures):
            _take(work, state, future, futures[future], keys)
            work.progress(name, known + len(state.answers), len(keys))
            if state.in_a_row >= GIVE_UP_AFTER:
                break
    except BaseException:
        client.stop()
        raise
    finally:
        if state.failures:
            client.stop()
        pool.shutdown(wait=True, cancel_futures=True)
    if state.failures:
        first = state.failures[0]
        detail = f"{len(state.answers)} of {len(questions)} questions were answered, then: {first.detail}"
        raise TransientError(first.code, detail) from first
    return state.answers


def _take(work: Work, state: "_Progress[K]", future: "Future[Answer]", k: K, keys: Mapping[K, Digest]) -> None:
    try:
        answer = future.result()
    except TransientError as error:
        state.failures.append(error)
        state.in_a_row += 1
        return
    state.in_a_row = 0
    state.answers[k] = answer
    if keys[k]:
        work.cache.keep(keys[k], _spelled(answer))


def _key_of(server: Server, question: Question) -> Digest:
    if not server.identity:
        return Digest("")
    return digest_of({"server": server.identity, "turn": question.turn, "body": dict(question.body)})


def _found(work: Work, key: Digest) -> Answer | None:
    kept = work.cache.find(key) if key else None
    if kept is None:
        return None
    match kept:
        case {"text": str(text), "seconds": int() | float() as seconds, "tools": [*tools], "end": str(end)}:
            read, written = kept.get("promptTokens"), kept.get("completionTokens")
            return Answer(
                text,
                float(seconds),
                read if isinstance(read, int) else None,
                written if isinstance(written, int) else None,
                end,
                tuple(map(str, tools)),
            )
        case _:
            return None


def _spelled(answer: Answer) -> Mapping[str, Json]:
    return {
        "text": answer.text,
        "seconds": answer.seconds,
        "promptTokens": answer.prompt_tokens,
        "completionTokens": answer.completion_tokens,
        "end": answer.finish_reason,
        "tools": list(answer.tools),
    }
