"""An index tells whether a change leaves nothing wrong, and becomes what indexing the result would make."""

from collections.abc import Mapping

import pytest

from trueup.core.digests import BlobId, Digest
from trueup.core.ids import ResourceId
from trueup.spec import index
from trueup.spec.index import IndexedFile, NotToldError, Revision, index_of
from trueup.spec.parse import parse_alone
from trueup.spec.remembered import Noted
from trueup.spec.resource import SourceFile, content_digest

HEAD = "apiVersion: trueup/v1alpha1\n"


def model(name: str, more: str = "", version: str = "1") -> str:
    return (
        f'{HEAD}kind: Model\nmetadata: {{name: {name}, version: "{version}"}}\n'
        f"spec: {{source: {{uri: 'file:a'}}, format: gguf{more}}}\n"
    )


def environment(name: str, upstream: str = "") -> str:
    more = f", upstream: {upstream}" if upstream else ""
    return (
        f"{HEAD}kind: Environment\nmetadata: {{name: {name}}}\nspec: {{tier: dev{more}, target: {{type: process}}}}\n"
    )


def deployment(of: str) -> str:
    return (
        f"{HEAD}kind: Deployment\nmetadata: {{name: chat}}\n"
        f"spec: {{environment: dev, release: {{model: {of}}}, runtime: {{engine: llama.cpp}}}}\n"
    )


INCLUDING = (
    f'{HEAD}kind: Prompt\nmetadata: {{name: hello, version: "1"}}\n'
    "spec: {type: chat, messages: [{role: system, content: {file: a.txt}}]}\n"
)
FILES = {
    "dev": environment("dev"),
    "m": model("a") + "---\n" + model("b", ", baseModel: [a@1]"),
    "d": deployment("a@1"),
}


def file(path: str, *texts: str) -> IndexedFile:
    noted: list[Noted] = []
    read = SourceFile(path, BlobId(f"blob of {path}"), "---\n".join(texts).encode())
    parsed = parse_alone([read], lambda _: b"text", noted.append)
    assert not parsed.diagnostics
    included = noted[0].included
    packed = noted[0].packed.decode() if included else ""
    return IndexedFile(path, read.blob, tuple(parsed.resources.values()), included, packed)


def files(**texts: str) -> dict[str, IndexedFile]:
    return {path: file(path, text) for path, text in {**FILES, **texts}.items()}


class Indexed:
    """Some files and their index, and what a change makes of it."""

    def __init__(self, were: Mapping[str, IndexedFile], merged: bool = True, **seen: Digest) -> None:
        self.were = were
        self.seen = {ResourceId("Model", name, "1"): digest for name, digest in seen.items()}
        self.texts = index_of(were.values(), self.seen, lambda _: merged)

    def then(
        self, *new: IndexedFile, gone: tuple[str, ...] = (), merged: Mapping[ResourceId, Digest] | None = None
    ) -> dict[str, str]:
        old = [self.were[path] for path in (*(f.path for f in new), *gone) if path in self.were]
        change = Revision(self.texts.get, self.were.get)
        change.apply(old, new, merged or {})
        now = {**self.texts, **change.changes}
        return {name: text for name, text in now.items() if text is not None}


A, B = ResourceId("Model", "a", "1"), ResourceId("Model", "b", "1")


def digest(text: str) -> Digest:
    return content_digest(file("x", text).resources[0])


def test_a_change_gives_the_index_of_its_result():
    were = files()
    changed = file("d", deployment("b@1"))
    assert Indexed(were).then(changed) == index_of({**were, "d": changed}.values(), {}, lambda _: True)


def test_a_new_file_is_taken_in_and_was_not_merged():
    were = files()
    new = file("n", model("c", ", lifecycle: {phase: drained}"))
    told = Indexed(were).then(new)
    wanted = index_of([*were.values(), new], {}, lambda r: r.id.name != "c")
    assert told == wanted


def test_what_moves_to_another_file_stays_merged():
    were = files()
    moved = file("z", FILES["m"])
    now = {path: f for path, f in were.items() if path != "m"} | {"z": moved}
    assert Indexed(were).then(moved, gone=("m",)) == index_of(now.values(), {}, lambda _: True)


def test_a_version_that_is_gone_leaves_its_first_content():
    were = files()
    only_a = file("m", model("a"))
    told = Indexed(were).then(only_a)
    assert told[index.seen_name(B)] == digest(model("b", ", baseModel: [a@1]"))
    assert index.seen_name(B) not in Indexed(were, merged=False).then(only_a)


def test_a_version_that_comes_back_must_be_what_it_was():
    were = files()
    first = digest(model("c"))
    gone = Indexed(were, c=first)
    told = gone.then(file("n", model("c")))
    assert index.seen_name(ResourceId("Model", "c", "1")) not in told
    assert index.id_row(told[index.id_name(ResourceId("Model", "c", "1"))]).is_merged
    with pytest.raises(NotToldError):
        gone.then(file("n", model("c", ", vendor: other")))


def test_a_merged_version_with_another_content_is_not_told():
    changed = file("m", model("a", ", vendor: other") + "---\n" + model("b", ", baseModel: [a@1]"))
    with pytest.raises(NotToldError):
        Indexed(files()).then(changed)
    assert Indexed(files(), merged=False).then(changed)


def test_labels_of_a_merged_version_may_change():
    text = model("a").replace("{name: a,", "{name: a, labels: {team: x},") + "---\n" + model("b", ", baseModel: [a@1]")
    assert Indexed(files()).then(file("m", text))


