"""What counts as an answer that declines."""

import pytest

from trueup.evidence.refusals import LOOKED_AT, PHRASES, is_refusal


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_declines_in_any_case(phrase: str) -> None:
    assert is_refusal(f"Well, {phrase.upper()} help with that.")


def test_a_curled_apostrophe_is_an_apostrophe() -> None:
    assert is_refusal("I\N{RIGHT SINGLE QUOTATION MARK}m sorry.")


@pytest.mark.parametrize("answer", ["", "The capital of Japan is Tokyo.", "x" * LOOKED_AT + " I can't help with that."])
def test_other_answers_do_not_decline(answer: str) -> None:
    assert not is_refusal(answer)
