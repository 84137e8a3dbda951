"""Many short sequences in batches: the same numbers as one sequence at a time, whatever is beside them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from artifacts import TINY, broken_tiny, silent
from families import FAMILIES, WINDOWED, make_family
from trueup.adapters.networks.batched import BatchedNetwork
from trueup.adapters.networks.decoder import hidden_states, output_head
from trueup.adapters.networks.opening import Network, open_network
from trueup.adapters.networks.trees import Tree, pack

Floats = NDArray[np.float64]


def drawn(seed: int, count: int) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).integers(3, 768, count)]


def one_by_one(network: Network, tokens: list[int], predicted: int) -> float:
    """Return the log-likelihood of the last tokens, by the other forward pass."""
    states = hidden_states(network.decoder, network, np.array([tokens]), silent, "")[0]
    logits = (states @ output_head(network).T).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    normed = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    places = range(len(tokens) - predicted, len(tokens))
    return float(sum(normed[i - 1, tokens[i]] for i in places))


def in_batch(network: BatchedNetwork, trees: list[Tree]) -> Floats:
    packed = pack(trees)
    with np.errstate(all="ignore"):
        states = network.states([packed], lambda function, values: [function(v) for v in values])[0]
        each = network.log_likelihoods(states, packed.targets)
    sums: Floats = np.bincount(packed.owners, weights=each)
    return sums


@pytest.mark.parametrize("family", [*FAMILIES, *WINDOWED])
def test_batches_give_what_single_sequences_give(family: str, tmp_path: Path) -> None:
    network = open_network(make_family(family, tmp_path / "model"))
    trees = [
        Tree((1,), (tuple(drawn(1, 60)),)),
        Tree(tuple(drawn(2, 40)), (tuple(drawn(3, 5)), tuple(drawn(4, 1)), tuple(drawn(5, 3)))),
        Tree(tuple(drawn(6, 40)), (tuple(drawn(7, 5)), tuple(drawn(8, 1)), tuple(drawn(9, 3)))),
        Tree(tuple(drawn(10, 150)), (tuple(drawn(11, 2)),)),
    ]
    expected = [one_by_one(network, [*t.trunk, *b], len(b)) for t in trees for b in t.branches]
    np.testing.assert_allclose(in_batch(BatchedNetwork(network), trees), expected, rtol=2e-5, atol=2e-4)


def test_weights_that_do_not_fit_in_memory_are_read_again_and_give_the_same(tmp_path: Path) -> None:
    network = open_network(make_family("llama", tmp_path / "model"))
    trees = [Tree((1,), (tuple(drawn(n, 20 + n)),)) for n in range(4)]
    kept, read_again = BatchedNetwork(network), BatchedNetwork(network)
    assert kept.keeps
    read_again.keeps = False
    np.testing.assert_array_equal(in_batch(kept, trees), in_batch(read_again, trees))


def test_scores_that_overflow_an_exponent_are_still_attended_by(tmp_path: Path) -> None:
    class Loud:
        """A network whose queries are fifty times as large: attention looks at single tokens."""

        def __init__(self, quiet: Network) -> None:
            self.decoder, self.names, self._quiet = quiet.decoder, quiet.names, quiet

        def load(self, name: str) -> NDArray[np.float32]:
            values = self._quiet.load(name)
            return values * np.float32(50) if "q_proj" in name else values

    network = Loud(open_network(make_family("llama", tmp_path / "model")))
    trees = [Tree((1,), (tuple(drawn(1, 50)),))]
    found, expected = in_batch(BatchedNetwork(network), trees), [one_by_one(network, [1, *drawn(1, 50)], 50)]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_what_is_no_number_stays_none(tmp_path: Path) -> None:
    network = BatchedNetwork(open_network(broken_tiny(tmp_path / "nan", "nan")))
    assert np.isnan(in_batch(network, [Tree((1,), ((5, 6, 7),)), Tree((1, 2), ((5,),))])).all()


def test_a_head_that_is_no_number_spoils_every_prediction() -> None:
    class Headless:
        def __init__(self, whole: Network) -> None:
            self.decoder, self.names, self._whole = whole.decoder, whole.names, whole

        def load(self, name: str) -> NDArray[np.float32]:
            values = self._whole.load(name).copy()
            if name == "model.embed_tokens.weight":
                values[700, 3] = np.inf
            return values

    assert np.isnan(in_batch(BatchedNetwork(Headless(open_network(TINY / "v2"))), [Tree((1,), ((5, 6),))])).all()
