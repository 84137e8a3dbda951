"""Tokens that are read together: what each position is, sees and predicts."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trueup.adapters.networks.trees import Tree, pack, visible

TOKENS = st.lists(st.integers(0, 50), min_size=1, max_size=6).map(tuple)
TREES = st.builds(Tree, TOKENS, st.lists(TOKENS, min_size=1, max_size=4).map(tuple))


@given(st.lists(TREES, min_size=1, max_size=5))
def test_every_token_of_every_branch_is_predicted_once_by_the_token_before_it(trees: list[Tree]) -> None:
    packed = pack(trees)
    predicted = list(zip(packed.tokens[packed.rows].tolist(), packed.targets.tolist(), strict=True))
    paths = [(t.trunk[-1], *b) for t in trees for b in t.branches]
    assert predicted == [pair for path in paths for pair in pairwise(path)]
    assert packed.owners.tolist() == [n for n, path in enumerate(paths) for _ in path[1:]]
    assert len(packed.tokens) == sum(t.read for t in trees)
    assert packed.positions[packed.rows].tolist() == [
        len(t.trunk) - 1 + i for t in trees for b in t.branches for i in range(len(b))
    ]


@given(TREES, st.integers(0, 4))
def test_a_token_sees_what_a_sequence_of_its_own_would_show_it(tree: Tree, window: int) -> None:
    seen = visible(tree.shape, window)
    trunk, begin = len(tree.trunk), len(tree.trunk)
    for length in tree.shape[1:]:
        own = [*range(trunk), *range(begin, begin + length)]
        rows, columns = np.arange(len(own))[:, None], np.arange(len(own))[None, :]
        expected = (columns <= rows) & ((columns > rows - window) if window else True)
        np.testing.assert_array_equal(seen[np.ix_(own, own)], expected.astype(np.float32))
        others = sorted(set(range(tree.read)) - set(own))
        assert not seen[np.ix_(range(begin, begin + length), others)].any()
        begin += length


def test_texts_predict_from_all_that_they_read_and_choices_do_not() -> None:
    assert pack([Tree((1,), ((2, 3),)), Tree((1,), ((4,),))]).predicts_all
    assert not pack([Tree((1, 2), ((3, 4),))]).predicts_all
    assert not pack([Tree((1,), ((3, 4), (5,)))]).predicts_all
