"""What each check finds, what it lets pass, and that too little data never passes."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checked_data import check, checked, files, run
from trueup.adapters.datasets.checks.check import Setting
from trueup.adapters.datasets.checks.near_duplicates import PERMUTATIONS, bands_for
from trueup.adapters.datasets.checks.unique import Unique
from trueup.adapters.datasets.extras import library
from trueup.adapters.datasets.records import Record
from trueup.core.errors import PermanentError
from trueup.core.json import Json
from trueup.evidence.data import Outcome

PASSED, FAILED, UNDECIDED = Outcome.PASSED, Outcome.FAILED, Outcome.UNDECIDED

WORDS = ("river", "stone", "cloud", "green", "house", "seven", "walks", "under", "light", "paper")
SENTENCES = [" ".join(random.Random(n).choices(WORDS, k=30)) for n in range(400)]

EVERY_CHECK = [
    check("schema", schema={"type": "object"}),
    check("not_null"),
    check("unique"),
    check("near_duplicates"),
    check("length"),
    check("language", allowed=["en"]),
    check("balance", "label", min_share=0.1),
    check("pii"),
    check("secrets"),
    check("overlap", against="other@1"),
    check("drift", "label", baseline="other@1"),
]


@pytest.mark.parametrize("asked", EVERY_CHECK, ids=lambda c: c.type)
def test_no_record_at_all_is_undecided(tmp_path: Path, asked) -> None:
    result = checked(tmp_path, [], asked, other=[{"label": "a", "text": SENTENCES[0]}] * 200)
    assert (result.outcome, result.samples) == (UNDECIDED, 0)


@pytest.mark.parametrize("type_", ["language", "balance", "drift"])
def test_one_record_says_nothing_about_shares(tmp_path: Path, type_: str) -> None:
    (asked,) = (c for c in EVERY_CHECK if c.type == type_)
    result = checked(tmp_path, [{"label": "a", "text": SENTENCES[0]}], asked, other=[{"label": "a"}] * 200)
    assert result.outcome is UNDECIDED
    assert result.more_samples


ORDERLESS = [c for c in EVERY_CHECK if c.type != "near_duplicates"]
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"label": st.sampled_from(["a", "b", None, ""]), "text": st.sampled_from([*SENTENCES[:5], "", "a@b.org", "נא"])}
    ),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(records=RECORDS, seed=st.integers(0, 5))
def test_the_order_of_records_does_not_matter(tmp_path_factory: pytest.TempPathFactory, records, seed: int) -> None:
    folder = tmp_path_factory.mktemp("order")
    shuffled = list(records)
    random.Random(seed).shuffle(shuffled)
    found = []
    for order in (records, shuffled):
        results = run(files(folder, order), *ORDERLESS, other=files(folder, records[:3], "other@1")).results
        found.append([(r.outcome, r.value, r.found, r.samples) for r in results])
    assert found[0] == found[1]


# not_null and length


@pytest.mark.parametrize("value", [None, "", "  \u00a0"])
def test_a_field_that_is_empty_is_as_good_as_missing(tmp_path: Path, value: Json) -> None:
    result = checked(tmp_path, [{"a": "x"}, {"a": value}], check("not_null", "a"))
    assert (result.outcome, result.value, result.findings[0].place) == (FAILED, 0.5, "data-1.jsonl:2")
    assert checked(tmp_path, [{"a": "x"}, {"a": value}], check("not_null")).outcome is FAILED
    assert checked(tmp_path, [{"a": "x"}, {"b": "y"}], check("not_null", "a")).outcome is FAILED
    assert checked(tmp_path, [{}], check("not_null")).outcome is FAILED


def test_what_a_declaration_tolerates_passes(tmp_path: Path) -> None:
    records: list[dict[str, Json]] = [{"a": "x"}, {"a": ""}, {"a": 0}, {"a": False}]
    assert checked(tmp_path, records, check("not_null", "a", max_share=0.25)).outcome is PASSED
    assert checked(tmp_path, records, check("not_null", "a", allow_blank=True)).outcome is PASSED


def test_lengths_are_measured_and_bounded(tmp_path: Path) -> None:
    records = [{"a": "x" * n} for n in range(1, 101)]
    result = checked(tmp_path, records, check("length", "a", min=2, max=99))
    assert (result.outcome, result.found) == (FAILED, 2)
    measured = {m.metric: m.value for m in result.measurements}
    assert (measured["min"], measured["p50"], measured["p95"], measured["max"]) == (1, 50, 95, 100)
    words = checked(tmp_path, [{"a": "one two  three"}], check("length", "a", unit="words", min=3, max=3))
    assert words.outcome is PASSED
    assert checked(tmp_path, [{"b": 1}], check("length", "a", min=1)).outcome is FAILED


# duplicates


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3), min_size=1, max_size=20
    )
)
def test_a_copy_of_any_record_is_found(tmp_path_factory: pytest.TempPathFactory, records) -> None:
    folder = tmp_path_factory.mktemp("copies")
    distinct = {json.dumps(r, sort_keys=True) for r in records}
    assert checked(folder, records, check("unique")).found == len(records) - len(distinct)
    assert checked(folder, [*records, records[-1]], check("unique")).found == len(records) - len(distinct) + 1


def test_a_duplicate_names_both_places_and_the_order_of_fields_is_nothing(tmp_path: Path) -> None:
    result = checked(tmp_path, [{"a": 1, "b": 2}, {"a": 2}, {"b": 2, "a": 1}], check("unique"))
    (finding,) = result.findings
    assert (finding.place, finding.what) == ("data-1.jsonl:3", "the same as data-1.jsonl:1")
    assert checked(tmp_path, [{"a": 1, "b": 1}, {"a": 1, "b": 2}], check("unique", "a")).outcome is FAILED
    assert checked(tmp_path, [{"a": None}, {"b": 2}, {"a": "\ud800"}], check("unique", "a")).outcome is PASSED


def test_duplicates_are_found_among_more_records_than_are_held_in_memory(tmp_path: Path) -> None:
    unique = Unique(Setting(check("unique"), files(tmp_path, [])), in_memory=100)
    for line, n in enumerate([*range(1010), 5, 1009], start=1):
        unique.see(Record({"n": n}, "x.jsonl", line))
    result = unique.result()
    assert (result.found, result.samples) == (2, 1012)
    assert {f.what for f in result.findings} == {"the same as x.jsonl:6", "the same as x.jsonl:1010"}


def test_near_duplicates_are_found_and_different_texts_are_not(tmp_path: Path) -> None:
    texts = [f"{s} {n}" for n, s in enumerate(SENTENCES[:100])]
    changed = [t + " and one more word" for t in texts[:10]]
    result = checked(tmp_path, [{"text": t} for t in (*texts, *changed)], check("near_duplicates", similarity=0.7))
    assert result.found == 10
    assert result.outcome is FAILED
    assert checked(tmp_path, [{"text": t} for t in texts], check("near_duplicates")).outcome is PASSED


def test_scripts_without_spaces_have_near_duplicates_too(tmp_path: Path) -> None:
    text = "今日はとても良い天気なので公園へ散歩に行きましたそしてパンを食べました"
    records = [
        {"text": text},
        {"text": text + "よ"},
        {"text": "全く別の文章がここに書かれている場合はどうなるでしょうか"},
    ]
    assert checked(tmp_path, records, check("near_duplicates", similarity=0.8)).found == 1


def test_records_that_were_not_compared_leave_it_undecided_unless_enough_was_found(tmp_path: Path) -> None:
    records = [{"text": s} for s in SENTENCES[:20]]
    few = checked(tmp_path, records, check("near_duplicates", limit=10))
    assert (few.outcome, few.samples) == (UNDECIDED, 10)
    assert "only the first 10 of 20" in few.note
    twice = checked(tmp_path, records[:5] * 4, check("near_duplicates", limit=10))
    assert twice.outcome is FAILED


@pytest.mark.parametrize("similarity", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
def test_banding_misses_at_most_one_of_a_hundred_pairs_as_alike_as_asked(similarity: float) -> None:
    bands = bands_for(similarity)
    assert (1 - similarity ** (PERMUTATIONS // bands)) ** bands <= 0.01


def test_the_estimated_similarity_is_near_the_true_one(tmp_path: Path) -> None:
    words = [f"w{n}" for n in range(400)]
    one, other = " ".join(words[:300]), " ".join(words[:300][:-60] + words[300:360])
    runs = [{tuple(t.split()[i : i + 3]) for i in range(len(t.split()) - 2)} for t in (one, other)]
    true = len(runs[0] & runs[1]) / len(runs[0] | runs[1])
    result = checked(tmp_path, [{"text": one}, {"text": other}], check("near_duplicates", similarity=0.5))
    estimated = float(result.findings[0].what.rpartition("(")[2].rstrip(")"))
    # Four standard errors of a share over 128 values.
    assert abs(estimated - true) < 4 * (true * (1 - true) / PERMUTATIONS) ** 0.5 + 0.01


# labels


def test_a_missing_label_is_an_error(tmp_path: Path) -> None:
    records = [{"label": "ab"[n % 2]} for n in range(40)]
    assert checked(tmp_path, records, check("balance", "label", min_share=0.4)).outcome is PASSED
    for missing in ({"label": None}, {"label": " "}, {}):
        result = checked(tmp_path, [*records, missing], check("balance", "label", min_share=0.4))
        assert (result.outcome, result.findings[0].place) == (FAILED, "data-1.jsonl:41")


def test_a_rare_group_fails_and_so_does_one_that_is_declared_and_not_there(tmp_path: Path) -> None:
    records = [{"label": "a"}] * 90 + [{"label": "b"}] * 10
    assert checked(tmp_path, records, check("balance", "label", min_share=0.2)).outcome is FAILED
    assert checked(tmp_path, records, check("balance", "label", max_ratio=9)).outcome is PASSED
    assert checked(tmp_path, records, check("balance", "label", max_ratio=8.9)).outcome is FAILED
    declared = check("balance", "label", min_share=0.01, labels=["a", "b", "c"])
    assert checked(tmp_path, records, declared).outcome is FAILED
    assert checked(tmp_path, records, check("balance", "label", min_share=0.01, labels=["a"])).outcome is FAILED
    assert checked(tmp_path, records[:90], check("balance", "label", min_share=0.01)).outcome is FAILED


def test_a_column_of_texts_is_no_column_of_labels(tmp_path: Path) -> None:
    result = checked(tmp_path, [{"label": n} for n in range(10_001)], check("balance", "label", max_ratio=2))
    assert (result.outcome, "no column of labels" in result.note) == (FAILED, True)


# languages

TEXTS = {
    "en": "The weather was nice today and we walked through the park with our friends.",
    "de": "Das Wetter war heute schön und wir gingen mit unseren Freunden durch den Park.",
    "fr": "Il faisait beau aujourd'hui et nous avons marché dans le parc avec nos amis.",
    "es": "Hoy hacía buen tiempo y caminamos por el parque con nuestros amigos.",
    "it": "Oggi il tempo era bello e abbiamo camminato nel parco con i nostri amici.",
    "pl": "Dzisiaj była ładna pogoda i spacerowaliśmy po parku z naszymi przyjaciółmi.",
    "tr": "Bugün hava güzeldi ve arkadaşlarımızla birlikte parkta yürüdük.",
    "ru": "Сегодня была хорошая погода, и мы гуляли по парку с нашими друзьями.",
    "el": "Ο καιρός ήταν καλός σήμερα και περπατήσαμε στο πάρκο με τους φίλους μας.",
    "ar": "كان الطقس جميلا اليوم ومشينا في الحديقة مع أصدقائنا.",
    "he": "מזג האוויר היה נעים היום והלכנו בפארק עם החברים שלנו.",
    "fa": "امروز هوا خوب بود و ما با دوستانمان در پارک قدم زدیم.",
    "ur": "آج موسم اچھا تھا اور ہم اپنے دوستوں کے ساتھ پارک میں چلے۔",
    "hi": "आज मौसम अच्छा था और हम अपने दोस्तों के साथ पार्क में टहले।",
    "zh": "今天天气很好，我们和朋友们一起在公园里散步，然后一起吃了晚饭。",
    "ja": "今日は天気が良かったので、友達と一緒に公園を散歩しました。",
    "ko": "오늘은 날씨가 좋아서 친구들과 함께 공원을 산책했습니다.",
    "th": "วันนี้อากาศดีและเราเดินเล่นในสวนกับเพื่อนของเรา",
}


def test_languages_are_told_right_to_left_too(tmp_path: Path) -> None:
    wrong = [
        tag
        for tag, text in TEXTS.items()
        if checked(tmp_path, [{"t": text}], check("language", "t", allowed=[tag], min_records=1)).outcome is not PASSED
    ]
    assert wrong == []


def test_a_share_of_another_language_fails_and_what_is_too_short_is_not_guessed(tmp_path: Path) -> None:
    records = [{"t": TEXTS["en"]}] * 19 + [{"t": TEXTS["he"]}]
    assert checked(tmp_path, records, check("language", "t", allowed=["en-GB"])).outcome is PASSED
    result = checked(tmp_path, [*records, {"t": TEXTS["ar"]}], check("language", "t", allowed=["en"]))
    assert (result.outcome, result.findings[0].what) == (FAILED, "reads as `he`")
    short = checked(tmp_path, [{"t": "ok"}] * 50, check("language", "t", allowed=["de"]))
    assert (short.outcome, short.samples, "50 records are too short" in short.note) == (UNDECIDED, 0, True)


# shapes


def test_a_record_of_another_shape_is_named_without_its_value(tmp_path: Path) -> None:
    schema: Json = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 0}}}
    records: list[dict[str, Json]] = [{"a": 1}, {"a": "hidden"}, {}, {"a": -1}]
    result = checked(tmp_path, records, check("schema", schema=schema))
    assert [f.what for f in result.findings] == [
        "`a` breaks `type`",
        "`the record` breaks `required`",
        "`a` breaks `minimum`",
    ]


def test_a_schema_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    for schema in ({"$ref": "http://localhost:1/schema.json"}, {"properties": {"a": {"pattern": "("}}}):
        with pytest.raises(PermanentError, match="DATA002"):
            checked(tmp_path, [{"a": "x"}], check("schema", schema=schema))


def test_declared_fields_are_the_shape_and_tables_of_text_are_read_by_it(tmp_path: Path) -> None:
    fields: Json = [
        {"name": "r", "field": [{"name": "n", "dataType": "sc:Integer"}, {"name": "t", "dataType": "sc:Text"}]}
    ]
    data = files(
        tmp_path,
        [{"n": 1, "t": "x"}, {"n": "1", "t": "x"}, {"t": "x"}, {"n": None, "t": "y", "z": 1}],
        recordSet=fields,
    )
    (result,) = run(data, check("schema")).results
    assert [f.what for f in result.findings] == ["`n` is no integer", "`n` is not there"]
    (strict,) = run(data, check("schema", additional=False)).results
    assert strict.found == 3
    table = tmp_path / "x.csv"
    table.write_text("n,t\n1,x\n-2,y\nthree,z\n")
    (of_table,) = run(type(data)("x@1", table, declared={"recordSet": fields}), check("schema")).results
    assert [f.place for f in of_table.findings] == ["x.csv:4"]


# licences


@pytest.mark.parametrize(
    ("declared", "allowed", "outcome"),
    [
        ("Apache-2.0", ["Apache-2.0", "MIT"], PASSED),
        ("MIT OR GPL-3.0-only", ["MIT"], PASSED),
        ("MIT AND GPL-3.0-only", ["MIT"], FAILED),
        ("", ["MIT"], FAILED),
        ("no licence", ["MIT"], FAILED),
    ],
)
def test_the_declared_licence_has_to_be_allowed(
    tmp_path: Path, declared: str, allowed: list[str], outcome: Outcome
) -> None:
    data = files(tmp_path, [{"a": 1}], license=declared)
    (result,) = run(data, check("license", allowed=allowed)).results
    assert result.outcome is outcome


def test_a_licence_of_nothing_is_undecided(tmp_path: Path) -> None:
    (result,) = run(files(tmp_path, [], license="MIT"), check("license", allowed=["MIT"])).results
    assert result.outcome is UNDECIDED


def test_a_licence_beside_the_data_has_to_be_the_declared_one(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("MIT License\n\nCopyright")
    files(tmp_path, [{"a": 1}])
    folder = type(files(tmp_path, [{"a": 1}]))("x@1", tmp_path, declared={"license": "Apache-2.0"})
    (result,) = run(folder, check("license", allowed=["Apache-2.0"])).results
    assert (result.outcome, result.findings[0].place) == (FAILED, "LICENSE")


# parameters


@pytest.mark.parametrize(
    ("asked", "says", "hint"),
    [
        (check("unqiue"), "`unqiue` is no check", "did you mean `unique`?"),
        (check("not_null", "a", max_shar=0.1), "no parameter `max_shar`", "did you mean `max_share`?"),
        (check("length", "a", min=-1), "`min` must be a whole number of at least 0", ""),
        (check("length", "a", min=5, max=4), "`max` is less than `min`", ""),
        (check("length", "a", unit="word"), "`unit` must be one of", "did you mean `words`?"),
        (check("balance", min_share=0.1), "it needs a `column`", ""),
        (check("balance", "a"), "it needs `min_share` or `max_ratio`", ""),
        (check("language"), "it needs `allowed`", ""),
        (check("language", allowed=["xx"]), "the language `xx` cannot be told", ""),
        (check("license"), "it needs `allowed`", ""),
        (check("license", allowed=["Nope 1"]), "no SPDX licence", ""),
        (check("schema"), "there is nothing to hold records against", ""),
        (check("schema", schema={"type": 7}), "no JSON Schema", ""),
        (check("overlap"), "it needs `against`", ""),
        (check("drift", "a"), "it needs `baseline`", ""),
        (check("pii", kinds=["emial"]), "unknown kind `emial`", ""),
        (check("pii", engine="both"), "`engine` must be one of", ""),
        (check("near_duplicates", similarity=0.2), "of 0.5 to 1", ""),
        (check("croissant"), "needs data in a folder", ""),
    ],
    ids=lambda v: v.type if hasattr(v, "type") else "",
)
def test_a_check_that_cannot_be_made_is_refused_with_what_is_wrong(tmp_path: Path, asked, says: str, hint: str) -> None:
    with pytest.raises(PermanentError) as raised:
        checked(tmp_path, [{"a": 1}], asked)
    assert raised.value.code.id == "DATA002"
    assert says in raised.value.detail
    assert hint in raised.value.hint


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"`a` is no check; `b` is no check"):
        run(files(tmp_path, []), check("a"), check("b"))


def test_names_and_labels_are_told_unless_they_are_data_themselves(tmp_path: Path) -> None:
    records: list[dict[str, Json]] = [{"label": "a", "ada@analytical.org": None}] * 20
    records += [{"label": "ada@analytical.org"}] * 20 + [{"label": "\ud800x"}] * 20
    (nulls, labels) = run(files(tmp_path, records), check("not_null"), check("balance", "label", max_ratio=2)).results
    assert nulls.findings[0].what == "`(masked)` is not there or empty"
    assert {m.slice for m in labels.measurements} == {"", "(masked)", "a", "?x"}


def test_records_as_deep_as_can_be_read_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for depth in (50, 300, 900):
        path.write_text(('{"a": ' + "[" * depth + "]" * depth + "}\n") * 2)
        data = type(files(tmp_path, []))("x@1", path)
        found = run(data, check("unique"), check("schema", schema={"$ref": "#"}), check("pii"))
        assert found.records + found.malformed == 2


# a run


def test_a_library_that_is_not_there_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(PermanentError) as raised:
        library("no_such_library.part", "`secrets`")
    assert (raised.value.code.id, raised.value.hint) == ("DATA003", "pip install 'trueup[data]'")
    assert "`no-such-library`" in raised.value.detail


def test_a_run_counts_records_and_names_what_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n' + "broken\n" * 25 + '{"b": null, "a": 1.5}\n{"b": "x"}\n')
    told: list[tuple[str, int, int]] = []
    data = type(files(tmp_path, []))("x@1", path)
    from trueup.adapters.datasets.checker import StreamingChecker

    found = StreamingChecker().check(data, (), {}, lambda *words: told.append(words))
    assert (found.records, found.malformed, len(found.problems)) == (3, 25, 20)
    assert found.fields == (("a", "number"), ("b", "text"))
    assert told[-1] == ("x@1: checking", path.stat().st_size, path.stat().st_size)
