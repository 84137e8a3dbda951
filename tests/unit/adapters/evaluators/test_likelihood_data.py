"""Data of likelihoods: every row is checked before anything is computed, and every token is predicted once."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.adapters.evaluators.likelihood.choices import Scored, ranking, raw_text, trees_of
from trueup.adapters.evaluators.likelihood.rows import Question, read_questions, read_texts
from trueup.adapters.evaluators.likelihood.windows import windows
from trueup.adapters.networks.vocabulary import Vocabulary
from trueup.core.errors import PermanentError

LETTERS = Vocabulary(lambda text: [ord(c) for c in text], None, 0, 16)
"""Every character is a token."""


def question(prompt: str = "q", choices: tuple[str, ...] = ("a", "b"), answer: int = 0, id_: str = "1") -> Question:
    return Question(id_, "", ({"role": "user", "content": prompt},), choices, answer, {})


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 12), st.integers(1, 12))
def test_each_token_of_a_text_is_predicted_once_after_those_before_it(
    tokens: list[int], context: int, stride: int
) -> None:
    stride = min(stride, context)
    whole = [0, *tokens]
    at = 0
    for tree in windows(tokens, 0, context, stride):
        (branch,) = tree.branches
        assert tree.read <= context
        assert len(branch) <= (context if at == 0 else stride)
        assert tokens[at : at + len(branch)] == list(branch)
        before = whole[: at + 1]
        assert list(tree.trunk) == before[len(before) - len(tree.trunk) :]
        at += len(branch)
    assert at == len(tokens)


def test_later_windows_read_as_much_as_they_may() -> None:
    trees = list(windows(list(range(1, 11)), 0, 4, 4))
    assert [(t.trunk, t.branches[0]) for t in trees] == [
        ((0,), (1, 2, 3, 4)),
        ((4,), (5, 6, 7, 8)),
        ((6, 7, 8), (9, 10)),
    ]


def test_spaces_at_the_end_of_a_question_belong_to_the_choice() -> None:
    (tree,) = trees_of(LETTERS, "q: ", ["a", "bc"], 16)
    assert "".join(map(chr, tree.trunk)) == "q:"
    assert ["".join(map(chr, b)) for b in tree.branches] == [" a", " bc"]


def test_a_choice_has_the_tokens_that_it_has_after_its_question() -> None:
    joining = Vocabulary(lambda text: [99] if text == "ab" else [ord(c) for c in text.replace("ab", "c")], None, 0, 16)
    (tree,) = trees_of(joining, "xa", ["bd", "e"], 16)
    # `xa` is two tokens, `xabd` three: `x`, `ab`, `d`.
    assert tree.branches == ((ord("d"),), (ord("e"),))


def test_a_question_of_nothing_begins_as_a_text_does() -> None:
    (tree,) = trees_of(LETTERS, "", ["a", "bc"], 16)
    assert tree.trunk == (0,)
    with_first = Vocabulary(LETTERS.encode, 7, 7, 16)
    assert trees_of(with_first, "q", ["a", "b"], 16)[0].trunk == (7, ord("q"))


def test_a_question_that_is_too_long_loses_its_beginning_for_each_choice_as_much_as_it_must() -> None:
    trees = trees_of(LETTERS, "0123456789abcdef", ["x", "yz"], 16)
    assert ["".join(map(chr, t.trunk)) for t in trees] == ["0123456789abcdef", "123456789abcdef"]
    with pytest.raises(PermanentError, match="LIK004"):
        trees_of(LETTERS, "q", ["x" * 17], 16)


def test_a_tie_is_not_right_wherever_the_answer_stands() -> None:
    tied = Scored((-1.0, -1.0), (1, 1))
    assert not tied.is_right(0)
    assert not tied.is_right(1)
    assert Scored((-1.0, -2.0), (1, 1)).is_right(0)


def test_a_longer_choice_may_be_likelier_by_its_length() -> None:
    scored = Scored((-2.0, -3.0), (1, 3))
    assert scored.is_right(0)
    assert scored.is_right_by_length(1)


def test_examples_before_a_question_hold_their_answers() -> None:
    shots = (question("1+1?", ("2", "3"), 0), question("1+2?", ("2", "3"), 1))
    assert raw_text(question("2+2?"), shots, " ") == "1+1? 2\n\n1+2? 3\n\n2+2?"


def test_a_row_that_is_added_leaves_the_order_of_the_others() -> None:
    rows = [question(str(n), id_=str(n)) for n in range(9)]
    before, after = ranking(rows, 1), ranking([*rows, question("new", id_="new")], 1)
    assert [q for q in after if q.id != "new"] == list(before)
    assert ranking(rows, 2) != before


def test_a_conversation_is_not_read_as_plain_text() -> None:
    turns = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})
    with pytest.raises(PermanentError, match="chatTemplate"):
        raw_text(Question("1", "", turns, ("a", "b"), 0, {}), (), " ")


GOOD = {"prompt": "q", "choices": ["a", "b"], "answer": "b"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"choices": ["a"]}, "two texts or more"),
        ({"choices": ["a", ""]}, "none of them empty"),
        ({"choices": ["a", "a"]}, "the same"),
        ({"choices": "ab"}, "two texts or more"),
        ({"answer": "c"}, "one of the choices"),
        ({"answer": 2}, "one of the choices"),
        ({"answer": -1}, "one of the choices"),
        ({"answer": True}, "one of the choices"),
        ({"answer": None}, "one of the choices"),
        ({"prompt": 3}, "must be a text"),
        ({"messages": []}, "one of `prompt` and `messages`"),
        ({"prompt": None, "messages": []}, "`role` and `content`"),
        ({"prompt": None, "messages": [{"role": "user"}]}, "`role` and `content`"),
        ({"prompt": None, "messages": ["hello"]}, "`role` and `content`"),
        ({"variables": []}, "must be an object"),
        ({"slice": 3}, "must be texts"),
        ({"anser": 1}, "unknown field `anser`"),
    ],
)
def test_a_malformed_question_is_named_and_never_left_out(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps(GOOD) + "\n" + json.dumps({**GOOD, **change}) + "\n")
    with pytest.raises(PermanentError, match=r"EVAL002.*data\.jsonl:2") as error:
        read_questions(data)
    assert said in error.value.detail


def test_an_answer_is_named_by_text_or_by_number(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(json.dumps({**GOOD, "answer": a}) for a in ("b", 1)))
    assert [q.answer for q in read_questions(data)] == [1, 1]


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"text": ""}', '{"text": 3}', "{}", '{"text": "a", "id": "1"}'])
def test_a_malformed_text_is_named_and_never_left_out(tmp_path: Path, line: str) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "good", "id": "1"}\n' + line)
    with pytest.raises(PermanentError, match=r"EVAL002.*data\.jsonl:2"):
        read_texts(data)


def test_a_text_file_is_cut_where_it_is_declared(tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text("one\nmore\n\ntwo ## three\n")
    assert [t.text for t in read_texts(data)] == ["one\nmore", "two ## three"]
    assert [t.text for t in read_texts(data, " ## ")] == ["one\nmore\n\ntwo", "three"]
    assert [t.text for t in read_texts(data, "")] == ["one\nmore\n\ntwo ## three"]


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("last")
    (tmp_path / "a.jsonl").write_text('{"text": "first"}\n\n{"text": "עברית 木", "slice": "s"}')
    (tmp_path / "notes.md").write_text("no data")
    assert [(t.text, t.slice) for t in read_texts(tmp_path)] == [("first", ""), ("עברית 木", "s"), ("last", "")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \n"])
def test_no_data_is_no_result(tmp_path: Path, content: bytes) -> None:
    for name in ("data.jsonl", "data.txt"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PermanentError, match="EVAL001"):
            read_texts(tmp_path / name)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(PermanentError, match="no UTF-8"):
        read_texts(tmp_path / "data.txt")


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text("{\n" * 25)
    with pytest.raises(PermanentError, match="and 5 more"):
        read_texts(tmp_path / "data.jsonl")
