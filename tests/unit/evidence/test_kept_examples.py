"""Results of single examples: what is kept is what comes back, and nothing else is taken for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.evidence.examples import INPUT_LIMIT, OUTPUT_LIMIT, ExampleResult, NotExamplesError, decode, encode

FULL = ExampleResult(
    id="paris",
    epoch=1,
    slice="capital",
    scores=(("exact_match", 1.0), ("refusal", 0.0)),
    input="capital of France?",
    output="Paris",
    prompt_tokens=12,
    completion_tokens=2,
    seconds=0.25,
    first_token_seconds=0.01,
    notes=(("why", "equal"),),
)
BARE = ExampleResult("1", 0, "", ())

numbers = st.floats(allow_nan=False, allow_infinity=False)
results = st.builds(
    ExampleResult,
    st.text(),
    st.integers(0, 9),
    st.text(),
    st.dictionaries(st.text(), numbers, max_size=3).map(lambda d: tuple(sorted(d.items()))),
    input=st.text(max_size=40),
    output=st.text(max_size=40),
    prompt_tokens=st.none() | st.integers(0),
    seconds=st.none() | numbers,
)


@given(st.lists(results, max_size=4))
def test_what_is_kept_comes_back(kept: list[ExampleResult]) -> None:
    assert decode(encode(kept)) == tuple(kept)


def test_everything_that_is_known_is_kept() -> None:
    assert decode(encode([FULL, BARE])) == (FULL, BARE)


def test_long_questions_and_answers_are_cut() -> None:
    (kept,) = decode(encode([ExampleResult("1", 0, "", (), input="q" * 9_999, output="a" * 99_999)]))
    assert (len(kept.input), len(kept.output)) == (INPUT_LIMIT, OUTPUT_LIMIT)


def test_results_that_were_cut_short_are_refused() -> None:
    whole = encode([FULL, BARE])
    for end in range(len(whole)):
        if whole[:end].endswith(b"\n") and end:
            continue
        with pytest.raises(NotExamplesError):
            decode(whole[:end])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 1),
        ("epoch", "0"),
        ("epoch", True),
        ("slice", None),
        ("scores", []),
        ("scores", {"a": "1"}),
        ("scores", {"a": True}),
        ("scores", {"a": float("nan")}),
        ("notes", []),
        ("notes", {"a": 1}),
        ("seconds", "1"),
        ("promptTokens", 1.5),
        ("output", None),
    ],
)
def test_a_field_of_another_type_is_refused_with_its_line(field: str, value: object) -> None:
    line = json.dumps(FULL.to_json() | {field: value})
    text = b"\n".join([encode([]).rstrip(), encode([BARE]).split(b"\n")[1], line.encode(), b""])
    with pytest.raises(NotExamplesError, match="line 3"):
        decode(text)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"1", b"not json", b"{" * 100_000])
def test_a_line_that_is_no_result_is_refused(line: bytes) -> None:
    with pytest.raises(NotExamplesError, match="line 2"):
        decode(encode([]) + line + b"\n")


def test_another_format_is_refused() -> None:
    with pytest.raises(NotExamplesError, match="begin"):
        decode(b'{"format":"trueup-examples/2"}\n')