def test_what_was_merged_meanwhile_is_held_to_what_is_declared():
    unmerged = Indexed(files(), merged=False)
    told = unmerged.then(merged={A: digest(model("a"))})
    assert index.id_row(told[index.id_name(A)]).is_merged
    assert not index.id_row(told[index.id_name(B)]).is_merged
    with pytest.raises(NotToldError):
        unmerged.then(merged={A: digest(model("a", ", vendor: other"))})
    with pytest.raises(NotToldError):
        unmerged.then(file("m", FILES["m"]), merged={A: digest(model("a", ", vendor: other"))})


def test_what_was_merged_meanwhile_and_is_not_declared_is_remembered():
    c = ResourceId("Model", "c", "1")
    assert Indexed(files()).then(merged={c: Digest("sha256:1")})[index.seen_name(c)] == "sha256:1"
    assert Indexed(files(), c=Digest("sha256:0")).then(merged={c: Digest("sha256:1")})[index.seen_name(c)] == "sha256:0"


def test_what_was_merged_before_stays_the_first():
    told = Indexed(files()).then(merged={A: digest(model("a", ", vendor: later"))})
    assert index.id_row(told[index.id_name(A)]).is_merged


def test_an_id_that_another_file_declares_is_not_told():
    with pytest.raises(NotToldError):
        Indexed(files()).then(file("n", model("a")))


@pytest.mark.parametrize("text", [deployment("none@1"), model("c", ", baseModel: [none@1]")])
def test_a_reference_to_nothing_is_not_told(text):
    with pytest.raises(NotToldError):
        Indexed(files()).then(file("n", text.replace("name: chat", "name: other")))


def test_taking_away_what_others_name_is_not_told():
    with pytest.raises(NotToldError):
        Indexed(files()).then(gone=("m",))
    with pytest.raises(NotToldError):  # b goes, and what is new names it
        Indexed(files()).then(file("m", model("a")), file("d", deployment("b@1")))


def test_what_names_it_may_go_with_it():
    told = Indexed(files()).then(gone=("m", "d"))
    assert index.users_name(A) not in told
    assert index.group_name("Deployment/dev") not in told


@pytest.mark.parametrize(
    "change",
    [
        {"m": model("a", ", baseModel: [b@1]") + "---\n" + model("b", ", baseModel: [a@1]")},
        {"n": environment("test", "prod"), "p": environment("prod", "test")},
        {"n": environment("test", "test")},
    ],
)
def test_a_circle_is_not_told(change):
    with pytest.raises(NotToldError):
        Indexed(files(), merged=False).then(*(file(path, text) for path, text in change.items()))


def test_a_way_that_leads_twice_to_the_same_is_no_circle():
    texts = [model("c", ", baseModel: [a@1]"), model("d", ", baseModel: [a@1]"), model("e", ", baseModel: [c@1, d@1]")]
    assert Indexed(files()).then(file("n", "---\n".join(texts)))


def test_files_that_take_in_others_are_found_by_them():
    were = files(p=INCLUDING)
    (noted,) = index.file_row(Indexed(were).texts[index.file_name("p")]).included
    assert noted == "a.txt"
    assert Indexed(were).texts[index.takers_name("a.txt")] == "p"
    assert Indexed(were).texts[index.INCLUDED] == "a.txt"
    without = Indexed(were).then(gone=("p",))
    assert index.INCLUDED not in without
    assert index.takers_name("a.txt") not in without
    second = file("q", INCLUDING.replace("name: hello", "name: bye"))
    both = Indexed(were).then(second)
    assert both[index.takers_name("a.txt")] == "p\x1fq"
    again = Indexed({**were, "q": second}).then(gone=("p",))
    assert again[index.INCLUDED] == "a.txt"


def test_first_contents_of_what_is_declared_are_not_kept_twice():
    told = Indexed(files(), merged=False, a=digest(model("a")))
    assert index.seen_name(A) not in told.texts
    assert index.id_row(told.texts[index.id_name(A)]).is_merged
    assert not index.id_row(told.texts[index.id_name(B)]).is_merged


def test_rows_are_read_as_they_were_written():
    texts = Indexed(files(p=INCLUDING)).texts
    row = index.file_row(texts[index.file_name("m")])
    assert (row.blob, row.ids, row.included, row.packed) == ("blob of m", (A, B), (), "")
    assert index.id_row(texts[index.id_name(B)]) == index.IdRow("m", True, (A,))
    assert index.ids_in(texts[index.users_name(A)]) == (ResourceId("Deployment", "chat", "", "dev"), B)
    assert index.file_row(texts[index.file_name("p")]).packed


@pytest.mark.parametrize("path", ["a\nb", r"a\xff"])
def test_names_with_odd_signs_cannot_be_indexed(path):
    with pytest.raises(NotToldError):
        index_of([file(path, model("a"))], {}, lambda _: True)


def test_what_cannot_be_had_any_more_is_not_told():
    were = files()
    change = Revision(index_of(were.values(), {}, lambda _: True).get, lambda _: None)
    with pytest.raises(NotToldError):
        change.apply([], [], {A: digest(model("a"))})
    elsewhere = Revision(index_of(were.values(), {}, lambda _: True).get, lambda _: were["d"])
    with pytest.raises(NotToldError):
        elsewhere.apply([], [], {A: digest(model("a"))})
