"""What counts as an answer that declines."""

import pytest

from trueup.evidence.refusals import LOOKED_AT, is_refusal


@pytest.mark.parametrize(
    ("answer", "declines"),
    [
        ("I can't help with that.", True),
        ("I can\N{RIGHT SINGLE QUOTATION MARK}t help with that.", True),
        ("I'M SORRY, but no.", True),
        ("The capital of Japan is Tokyo.", False),
        ("", False),
        ("x" * LOOKED_AT + " I can't help with that.", False),
    ],
)
def test_an_answer_declines_when_it_says_so_at_once(answer: str, declines: bool) -> None:
    assert is_refusal(answer) is declines
