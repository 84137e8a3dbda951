"""What YAML means here, and what is refused."""

import pytest
import yaml

from trueup.core.diagnostics import Severity
from trueup.core.digests import BlobId
from trueup.core.json import canonical
from trueup.spec.resource import SourceFile
from trueup.spec.yaml import codes, events
from trueup.spec.yaml.events import MAX_BYTES, MAX_PROBLEMS, syntax_problem
from trueup.spec.yaml.load import MAX_DEPTH, Loaded, load_documents, load_file


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def parser(request):
    """Run every claim on both parsers."""
    chosen = events.CParser
    if request.param == "pure":
        events.CParser = None
    yield
    events.CParser = chosen


def load(text: str | bytes) -> Loaded:
    return load_documents(text.encode() if isinstance(text, str) else text, "spec/a.yaml")


def value_of(text: str | bytes):
    loaded = load(text)
    assert loaded.diagnostics == ()
    assert len(loaded.documents) == 1
    return loaded.documents[0].value


def problems(text: str | bytes) -> list[tuple[str, str]]:
    return [(d.code.id, str(d.span)) for d in load(text).diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("yes", "yes"),
        ("On", "On"),
        ("y", "y"),
        ("0777", 777),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("1e-5", 1e-5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-0", 0),
        ("+12", 12),
        ("-.5e+2", -50.0),
        ("12:30:45", "12:30:45"),
        ("2024-01-02", "2024-01-02"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("", None),
        ("none", "none"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!map {a: 1}", {"a": 1}),
        ("!!seq [1]", [1]),
        ("=", "="),
        ("<<", "<<"),
        ("...x", "...x"),
        (".", "."),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("1e", "1e"),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
        ("'emoji \U0001f600'", "emoji \U0001f600"),
        ('"\\u2028\\x07"', "\u2028\x07"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text, value):
    got = value_of(f"k: {text}\n")["k"]
    assert (got, type(got)) == (value, type(value))


def test_keys_that_yaml_1_1_takes_for_booleans_are_texts():
    assert value_of("on: 1\nno: 2\ny: 3\n'1': 4\n!!str 5: 6\n? a\n: 7\n") == {
        "on": 1, "no": 2, "y": 3, "1": 4, "5": 6, "a": 7,
    }  # fmt: skip


def test_documents_keep_their_index_and_line_and_empty_ones_are_skipped():
    loaded = load("# head\n---\n# only a comment\n---\na: 1\n...\n---\n- 2\n--- ~\n")
    assert [(d.value, d.index, d.line, d.sound) for d in loaded.documents] == [
        ({"a": 1}, 1, 5, True), ([2], 2, 8, True), (None, 3, 9, True),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "# comment\n", "---\n", "\ufeff", "---\n...\n"])
def test_a_file_without_values_has_no_documents_and_no_problems(text):
    assert load(text) == Loaded((), ())


def test_a_byte_order_mark_and_crlf_change_nothing():
    assert value_of("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n") == {"a": 1, "b": "x\ny\n"}
    assert problems("\ufeffa: 1\r\na: 2\r\n") == [(codes.DUPLICATE_KEY.id, "spec/a.yaml:2:1")]


def test_aliases_share_what_their_anchor_marks():
    assert value_of("a: &x {n: 1}\nb: *x\nc: &k key\nd: {*k : 2}\ne: &x 3\nf: *x\n") == {
        "a": {"n": 1}, "b": {"n": 1}, "c": "key", "d": {"key": 2}, "e": 3, "f": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: *x\n", codes.UNKNOWN_ALIAS, "1:4"),
        ("*x : 1\n", codes.UNKNOWN_ALIAS, "1:1"),
        ("a: &x 1\n---\nb: *x\n", codes.UNKNOWN_ALIAS, "3:4"),
        ("a: &x\n  b: *x\n", codes.CYCLIC_ALIAS, "2:6"),
        ("&x [*x]\n", codes.CYCLIC_ALIAS, "1:5"),
        ("a: 1\nb:\n  c: 1\n  'c': 2\n", codes.DUPLICATE_KEY, "4:3"),
        ("{a: 1, a: 1}\n", codes.DUPLICATE_KEY, "1:8"),
        ("1: a\n", codes.KEY_NOT_TEXT, "1:1"),
        ("true: a\n", codes.KEY_NOT_TEXT, "1:1"),
        ("~: a\n", codes.KEY_NOT_TEXT, "1:1"),
        ("? [a]\n: b\n", codes.KEY_NOT_TEXT, "1:3"),
        ("a: {{ name }}\n", codes.KEY_NOT_TEXT, "1:5"),
        ("a: &m {x: 1}\nb:\n  <<: *m\n  y: 2\n", codes.MERGE_KEY, "3:3"),
        ("a: !!python/object:os.system x\n", codes.TAG, "1:4"),
        ("a: !custom {b: 1}\n", codes.TAG, "1:4"),
        ("a: !!binary aGk=\n", codes.TAG, "1:4"),
        ("a: !!set {b, c}\n", codes.TAG, "1:4"),
        ("%TAG ! tag:evil,2024:\n---\na: !x 1\n", codes.TAG, "3:4"),
        ("a: !!map [1]\n", codes.TAG_MISMATCH, "1:4"),
        ("a: !!seq 1\n", codes.TAG_MISMATCH, "1:4"),
        ("a: !!int x\n", codes.TAG_MISMATCH, "1:4"),
        ("a: !!bool 1\n", codes.TAG_MISMATCH, "1:4"),
        ("a: !!int true\n", codes.TAG_MISMATCH, "1:4"),
        ("a: [.nan]\n", codes.NOT_FINITE, "1:5"),
        ("a: -.inf\n", codes.NOT_FINITE, "1:4"),
        ("a: 1e400\n", codes.NOT_FINITE, "1:4"),
        ("a: !!float .inf\n", codes.NOT_FINITE, "1:4"),
        (f"a: {'9' * 5000}\n", codes.NUMBER_TOO_LARGE, "1:4"),
        (f"a: 0x{'f' * 4000}\n", codes.NUMBER_TOO_LARGE, "1:4"),
        (f"a: 0o{'7' * 8000}\n", codes.NUMBER_TOO_LARGE, "1:4"),
        ("a: b: c\n", codes.SYNTAX, "1:5"),
        ("a: [\n", codes.SYNTAX, "2:1"),
        ("a:\n\t- b\n", codes.SYNTAX, "2:1"),
        ("a: 'x\n", codes.SYNTAX, "2:1"),
        ('a: "\\ud800"\n', codes.SYNTAX, "1:7"),
        ("a: @x\n", codes.SYNTAX, "1:4"),
        ("%YAML 2.0\n---\na: 1\n", codes.SYNTAX, "1:1"),
        ("a: \x07\n", codes.CONTROL_CHARACTER, "1:4"),
        ("a: \x00b\n", codes.CONTROL_CHARACTER, "1:4"),
        ("a: \x7f\n", codes.CONTROL_CHARACTER, "1:4"),
        ("é: 1\r\na: x\x85y\n", codes.CONTROL_CHARACTER, "2:5"),
        ("a: x\u2028y\n", codes.CONTROL_CHARACTER, "1:5"),
        ("a: 1\n\ufeffb: 2\n", codes.CONTROL_CHARACTER, "2:1"),
        ("a: \ufffe\n", codes.CONTROL_CHARACTER, "1:4"),
        (b"a: 1\nb: caf\xe9\n", codes.NOT_UTF8, "2:7"),
        ("a: 1\n".encode("utf-16"), codes.NOT_UTF8, "1:1"),
        (b"a: \xed\xa0\x80\n", codes.NOT_UTF8, "1:4"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_column(text, code, place):
    if code is codes.SYNTAX:  # the two parsers may name neighbouring places
        ((found, where),) = problems(text)
        assert found == code.id
        assert where.split(":")[1] in {place.split(":")[0], "1", "2"}
    else:
        assert problems(text) == [(code.id, f"spec/a.yaml:{place}")]


def test_an_escape_beyond_unicode_is_a_syntax_problem():
    assert [code for code, _ in problems('a: "\\U00110000"\n')] == [codes.SYNTAX.id]


def test_an_integer_just_within_the_limit_can_be_digested():
    assert canonical(value_of(f"a: {'9' * 4299}\n"))
    assert canonical(value_of(f"a: 0x{'f' * 3570}\n"))


def test_all_problems_of_a_file_are_reported_in_one_run():
    text = "a: 1\na: 2\n1: x\nb: .nan\nc: *none\nd: !foo 1\ne: &m {}\nf: {<<: *m}\n---\ng: 1\ng: 2\n---\nh: [\n"
    assert [code for code, _ in problems(text)] == [
        code.id
        for code in (
            codes.DUPLICATE_KEY, codes.KEY_NOT_TEXT, codes.NOT_FINITE, codes.UNKNOWN_ALIAS, codes.TAG,
            codes.MERGE_KEY, codes.DUPLICATE_KEY, codes.SYNTAX,
        )
    ]  # fmt: skip


def test_documents_before_a_syntax_error_are_still_given():
    loaded = load("a: 1\n---\nb: 2\n---\nc: [\n")
    assert [d.value for d in loaded.documents] == [{"a": 1}, {"b": 2}]


def test_a_document_with_problems_is_given_as_unsound_and_keeps_the_first_of_two_values():
    loaded = load("a: 1\na: 2\n---\nb: 1\n")
    assert [(d.value, d.sound) for d in loaded.documents] == [({"a": 1}, False), ({"b": 1}, True)]


def test_a_document_that_asks_for_yaml_1_1_is_read_as_1_2_with_a_warning():
    loaded = load("%YAML 1.1\n---\na: no\n")
    assert loaded.documents[0].value == {"a": "no"}
    assert loaded.documents[0].sound
    assert [(d.code.id, d.severity) for d in loaded.diagnostics] == [(codes.YAML_1_1.id, Severity.WARNING)]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: ", '{"a":['])
def test_sixty_thousand_openings_are_refused_and_not_a_crash(opening):
    ((code, _),) = problems(opening * (60_000 // len(opening)))
    assert code == codes.TOO_DEEP.id


def test_a_parser_that_counts_levels_for_itself_is_understood():
    mark = yaml.Mark("spec/a.yaml", 1000, 0, 1000, None, None)
    error = yaml.scanner.ScannerError("while increasing flow level", None, "exceeded maximum nesting depth", mark)
    found = syntax_problem(error, "spec/a.yaml")
    assert (found.code, str(found.span)) == (codes.TOO_DEEP, "spec/a.yaml:1:1001")


def test_a_block_mapping_as_deep_as_a_file_allows_is_refused():
    text = "".join(f"{' ' * level}a:\n" for level in range(1000))
    assert problems(text) == [(codes.TOO_DEEP.id, "spec/a.yaml:65:65")]


def test_five_thousand_question_marks_give_a_diagnostic():
    assert len(problems("? " * 5000)) == 1


def test_nesting_up_to_the_limit_is_read():
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH).diagnostics == ()
    assert problems("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == [(codes.TOO_DEEP.id, "spec/a.yaml:1:65")]


def test_an_alias_bomb_is_refused_before_it_expands():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert [code for code, _ in problems("\n".join(lines))] == [codes.EXPANSION.id]


def test_many_aliases_of_one_long_text_are_refused():
    text = f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 1000)}]\n"
    assert [code for code, _ in problems(text)] == [codes.EXPANSION.id]


def test_a_file_beyond_the_limit_is_refused_unread():
    assert problems(b"[" * (MAX_BYTES + 1)) == [(codes.TOO_LARGE.id, "spec/a.yaml")]


def test_a_file_whose_bytes_were_withheld_is_too_large_and_an_empty_one_is_not():
    withheld = SourceFile("spec/a.yaml", BlobId("ab" * 20), b"")
    empty = SourceFile("spec/a.yaml", BlobId("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), b"")
    assert [d.code.id for d in load_file(withheld).diagnostics] == [codes.TOO_LARGE.id]
    assert load_file(empty) == Loaded((), ())


def test_the_number_of_problems_of_one_file_is_limited():
    assert len(problems("a: 1\n" * 5000)) == MAX_PROBLEMS
    assert len(problems("\x07" * 5000)) == MAX_PROBLEMS


def test_a_large_flat_mapping_is_read():
    count = 3000
    assert len(value_of("".join(f"k{n}: {n}\n" for n in range(count)))) == count


def test_a_merge_key_in_quotes_is_an_ordinary_key():
    assert value_of('{"<<": 1}') == {"<<": 1}


def test_every_diagnostic_tells_what_to_do():
    for text in ("a: *x\n", "1: a\n", "a: b: c\n", "a: \x07\n", b"\xff", "[" * 100, "a: .inf\n"):
        assert all(d.hint for d in load(text).diagnostics)
