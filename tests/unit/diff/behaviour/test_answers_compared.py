"""Answers of two releases: what counts as changed, what comes first, and what of it is shown."""

import time

import pytest

from runs import answer
from trueup.diff.behaviour.answers import (
    SHOWN_CHARACTERS,
    SHOWN_QUESTION,
    Change,
    Counts,
    Excerpt,
    Movement,
    compare_answers,
    excerpts,
)
from trueup.evidence.examples import ExampleResult, without_texts

KEY = "sk-" + "a1B2" * 6


def one(old: ExampleResult, new: ExampleResult) -> Change:
    _, (change,) = compare_answers([old], [new], {})
    return change


def test_the_same_answers_are_no_change() -> None:
    run = [answer("a", "Paris."), answer("b", "", None)]
    assert compare_answers(run, run, {}) == (Counts(2, 0, 0, 0, 0, 0), ())


def test_what_broke_comes_first_then_what_was_repaired_then_what_differs_most() -> None:
    words = "one two three four five six seven eight"
    old = [
        answer("little", words),
        answer("much", words),
        answer("repaired", "no", 0.0),
        answer("broken", words),
        answer("broken-more", words),
    ]
    new = [
        answer("little", words.replace("eight", "nine")),
        answer("much", "other words altogether"),
        answer("repaired", "yes", 1.0),
        answer("broken", words.replace("eight", "nine"), 0.0),
        answer("broken-more", "no idea", 0.0),
    ]
    counts, changes = compare_answers(old, new, {})
    assert [c.id for c in changes] == ["broken-more", "broken", "repaired", "much", "little"]
    assert counts == Counts(same=0, changed=5, broke=2, fixed=1, only_old=0, only_new=0)


def test_ties_are_shown_by_id_and_epoch() -> None:
    old = [answer(i, "a", epoch=e) for i in ("y", "x") for e in (1, 0)]
    new = [answer(i, "b", epoch=e) for i in ("y", "x") for e in (1, 0)]
    _, changes = compare_answers(old, new, {})
    assert [(c.id, c.epoch) for c in changes] == [("x", 0), ("x", 1), ("y", 0), ("y", 1)]


def test_no_more_are_shown_than_asked_for_and_all_are_counted() -> None:
    old, new = [answer(str(i), "a") for i in range(9)], [answer(str(i), "b") for i in range(9)]
    counts, changes = compare_answers(old, new, {}, limit=2)
    assert (counts.changed, len(changes)) == (9, 2)
    assert compare_answers(old, new, {}, limit=0)[1] == ()


def test_where_lower_is_better_a_score_that_rises_broke() -> None:
    old, new = [answer("a", "no", 0.0)], [answer("a", "the key is", 1.0)]
    assert compare_answers(old, new, {"exact_match": False})[0].broke == 1
    assert compare_answers(old, new, {})[0].fixed == 1


def test_a_score_between_0_and_1_neither_passes_nor_fails() -> None:
    old, new = [answer("a", "x", 1.0), answer("b", "x", 0.5)], [answer("a", "y", 0.0), answer("b", "x", 0.5)]
    counts, (change,) = compare_answers(old, new, {})
    assert (counts.broke, counts.fixed, change.movement) == (0, 0, Movement.CHANGED)


def test_an_example_that_broke_by_one_metric_and_was_repaired_by_another_is_shown_as_broken() -> None:
    old = ExampleResult("a", 0, "", (("contains", 1.0), ("regex", 0.0)), output="x")
    new = ExampleResult("a", 0, "", (("contains", 0.0), ("regex", 1.0)), output="y")
    assert one(old, new).movement is Movement.BROKE


def test_a_score_without_an_answer_is_compared_all_the_same() -> None:
    change = one(answer("a", "", 1.0), answer("a", "", 0.0))
    assert (change.movement, change.distance, change.is_hidden) == (Movement.BROKE, 0.0, False)


def test_a_metric_that_only_one_run_has_makes_no_change() -> None:
    counts, _ = compare_answers([answer("a", "x", None)], [answer("a", "x", 1.0)], {})
    assert counts.changed == 0
    assert compare_answers([answer("a", "x", 1.0)], [answer("a", "x", None)], {})[0].changed == 0
    assert one(answer("a", "x", None), answer("a", "y", 1.0)).scores == (("exact_match", None, 1.0),)


