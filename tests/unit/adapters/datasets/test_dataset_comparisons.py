"""Comparisons with other data: contamination and drift."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checked_data import check, checked, files, run
from trueup.adapters.datasets.checks.check import Setting
from trueup.adapters.datasets.checks.overlap import Overlap
from trueup.adapters.datasets.records import Record
from trueup.adapters.datasets.words import words
from trueup.core.json import Json
from trueup.evidence.data import Outcome

PASSED, FAILED, UNDECIDED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED
VOCABULARY = (
    "river",
    "stone",
    "cloud",
    "green",
    "house",
    "seven",
    "walks",
    "under",
    "light",
    "paper",
    "glass",
    "small",
)


def text(seed: int, count: int = 40) -> str:
    return " ".join(random.Random(seed).choices(VOCABULARY, k=count))


EVAL: list[dict[str, Json]] = [{"prompt": text(n), "expected": "yes"} for n in range(10)]
TRAIN: list[dict[str, Json]] = [{"messages": [{"role": "user", "content": text(n)}]} for n in range(100, 200)]


def overlap(folder: Path, held: list[dict[str, Json]], training: list[dict[str, Json]], **params: Json):
    return checked(folder, held, check("overlap", against="train@1", **params), train=training)


def test_data_that_shares_nothing_passes(tmp_path: Path) -> None:
    result = overlap(tmp_path, EVAL, TRAIN)
    assert (result.outcome, result.value, result.samples) == (PASSED, 0.0, 10)
    assert [(m.metric, m.value, m.samples, m.slice) for m in result.measurements] == [("overlap", 0.0, 10, "")]


def test_a_passage_inside_another_text_is_found_whatever_its_case_and_marks(tmp_path: Path) -> None:
    hidden = {"body": f"{text(300)} — {', '.join(text(3).upper().split()[10:26])}! {text(301)}"}
    result = overlap(tmp_path, EVAL, [*TRAIN, hidden])
    assert (result.outcome, result.value, result.findings[0].place) == (FAILED, 0.1, "data-1.jsonl:4")
    assert overlap(tmp_path, EVAL, [*TRAIN, hidden], max=0.1).outcome is PASSED
    assert overlap(tmp_path, EVAL, [*TRAIN, hidden], share=0.5).outcome is PASSED


@pytest.mark.parametrize("count", [4, 6, 12])
def test_a_short_question_is_found_as_a_whole(tmp_path: Path, count: int) -> None:
    short: list[dict[str, Json]] = [{"prompt": text(n, count), "expected": text(n + 50, 2)} for n in range(10)]
    other = [{"q": r["prompt"], "a": r["expected"]} for r in short[:2]]
    assert overlap(tmp_path, short, TRAIN).value == 0
    assert overlap(tmp_path, short, [*TRAIN, *other]).value == 0.2


@pytest.mark.parametrize("count", [5, 6, 12])
def test_a_short_question_inside_a_longer_text_is_found(tmp_path: Path, count: int) -> None:
    short: list[dict[str, Json]] = [{"prompt": text(n, count), "expected": text(n + 50, 2)} for n in range(10)]
    hidden = [{"t": f"Question: {short[3]['prompt']} Answer: {short[3]['expected']}"}]
    assert overlap(tmp_path, short, [*TRAIN, *hidden]).found == 1


def test_a_short_answer_alone_is_no_overlap(tmp_path: Path) -> None:
    assert overlap(tmp_path, EVAL, [{"a": "yes"}] * 5 + TRAIN).value == 0


def test_scripts_without_spaces_are_compared_by_characters(tmp_path: Path) -> None:
    japanese = "今日は天気が良かったので友達と一緒に公園を散歩しました"
    held: list[dict[str, Json]] = [
        {"prompt": japanese},
        {"prompt": "全く別の文章がここに書かれている場合はどうでしょう"},
    ]
    assert overlap(tmp_path, held, [{"t": f"前に{japanese}後に"}]).value == 0.5


def test_arabic_and_hebrew_are_compared_by_words(tmp_path: Path) -> None:
    arabic = "كان الطقس جميلا اليوم ومشينا في الحديقة مع أصدقائنا ثم تناولنا العشاء معا في البيت"
    assert overlap(tmp_path, [{"p": arabic}, *EVAL], [{"t": f"נאמר: {arabic}"}]).found == 1


def test_nothing_to_compare_with_is_undecided(tmp_path: Path) -> None:
    assert overlap(tmp_path, EVAL, []).outcome is UNDECIDED
    assert overlap(tmp_path, [], TRAIN).outcome is UNDECIDED


def test_a_record_without_words_is_not_taken_for_clean(tmp_path: Path) -> None:
    result = overlap(tmp_path, [*EVAL, {"prompt": "!!!"}], TRAIN)
    assert (result.outcome, result.samples) == (UNDECIDED, 10)


@settings(max_examples=20, deadline=None)
@given(most=st.integers(1, 200), hidden=st.sets(st.integers(0, 9)))
def test_several_ways_through_the_other_data_find_the_same(
    tmp_path_factory: pytest.TempPathFactory, most: int, hidden: set[int]
) -> None:
    training = [Record({"t": text(n)}, "t", n) for n in (*range(50, 60), *hidden)]
    setting = Setting(check("overlap"), files(tmp_path_factory.mktemp("x"), []))
    found = Overlap(setting, (lambda: iter(training),), most)
    for number, record in enumerate(EVAL, start=1):
        found.see(Record(record, "e", number))
    assert found.result().found == len(hidden)


@given(st.text())
def test_words_of_any_text_are_without_case_and_marks(value: str) -> None:
    assert words(value) == words(f"  {value}\n")
    assert all(word and not word.isspace() for word in words(value))


# drift

BASE: list[dict[str, Json]] = [{"n": n % 50, "c": "abc"[n % 3], "t": "x" * (n % 40)} for n in range(300)]


@pytest.mark.parametrize("metric", ["psi", "ks", "jensen_shannon", "chi_square"])
def test_data_is_no_drift_from_itself_and_what_moved_is(tmp_path: Path, metric: str) -> None:
    asked = check("drift", "n", baseline="base@1", metric=metric)
    moved = [{"n": int(str(r["n"])) + 30} for r in BASE]
    assert checked(tmp_path, BASE, asked, base=BASE).outcome is PASSED
    assert checked(tmp_path, moved, asked, base=BASE).outcome is FAILED


@pytest.mark.parametrize("metric", ["psi", "jensen_shannon", "chi_square"])
def test_categories_drift_by_their_shares_and_by_new_ones(tmp_path: Path, metric: str) -> None:
    asked = check("drift", "c", baseline="base@1", metric=metric)
    moved = [{"c": "aab"[n % 3]} for n in range(300)]
    new = [{"c": "new"}] * 100 + BASE[:200]
    assert checked(tmp_path, BASE[:297], asked, base=BASE).outcome is PASSED
    assert checked(tmp_path, moved, asked, base=BASE).outcome is FAILED
    assert checked(tmp_path, new, asked, base=BASE).outcome is FAILED


def test_the_length_of_texts_drifts(tmp_path: Path) -> None:
    longer = [{"t": "x" * (30 + n % 40)} for n in range(300)]
    assert checked(tmp_path, longer, check("drift", "t", baseline="base@1", kind="length"), base=BASE).outcome is FAILED
    assert checked(tmp_path, BASE, check("drift", baseline="base@1"), base=BASE).outcome is PASSED


def test_too_few_records_on_either_side_are_undecided(tmp_path: Path) -> None:
    asked = check("drift", "n", baseline="base@1")
    few = checked(tmp_path, BASE[:60], asked, base=BASE)
    assert (few.outcome, few.more_samples) == (UNDECIDED, 40)
    assert checked(tmp_path, BASE, asked, base=BASE[:99]).outcome is UNDECIDED
    assert checked(tmp_path, [{"x": 1}] * 200, asked, base=BASE).outcome is UNDECIDED


def test_numbers_that_became_words_are_compared_as_categories(tmp_path: Path) -> None:
    words_now: list[dict[str, Json]] = [{"n": "many"}] * 300
    assert checked(tmp_path, words_now, check("drift", "n", baseline="base@1"), base=BASE).outcome is FAILED
    by_ks = check("drift", "n", baseline="base@1", metric="ks")
    assert checked(tmp_path, words_now, by_ks, base=BASE).outcome is UNDECIDED


def test_numbers_that_are_none_are_left_out_and_never_a_traceback(tmp_path: Path) -> None:
    odd: list[dict[str, Json]] = [{"n": 10**400}, {"n": True}, {"n": [1]}, {"n": "inf"}]
    result = checked(tmp_path, [*BASE, *odd], check("drift", "n", baseline="base@1", kind="numeric"), base=BASE)
    assert (result.outcome, result.samples) == (PASSED, 300)


def test_the_data_compared_with_may_be_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    folder.mkdir()
    files(folder, TRAIN, "one@1")
    files(folder, [{"t": EVAL[0]["prompt"]}], "two@1")
    data = files(tmp_path, EVAL)
    (result,) = run(data, check("overlap", against="train@1"), train=type(data)("train@1", folder)).results
    assert result.found == 1
