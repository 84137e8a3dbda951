"""Declared files become resources; the ways in which they do not are golden cases."""

import gc
import sys

from trueup.core.diagnostics import Diagnostic, Span
from trueup.core.digests import BlobId, digest_of_bytes
from trueup.core.ids import ResourceId
from trueup.core.json import canonical
from trueup.spec import codes, kinds
from trueup.spec.parse import _MOST_LOCATED, parse
from trueup.spec.problems import _MOST_TOLD
from trueup.spec.resource import Parsed, SourceFile

HEAD = "apiVersion: trueup/v1alpha1\n"
DEV = f"{HEAD}kind: Environment\nmetadata: {{name: dev}}\nspec: {{tier: dev, target: {{type: process}}}}\n"


def read(*texts: str, files: dict[str, bytes] | None = None) -> Parsed:
    """Parse texts as files `0.yaml`, `1.yaml`, ...; *files* can be included."""
    contents = {f"{i}.yaml": text.encode() for i, text in enumerate(texts)}
    every = {**contents, **(files or {})}

    def included(path: str) -> bytes | Diagnostic:
        return every.get(path) or Diagnostic(codes.INCLUDE_UNREADABLE, "There is no such file.", Span(path))

    return parse([SourceFile(p, BlobId(f"blob-{p}" if c else ""), c) for p, c in contents.items()], included)


def model(name: str, version: object = '"1"', base: str = "[]", more: str = "") -> str:
    return (
        f"{HEAD}kind: Model\nmetadata: {{name: {name}, version: {version}}}\n"
        f"spec: {{source: {{uri: 'file:a'}}, format: gguf, baseModel: {base}{more}}}\n"
    )


def ids(parsed: Parsed) -> list[str]:
    return [str(i) for i in parsed.resources]


def told(parsed: Parsed) -> list[str]:
    return [d.code.id for d in parsed.diagnostics]


def test_a_document_becomes_a_resource_with_the_digest_of_what_it_declares():
    parsed = read(DEV)
    (found,) = parsed.resources.values()
    assert parsed.diagnostics == ()
    assert found.id == ResourceId("Environment", "dev")
    assert found.canonical == canonical(
        {
            "apiVersion": "trueup/v1alpha1",
            "kind": "Environment",
            "metadata": {"name": "dev"},
            "spec": {"tier": "dev", "target": {"type": "process"}},
        }
    )
    assert found.digest == digest_of_bytes(found.canonical)


def test_defaults_are_not_part_of_what_was_declared():
    (found,) = read(DEV).resources.values()
    assert b"rollback" not in found.canonical
    assert kinds.environment(found).spec.rollback.mode == "commit"


def test_a_stream_gives_every_document_with_its_place():
    parsed = read(f"# one\n{DEV}---\n{model('tiny')}")
    assert ids(parsed) == ["Environment/dev", "Model/tiny@1"]
    origins = [r.origin for r in parsed.resources.values()]
    assert [(o.path, o.blob, o.document, o.line) for o in origins] == [
        ("0.yaml", "blob-0.yaml", 0, 2),
        ("0.yaml", "blob-0.yaml", 1, 7),
    ]


def test_empty_documents_are_nothing_to_complain_about():
    parsed = read("", "# only a comment\n", f"---\n---\n{DEV}---\n")
    assert ids(parsed) == ["Environment/dev"]
    assert parsed.diagnostics == ()


def test_a_deployment_belongs_to_its_environment():
    text = (
        f"{HEAD}kind: Deployment\nmetadata: {{name: chat}}\n"
        "spec: {environment: dev, release: {model: tiny@1}, runtime: {engine: llama.cpp}}\n"
    )
    parsed = read(DEV, model("tiny"), text)
    assert parsed.diagnostics == ()
    assert ids(parsed)[-1] == "Deployment/dev/chat"
    named = [(r.path, str(r.target)) for r in list(parsed.resources.values())[-1].references]
    assert named == [
        (("spec", "environment"), "Environment/dev"),
        (("spec", "release", "model"), "Model/tiny@1"),
    ]


