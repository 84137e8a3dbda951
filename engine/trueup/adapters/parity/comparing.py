"""Two networks on the same tokens: divergence, agreement and loss of each sequence."""

from typing import TYPE_CHECKING

from trueup.adapters.networks.working import side_by_side
from trueup.evidence.parity import SequenceParity
from trueup.ports import Progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_AT_ONCE = 4 << 20
"""Logits held at a time: of a vocabulary of 128,000, those of 32 tokens."""


def compare(
    source: "tuple[Floats, Floats]",
    result: "tuple[Floats, Floats]",
    tokens: "NDArray[np.int64]",
    progress: Progress,
) -> tuple[SequenceParity, ...]:
    """Compare the predictions of two networks, each given by its final states and its output head."""
    progress("comparing logits", 0, len(tokens))
    with side_by_side() as apply:
        compared = apply(
            lambda number: _compare_one((source[0][number], source[1]), (result[0][number], result[1]), tokens[number]),
            range(len(tokens)),
        )
    progress("comparing logits", len(tokens), len(tokens))
    return tuple(compared)


def _compare_one(
    source: "tuple[Floats, Floats]", result: "tuple[Floats, Floats]", tokens: "NDArray[np.int64]"
) -> SequenceParity:
    import numpy as np

    predictions = len(tokens) - 1
    step = max(_AT_ONCE // len(source[1]), 1)
    total = np.zeros(5)
    for begin in range(0, predictions, step):
        part = slice(begin, min(begin + step, predictions))
        following = tokens[part.start + 1 : part.stop + 1]
        total += compare_logits(source[0][part] @ source[1].T, result[0][part] @ result[1].T, following)
    kl, agreed, loss_source, loss_result, not_finite = (float(v) for v in total)
    return SequenceParity(predictions, kl, int(agreed), loss_source, loss_result, int(not_finite))


def compare_logits(source: "Floats", result: "Floats", following: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Return the sums of KL(source || result), agreement, both losses, and predictions that are no numbers.

    Args:
        source: Logits, predictions x vocabulary.
        result: Logits of the other network.
        following: The tokens that came next.
    """
    import numpy as np

    finite = np.isfinite(source).all(axis=1) & np.isfinite(result).all(axis=1)
    source, result, following = source[finite], result[finite], following[finite]
    p, q = _log_softmax(source), _log_softmax(result)
    rows = np.arange(len(following))
    # Rounding can bring the divergence of equal distributions below zero, where it never is.
    divergence = np.maximum((np.exp(p) * (p - q)).sum(axis=1), 0.0)
    agreed = source.argmax(axis=1) == result.argmax(axis=1)
    losses = -p[rows, following].sum(), -q[rows, following].sum()
    return np.array([divergence.sum(), agreed.sum(), *losses, (~finite).sum()], np.float64)


def _log_softmax(logits: "Floats") -> "NDArray[np.float64]":
    import numpy as np

    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf)
    normed: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normed
