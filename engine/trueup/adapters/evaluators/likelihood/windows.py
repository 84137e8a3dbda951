"""Cuts a text that is longer than the context into windows, so that each of its tokens is predicted exactly once."""

from collections.abc import Iterator, Sequence

from trueup.adapters.networks.trees import Tree


def windows(tokens: Sequence[int], prefix: int, context: int, stride: int) -> Iterator[Tree]:
    """Yield what is read and predicted, window by window.

    The first window begins after *prefix*, which stands for nothing before the text. Every later one predicts up to
    *stride* tokens from the *context* tokens before the last of them. A stride of the whole context is
    lm-evaluation-harness's `loglikelihood_rolling`; a smaller one gives every token more before it, and costs more.

    Args:
        tokens: Of the text.
        prefix: Token that the text begins after.
        context: Most tokens that are read at once.
        stride: Tokens that a window after the first predicts, 1 to *context*.
    """
    end = min(context, len(tokens))
    if end:
        yield Tree((prefix,), (tuple(tokens[:end]),))
    while end < len(tokens):
        begin, end = end, min(end + stride, len(tokens))
        yield Tree(tuple(tokens[end - context - 1 : begin]), (tuple(tokens[begin:end]),))
