"""Laws of behaviour diffs: equal runs change nothing, and swapping the runs mirrors what is said."""

from hypothesis import given
from hypothesis import strategies as st

from trueup.diff.behaviour.answers import Movement, compare_answers, excerpts
from trueup.diff.behaviour.metrics import NormalDeltas
from trueup.evidence.examples import ExampleResult, kept_output, without_texts

texts = st.one_of(
    st.text(max_size=30), st.lists(st.sampled_from(["the", "sky", "is", "blue", "not", " ", "\n", "."])).map(" ".join)
)
scores = st.dictionaries(st.sampled_from(["exact_match", "rouge"]), st.sampled_from([0.0, 0.5, 1.0])).map(
    lambda found: tuple(sorted(found.items()))
)
results = st.builds(
    ExampleResult, st.sampled_from("abcd"), st.integers(0, 1), st.sampled_from(["", "x"]), scores, output=texts
)
runs = st.lists(results, max_size=8)
MIRROR = {Movement.BROKE: Movement.FIXED, Movement.FIXED: Movement.BROKE, Movement.CHANGED: Movement.CHANGED}


@given(runs)
def test_equal_runs_have_no_changes(run: list[ExampleResult]) -> None:
    counts, changes = compare_answers(run, run, {})
    assert (counts.same, counts.changed, counts.only_old, counts.only_new, changes) == (len(run), 0, 0, 0, ())


@given(runs, runs)
def test_every_example_is_counted_once(old: list[ExampleResult], new: list[ExampleResult]) -> None:
    counts, changes = compare_answers(old, new, {})
    assert counts.same + counts.changed + counts.only_old == len(old)
    assert counts.same + counts.changed + counts.only_new == len(new)
    assert counts.changed == len(changes)
    assert counts.broke == sum(c.movement is Movement.BROKE for c in changes)


@given(runs, runs)
def test_swapping_the_runs_mirrors_the_changes(old: list[ExampleResult], new: list[ExampleResult]) -> None:
    there, forth = compare_answers(old, new, {})
    back, mirrored = compare_answers(new, old, {})
    assert (there.same, there.changed, there.only_old, there.only_new) == (
        back.same,
        back.changed,
        back.only_new,
        back.only_old,
    )
    seen = sorted((c.id, c.epoch, c.old.text, c.new.text, c.distance) for c in forth)
    assert seen == sorted((c.id, c.epoch, c.new.text, c.old.text, c.distance) for c in mirrored)
    # An example that broke by one metric and was repaired by another is broken both ways.
    assert back.broke >= there.fixed
    assert there.broke >= back.fixed


@given(runs, runs)
def test_what_broke_stands_before_all_else(old: list[ExampleResult], new: list[ExampleResult]) -> None:
    _, changes = compare_answers(old, new, {})
    order = [list(Movement).index(c.movement) for c in changes]
    assert order == sorted(order)
    others = [c.distance for c in changes if c.movement is Movement.CHANGED]
    assert others == sorted(others, reverse=True)


@given(texts, texts, st.integers(1, 20))
def test_excerpts_are_parts_of_their_texts(old: str, new: str, most: int) -> None:
    for text, excerpt in zip((old, new), excerpts(old, new, most), strict=True):
        assert len(excerpt.text) <= most
        assert excerpt.before + len(excerpt.text) + excerpt.after == len(text)
        assert excerpt.text == text[excerpt.before : excerpt.before + most]
        assert excerpt.after >= 0


@given(runs)
def test_words_put_together_are_what_is_shown(run: list[ExampleResult]) -> None:
    other = [ExampleResult(r.id, r.epoch, r.slice, r.scores, output=r.output[::-1]) for r in run]
    _, changes = compare_answers(run, other, {})
    for change in changes:
        assert "".join(t for k, t in change.words if k != "insert") == change.old.text
        assert "".join(t for k, t in change.words if k != "delete") == change.new.text


@given(runs, runs)
def test_answers_that_are_not_kept_change_as_those_that_are(old: list[ExampleResult], new: list[ExampleResult]) -> None:
    kept, _ = compare_answers(old, new, {})
    withheld, changes = compare_answers(list(map(without_texts, old)), list(map(without_texts, new)), {})
    assert kept == withheld
    assert all(not c.old.text and not c.new.text for c in changes)


@given(results)
def test_what_is_not_kept_says_nothing(result: ExampleResult) -> None:
    bare = without_texts(result)
    assert (bare.input, bare.output, bare.scores) == ("", "", result.scores)
    assert bool(kept_output(bare)) == bool(result.output)


@given(runs, runs)
def test_swapped_runs_have_the_opposite_difference(old: list[ExampleResult], new: list[ExampleResult]) -> None:
    slices = {(r.id, r.epoch): r.slice for r in (*old, *new)}
    one = {(r.id, r.epoch): r for r in old if slices[r.id, r.epoch] == r.slice}
    two = {(r.id, r.epoch): r for r in new if slices[r.id, r.epoch] == r.slice}
    deltas = NormalDeltas(fewest=1)
    forth = {(d.metric, d.slice): d for d in deltas(list(two.values()), list(one.values()))}
    back = {(d.metric, d.slice): d for d in deltas(list(one.values()), list(two.values()))}
    assert forth.keys() == back.keys()
    for key, delta in forth.items():
        assert abs(delta.delta + back[key].delta) < 1e-12
        if delta.interval is not None:
            assert delta.interval[0] - 1e-9 <= delta.delta <= delta.interval[1] + 1e-9