def test_one_name_may_be_deployed_in_two_environments():
    def deployed(env: str) -> str:
        return (
            f"{HEAD}kind: Deployment\nmetadata: {{name: chat}}\n"
            f"spec: {{environment: {env}, release: {{model: tiny@1}}, runtime: {{engine: llama.cpp}}, "
            "fallbacks: [chat]}\n"
        )

    parsed = read(DEV, DEV.replace("name: dev", "name: two"), model("tiny"), deployed("dev"), deployed("two"))
    assert parsed.diagnostics == ()
    fallback = [r.references[-1].target for r in parsed.resources.values() if r.id.kind == "Deployment"]
    assert [f.environment for f in fallback] == ["dev", "two"]


def test_a_version_without_quotes_is_the_same_resource_with_the_same_digest():
    quoted, plain = read(model("tiny", '"1"')), read(model("tiny", 1))
    assert [r.digest for r in quoted.resources.values()] == [r.digest for r in plain.resources.values()]


def test_an_included_text_is_part_of_the_digest():
    prompt = f'{HEAD}kind: Prompt\nmetadata: {{name: p, version: "1"}}\nspec: {{template: {{file: p.txt}}}}\n'
    one, two = (read(prompt, files={"p.txt": text}) for text in (b"Hello.", b"Good day."))
    (first,), (second,) = one.resources.values(), two.resources.values()
    assert first.digest != second.digest
    assert kinds.prompt(first).spec.chat == (("system", "Hello."),)
    assert b'"template":{"content":"Hello.","file":"p.txt"}' in first.canonical


def test_an_aliased_mapping_gets_no_text_where_no_file_is_included():
    prompt = (
        f'{HEAD}kind: Prompt\nmetadata: {{name: p, version: "1"}}\n'
        "spec: {template: &t {file: p.txt}, modelConfig: {extra_body: {t: *t}}}\n"
    )
    (found,) = read(prompt, files={"p.txt": b"Hello."}).resources.values()
    assert kinds.prompt(found).spec.decoding.extra_body == {"t": {"file": "p.txt"}}


def test_an_included_text_is_limited():
    prompt = f'{HEAD}kind: Prompt\nmetadata: {{name: p, version: "1"}}\nspec: {{template: {{file: p.txt}}}}\n'
    assert told(read(prompt, files={"p.txt": b"a" * 256 * 1024})) == []
    assert told(read(prompt, files={"p.txt": b"a" * (256 * 1024 + 1)})) == ["SPEC304"]


def test_a_path_that_is_refused_is_never_read():
    asked = []

    def included(path: str) -> bytes:
        asked.append(path)
        return b"secret"

    text = f'{HEAD}kind: Prompt\nmetadata: {{name: p, version: "1"}}\nspec: {{template: {{file: /etc/passwd}}}}\n'
    parsed = parse([SourceFile("a.yaml", BlobId(""), text.encode())], included)
    assert told(parsed) == ["SPEC301"]
    assert asked == []


def test_naming_a_broken_document_is_no_second_mistake():
    parsed = read(model("base", more=", fromat: gguf"), model("tiny", base="[base@1]"))
    assert told(parsed) == ["SPEC143"]
    assert ids(parsed) == ["Model/tiny@1"]


def test_naming_a_document_with_broken_yaml_is_no_second_mistake():
    broken = model("base").replace("metadata: {", "metadata: {owner: a, owner: b, ")
    assert told(read(broken, model("tiny", base="[base@1]"))) == ["SPEC109"]


def test_a_duplicate_names_both_places_and_the_first_one_stands():
    parsed = read(f"\n\n{DEV}", DEV)
    assert told(parsed) == ["SPEC151"]
    assert parsed.diagnostics[0].span == Span("1.yaml", 3, 18)
    assert "0.yaml:3" in parsed.diagnostics[0].detail
    assert parsed.resources[ResourceId("Environment", "dev")].origin.path == "0.yaml"


