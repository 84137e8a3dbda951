"""Log-likelihoods from a server that echoes the prompt with its log-probabilities, as vLLM does.

Tokens are sent as numbers, made by the artifact's own tokenizer: which of them belong to a choice is then certain.
"""

import http.client
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from urllib.parse import urlsplit

from trueup.adapters.evaluators import codes
from trueup.adapters.evaluators.likelihood.codes import NO_ECHO
from trueup.adapters.evaluators.likelihood.computing import Item
from trueup.adapters.networks.trees import Tree
from trueup.adapters.networks.vocabulary import Vocabulary
from trueup.core.errors import PermanentError, TransientError
from trueup.core.frozen import dataclass
from trueup.core.json import Json

WITHOUT_ECHO = frozenset({"llama.cpp", "transformers"})
"""Runtimes that are known to ignore `echo`."""
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class EndpointScorer:
    """`Scorer` of a server.

    Attributes:
        server: Gives the base address, without `/v1`.
        model: Name that the server knows its model by.
        words: Gives the artifact's vocabulary.
        concurrency: Questions at a time.
        timeout_seconds: For one answer.
    """

    server: Callable[[], str]
    model: Callable[[str], str]
    words: Callable[[], Vocabulary]
    concurrency: int
    timeout_seconds: float

    @property
    def vocabulary(self) -> Vocabulary:
        """The artifact's own."""
        return self.words()

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Yield as answers come; each branch is a question of its own."""
        base_url = self.server()
        model = self.model(base_url)
        with ThreadPoolExecutor(self.concurrency) as pool:
            waiting: dict[Future[tuple[float, ...]], int] = {}
            rest = iter(items)
            try:
                while True:
                    # No more than are asked at a time: of those that follow an error, none need be asked.
                    while len(waiting) < self.concurrency and (item := next(rest, None)) is not None:
                        waiting[pool.submit(self._tree, base_url, model, item[1])] = item[0]
                    if not waiting:
                        return
                    for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                        yield waiting.pop(done), done.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _tree(self, base_url: str, model: str, tree: Tree) -> tuple[float, ...]:
        return tuple(self._branch(base_url, model, tree.trunk, branch) for branch in tree.branches)

    def _branch(self, base_url: str, model: str, trunk: tuple[int, ...], branch: tuple[int, ...]) -> float:
        # One token is asked for because some servers refuse none; it is not looked at.
        asked: dict[str, Json] = {"max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
        body = {"model": model, "prompt": [*trunk, *branch], **asked}
        answer = _completion(base_url, body, self.timeout_seconds)
        given = _log_probabilities(answer, len(trunk) + len(branch), base_url)
        return math.fsum(math.nan if p is None else p for p in given[len(trunk) :])


def _log_probabilities(answer: Json, length: int, base_url: str) -> list[float | None]:
    """Return the log-probability of each token of the prompt; None where the server gives no number."""
    try:
        given = answer["choices"][0]["logprobs"]["token_logprobs"]  # type: ignore[index,call-overload]
    except (KeyError, IndexError, TypeError):
        given = None
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) < length:
        some = "none" if not isinstance(given, Sequence) else str(len(given))
        detail = f"{base_url} was asked for log-probabilities of {length} tokens of a prompt and gave {some}."
        raise PermanentError(NO_ECHO, detail)
    return [float(p) if isinstance(p, int | float) else None for p in given[:length]]


def _completion(base_url: str, body: Mapping[str, Json], timeout_seconds: float) -> Json:
    url = urlsplit(base_url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "127.0.0.1", url.port, timeout=timeout_seconds)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    try:
        connection.request("POST", url.path.rstrip("/") + "/v1/completions", json.dumps(body).encode(), headers)
        answer = connection.getresponse()
        status, content = answer.status, answer.read()
    except TimeoutError as error:
        raise TransientError(codes.NO_ANSWER, f"{base_url} took longer than {timeout_seconds:g} s.") from error
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(codes.NO_ANSWER, f"{base_url}: {error!r}.") from error
    finally:
        connection.close()
    shown = content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
    if status != http.client.OK:
        refusal = TransientError if status >= 500 or status == http.client.TOO_MANY_REQUESTS else PermanentError
        raise refusal(codes.REFUSED, f"HTTP {status} from {base_url}: {shown}")
    try:
        parsed: Json = json.loads(content)
    except ValueError as error:
        raise PermanentError(codes.NOT_TEXT, f"{base_url} answered: {shown}") from error
    return parsed