def test_examples_of_one_run_only_are_counted_and_not_compared() -> None:
    counts, changes = compare_answers([answer("a"), answer("b")], [answer("b"), answer("c"), answer("d")], {})
    assert counts == Counts(same=1, changed=0, broke=0, fixed=0, only_old=1, only_new=2)
    assert not changes


def test_an_id_that_the_data_has_twice_is_two_examples() -> None:
    counts, _ = compare_answers([answer("a", "x"), answer("a", "y")], [answer("a", "x"), answer("a", "z")], {})
    assert (counts.same, counts.changed) == (1, 1)


def test_white_space_alone_is_a_change_and_the_least_one() -> None:
    old = [answer("a", "to be"), answer("b", "to be")]
    new = [answer("a", "to  be"), answer("b", "to bee")]
    counts, changes = compare_answers(old, new, {})
    assert counts.changed == 2
    assert [c.id for c in changes] == ["b", "a"]
    assert 0 < changes[1].distance < 1e-6


def test_what_looks_like_a_key_is_masked_in_question_and_answers() -> None:
    change = one(answer("a", f"It is {KEY}."), answer("a", f"It is {KEY}!", asked=f"Is it {KEY}?"))
    assert KEY not in repr(change)
    assert "(masked)" in change.old.text
    assert "(masked)" in change.question.text


def test_answers_that_differ_in_what_is_masked_alone_say_so() -> None:
    assert one(answer("a", KEY), answer("a", KEY.replace("a", "c"))).is_hidden


def test_a_key_that_a_cut_would_halve_is_masked_whole() -> None:
    change = one(answer("a", "x" * (SHOWN_CHARACTERS - 10) + " " + KEY), answer("a", "y" * SHOWN_CHARACTERS))
    assert "sk-" not in repr(change)


def test_texts_that_are_not_kept_are_known_to_differ() -> None:
    old, new = without_texts(answer("a", "x", asked="q")), without_texts(answer("a", "y", asked="q"))
    change = one(old, new)
    assert (change.old.text, change.new.text, change.question.text) == ("", "", "")
    assert change.is_hidden
    assert compare_answers([old], [old], {})[0].same == 1


def test_a_long_answer_is_shown_around_its_first_difference() -> None:
    same = "word " * 2000
    old, new = excerpts(same + "left " + same, same + "right " + same)
    assert old.text.startswith("word ")
    assert "left" in old.text
    assert "right" in new.text
    assert len(old.text) == len(new.text) == SHOWN_CHARACTERS
    assert old.before + len(old.text) + old.after == len(same + "left " + same)
    assert old.before == new.before


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ab", "ab", (Excerpt("ab"), Excerpt("ab"))),
        ("abcd", "a", (Excerpt("abc", 0, 1), Excerpt("a"))),
        ("abcd", "abcd", (Excerpt("abc", 0, 1), Excerpt("abc", 0, 1))),
        ("", "abcd", (Excerpt(""), Excerpt("abc", 0, 1))),
    ],
)
def test_what_fits_is_shown_whole(old: str, new: str, expected: tuple[Excerpt, Excerpt]) -> None:
    assert excerpts(old, new, most=3) == expected


def test_without_a_space_near_a_cut_is_where_it_is() -> None:
    old, _ = excerpts("x" * 5000 + "a", "x" * 5000 + "b")
    assert (old.before, old.after) == (4840, 0)


def test_an_answer_that_ends_before_the_other_differs_is_empty_there() -> None:
    old, new = excerpts("x" * 100, "x" * 9000)
    assert (old.text, old.before) == ("x" * 100, 0)
    assert new.after == 9000 - SHOWN_CHARACTERS


def test_a_long_question_is_cut_and_says_so() -> None:
    change = one(answer("a", "x"), answer("a", "y", asked="q" * (SHOWN_QUESTION + 7)))
    assert (len(change.question.text), change.question.after) == (SHOWN_QUESTION, 7)


def test_hundreds_of_long_answers_are_compared_in_a_moment() -> None:
    old = [answer(str(i), "the quick brown fox " * 50 + str(i)) for i in range(300)]
    new = [answer(str(i), "a slow red dog " * 50 + str(i)) for i in range(300)]
    begin = time.perf_counter()
    counts, changes = compare_answers(old, new, {}, limit=3)
    assert (counts.changed, len(changes)) == (300, 3)
    assert time.perf_counter() - begin < 1.9