def test_a_chain_of_ten_thousand_base_models_is_walked():
    chain = [model(f"m{i}", base=f"[m{i + 1}@1]" if i < 10_000 else "[]") for i in range(10_001)]
    gc.disable()
    try:
        parsed = read("---\n".join(chain[:5000]), "---\n".join(chain[5000:]))
    finally:
        gc.enable()
    assert parsed.diagnostics == ()
    assert len(parsed.resources) == 10_001 > sys.getrecursionlimit()


def test_a_long_circle_is_told_in_a_line():
    texts = [model(f"m{i}", base=f"[m{(i + 1) % 1500}@1]") for i in range(1500)]
    parsed = read("---\n".join(texts))
    assert told(parsed) == ["SPEC203"]
    assert "1495 more" in parsed.diagnostics[0].detail


def test_models_that_share_a_base_are_no_circle():
    parsed = read(model("a"), model("b", base="[a@1]"), model("c", base="[a@1]"), model("d", base="[b@1, c@1]"))
    assert parsed.diagnostics == ()


def test_a_model_may_name_its_replacement_and_be_its_base():
    old = model("old", more=", lifecycle: {phase: deprecated, replacement: new@1}")
    assert read(old, model("new", base="[old@1]")).diagnostics == ()


def test_spelling_help_is_given_up_before_it_gets_slow():
    bases = ", ".join(f"x{i}@1" for i in range(60))
    parsed = read(model("tiny", base=f"[{bases}]"))
    assert len(parsed.diagnostics) == 60
    assert {d.code.id for d in parsed.diagnostics} == {"SPEC201"}
    assert all(d.hint for d in parsed.diagnostics)


def test_a_document_of_nothing_but_mistakes_is_cut_short():
    fields = "".join(f", x{i}: 1" for i in range(500))
    parsed = read(model("tiny", more=fields))
    assert len(parsed.diagnostics) == _MOST_TOLD + 1
    assert any("400 more problems" in d.detail for d in parsed.diagnostics)


def test_a_file_full_of_mistakes_is_told_in_reasonable_time():
    parsed = read("---\n".join(model(f"m{i}", more=", x: 1") for i in range(_MOST_LOCATED + 20)))
    assert len(parsed.diagnostics) == _MOST_LOCATED + 20
    assert sum(d.span.column == 1 for d in parsed.diagnostics) == 20


def test_references_are_placed_even_when_their_file_cannot_be_read_again():
    def included(path: str) -> Diagnostic:
        return Diagnostic(codes.INCLUDE_UNREADABLE, "No.", Span(path))

    source = SourceFile("a.yaml", BlobId(""), f"# one\n{model('tiny', base='[gone@1]')}".encode())
    (problem,) = parse([source], included).diagnostics
    assert problem.span == Span("a.yaml", 2, 1)


def test_the_order_of_files_changes_nothing_but_their_order():
    texts = [DEV, model("a"), model("b", base="[a@1, c@1]")]
    forward, backward = read(*texts), read(*reversed(texts))
    assert {str(k): v.digest for k, v in forward.resources.items()} == {
        str(k): v.digest for k, v in backward.resources.items()
    }
    assert [d.detail for d in forward.diagnostics] == [d.detail for d in backward.diagnostics]


def test_a_document_that_does_not_say_what_it_is_is_told_once():
    assert told(read(model("tiny", "true"))) == ["SPEC145"]
    assert told(read(model("tiny", "{}"))) == ["SPEC145"]


def test_a_deployment_that_names_no_environment_is_told_once():
    spec = "{environment: 1, release: {model: a@1}, runtime: {engine: x}}"
    text = f"{HEAD}kind: Deployment\nmetadata: {{name: a}}\nspec: {spec}\n"
    assert told(read(text)) == ["SPEC145"]
    assert told(read(f"{HEAD}kind: Deployment\nmetadata: {{name: a}}\nspec: 1\n")) == ["SPEC145"]
