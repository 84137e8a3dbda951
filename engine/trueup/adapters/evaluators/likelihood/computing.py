"""Log-likelihoods of trees: from the weights, in batches of like length.

One thread unless more are declared: servers run on the same machine, and linear algebra that takes all cores waits
busily for those that something else has taken.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trueup.adapters.evaluators.likelihood.codes import OTHER_TOKENS
from trueup.adapters.networks.batched import Apply, BatchedNetwork
from trueup.adapters.networks.opening import Network, open_network
from trueup.adapters.networks.trees import Packed, Tree, pack
from trueup.adapters.networks.vocabulary import Vocabulary, vocabulary_of
from trueup.core.errors import PermanentError
from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

BATCH_TOKENS = 8192
"""Most tokens of a batch, whatever the number of its texts: what is in memory between two layers."""

ROUND_TOKENS = 1 << 18
"""Tokens that go through a layer before the next one is read, where the weights do not fit in memory."""

Item = tuple[int, Tree]
"""A tree and the number of what it belongs to."""


class Scorer(Protocol):
    """Gives log-likelihoods."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What turns text into its tokens."""
        ...

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Yield, in any order, the number of each item with the summed log-likelihood of each of its branches."""
        ...


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is computed at once.

    Attributes:
        batch: Most texts of a batch.
        threads: Batches at a time.
    """

    batch: int
    threads: int


class NumpyScorer:
    """`Scorer` of what lies at *place*."""

    def __init__(self, place: Path, source: Path | None, sizes: Sizes) -> None:
        self._place, self._source, self._sizes = place, source, sizes

    @cached_property
    def network(self) -> BatchedNetwork:
        """The network, opened when something is computed."""
        return BatchedNetwork(self._opened)

    @cached_property
    def _opened(self) -> Network:
        return open_network(self._place)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The artifact's own."""
        return vocabulary_of(self._place, getattr(self._opened, "fields", None), self._source)

    def score(self, items: Sequence[Item]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Yield batch by batch, the longest first."""
        import numpy as np

        network = self.network
        check_tokens(items, network.vocabulary)
        with working(self._sizes.threads) as apply:
            for chosen in rounds(items, self._sizes, keeps=network.keeps):
                packed = [pack([tree for _, tree in batch]) for batch in chosen]
                states = network.states(packed, apply)
                for batch, laid, found in zip(chosen, packed, states, strict=True):
                    each = network.log_likelihoods(found, laid.targets)
                    sums = iter(np.bincount(laid.owners, weights=each).tolist())
                    for number, tree in batch:
                        yield number, tuple(next(sums) for _ in tree.branches)


class NumpyComparer:
    """Two networks on the same tokens."""

    def __init__(self, artifact: NumpyScorer, source: NumpyScorer, sizes: Sizes) -> None:
        self._artifact, self._source, self._sizes = artifact, source, sizes

    @property
    def vocabulary(self) -> Vocabulary:
        """The artifact's."""
        return self._artifact.vocabulary

    def compare(self, items: Sequence[Item]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """Yield for each item the sums of divergence, agreement and both losses, and predictions without a number."""
        networks = (self._source.network, self._artifact.network)
        if networks[0].vocabulary != networks[1].vocabulary:
            detail = f"The source knows {networks[0].vocabulary} tokens, the artifact {networks[1].vocabulary}."
            raise PermanentError(OTHER_TOKENS, detail)
        check_tokens(items, networks[0].vocabulary)
        with working(self._sizes.threads) as apply:
            for chosen in rounds(items, self._sizes, keeps=all(n.keeps for n in networks)):
                packed = [pack([tree for _, tree in batch]) for batch in chosen]
                both = [network.states(packed, apply) for network in networks]
                for batch, laid, source, artifact in zip(chosen, packed, *both, strict=True):
                    yield from _compared(batch, laid, networks, (source, artifact))


def _compared(
    batch: Sequence[Item],
    laid: Packed,
    networks: tuple[BatchedNetwork, BatchedNetwork],
    states: "tuple[Floats, Floats]",
) -> Iterator[tuple[int, tuple[float, ...]]]:
    from trueup.adapters.parity.comparing import compare_logits

    begin = 0
    for number, tree in batch:
        part = slice(begin, begin + tree.predicted)
        logits = [network.logits(each[part]) for network, each in zip(networks, states, strict=True)]
        yield number, tuple(map(float, compare_logits(logits[0], logits[1], laid.targets[part])))
        begin = part.stop


def check_tokens(items: Iterable[Item], known: int) -> None:
    """Refuse tokens that the network has no embedding of.

    Raises:
        PermanentError: There are some (LIK005).
    """
    most = max((token for _, t in items for part in (t.trunk, *t.branches) for token in part), default=0)
    if most >= known:
        raise PermanentError(OTHER_TOKENS, f"The tokenizer gives the token {most}, and the network knows {known}.")


def rounds(items: Sequence[Item], sizes: Sizes, *, keeps: bool) -> Iterator[list[list[Item]]]:
    """Yield batches that are computed together: as many as threads, or as many as one reading of weights is worth."""
    gathered: list[list[Item]] = []
    tokens = 0
    for batch in batches(items, sizes.batch):
        gathered.append(batch)
        tokens += sum(tree.read for _, tree in batch)
        if len(gathered) >= sizes.threads if keeps else tokens >= ROUND_TOKENS:
            yield gathered
            gathered, tokens = [], 0
    if gathered:
        yield gathered


def batches(items: Sequence[Item], most: int) -> Iterator[list[Item]]:
    """Yield batches of *items*, the longest first and those of one shape side by side."""
    batch: list[Item] = []
    tokens = 0
    for item in sorted(items, key=lambda i: (i[1].read, i[1].shape), reverse=True):
        if batch and (len(batch) >= most or tokens + item[1].read > BATCH_TOKENS):
            yield batch
            batch, tokens = [], 0
        batch.append(item)
        tokens += item[1].read
    if batch:
        yield batch


@contextmanager
def working(threads: int) -> Iterator[Apply]:
    """Give what applies a function to values, *threads* at a time, each with one thread of linear algebra."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:

        def apply(function, values):  # type: ignore[no-untyped-def]  # as `Apply` says
            def quietly(value):  # type: ignore[no-untyped-def]  # a broken model is a finding, and no warning beside it
                with np.errstate(all="ignore"):
                    return function(value)

            return list((map if threads == 1 else pool.map)(quietly, values))

        yield apply
