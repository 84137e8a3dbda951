"""Tokens that are read together: a beginning that several continuations share is read once.

A text has one continuation, the choices of a question have one each. Positions go on after the beginning for every
continuation, and none sees another.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from trueup.core.frozen import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, ...]
"""Tokens of the trunk, then the tokens of each branch that are read."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What is read and what is predicted.

    Attributes:
        trunk: The common beginning, at least one token; none of it is predicted.
        branches: Continuations, each at least one token; all of their tokens are predicted.
    """

    trunk: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]

    @property
    def shape(self) -> Shape:
        """Lengths that are read: the last token of a branch is only predicted."""
        return (len(self.trunk), *(len(b) - 1 for b in self.branches))

    @property
    def read(self) -> int:
        """Tokens that are read."""
        return sum(self.shape)

    @property
    def predicted(self) -> int:
        """Tokens that are predicted."""
        return sum(len(b) for b in self.branches)


@dataclass(frozen=True)
class Packed:
    """Trees one after the other, without any filling between them.

    Attributes:
        tokens: What is read.
        positions: Where each stands in its own text.
        groups: Runs of trees of one shape: shape and how many.
        rows: For each prediction, the place in `tokens` whose state predicts it.
        targets: For each prediction, the token that comes.
        owners: For each prediction, the number of its branch, counted over all trees.
    """

    tokens: "NDArray[np.int64]"
    positions: "NDArray[np.int64]"
    groups: tuple[tuple[Shape, int], ...]
    rows: "NDArray[np.int64]"
    targets: "NDArray[np.int64]"
    owners: "NDArray[np.int64]"

    @property
    def predicts_all(self) -> bool:
        """Whether each token that is read predicts one, in order."""
        return all(shape[0] == 1 and len(shape) == 2 for shape, _ in self.groups)


def pack(trees: Sequence[Tree]) -> Packed:
    """Lay *trees* one after the other; those of one shape that follow one another are computed together."""
    import numpy as np

    tokens, groups, targets, owners = list[int](), list[tuple[Shape, int]](), list[int](), list[int]()
    positions, rows = [], []
    branches = 0
    for tree in trees:
        shape = tree.shape
        place, predicting = _layout(shape)
        rows.append(predicting + len(tokens))
        positions.append(place)
        tokens += tree.trunk
        for branch in tree.branches:
            tokens += branch[:-1]
            targets += branch
            owners += [branches] * len(branch)
            branches += 1
        if groups and groups[-1][0] == shape:
            groups[-1] = (shape, groups[-1][1] + 1)
        else:
            groups.append((shape, 1))
    return Packed(
        np.array(tokens, np.int64),
        np.concatenate(positions),
        tuple(groups),
        np.concatenate(rows),
        np.array(targets, np.int64),
        np.array(owners, np.int64),
    )


@lru_cache(maxsize=4096)
def _layout(shape: Shape) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return the position of each token that is read, and the place that predicts each token of each branch."""
    import numpy as np

    trunk, *branches = shape
    positions, rows = [np.arange(trunk)], []
    begin = trunk
    for length in branches:
        positions.append(np.arange(trunk, trunk + length))
        rows.append(np.array([trunk - 1, *range(begin, begin + length)]))
        begin += length
    return np.concatenate(positions), np.concatenate(rows)


@lru_cache(maxsize=256)
def visible(shape: Shape, window: int) -> "NDArray[np.float32]":
    """Return which tokens (columns) each token (rows) sees: 1 or 0.

    Args:
        shape: Of the tree.
        window: How many tokens one sees, itself among them; 0 for all.
    """
    import numpy as np

    positions, _ = _layout(shape)
    # The trunk is branch 0, which all see.
    branch = np.repeat(np.arange(len(shape)), shape)
    apart = positions[:, None] - positions[None, :]
    seen = (apart >= 0) & ((branch[None, :] == 0) | (branch[:, None] == branch[None, :]))
    if window:
        seen &= apart < window
    counted: NDArray[np.float32] = seen.astype(np.float32)
    return counted
