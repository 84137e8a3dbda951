"""What a source has now is written into the YAML, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts import digest_of_content
from trueup.core.diagnostics import Diagnostic, Severity
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.desired.state import Access
from trueup.ports import Resolved
from trueup.reconcile.codes import UNKNOWN_ADDRESS
from trueup.spec.codes import VERSION_CHANGED
from trueup.workflows import codes
from trueup.workflows.loading import Invalid
from trueup.workflows.pin import FileEdit, Pinned, pin, write
from workspaces import FakeWorkspace

Make = Callable[..., FakeWorkspace]

COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
NEW = Digest("sha256:" + "a" * 64)
OLD = Digest("sha256:" + "b" * 64)
PATH = "spec/models/hub.yaml"
HUB = f"""# Weights of others.
apiVersion: trueup/v1alpha1
kind: Model
metadata: {{name: hub, version: "1", owner: ml-platform}}
spec:
  source:
    uri: hf://acme/tiny   # the small one
    revision: main
    files: ["*.gguf"]
    credentials: env:TOKEN
  format: gguf            # as published
---
apiVersion: trueup/v1alpha1
kind: Adapter
metadata: {{name: law, version: "1", owner: ml-platform}}
spec:
  baseModel: hub@1
  source: {{uri: 'file:models/law', digest: '{OLD}'}}
  method: lora
  rank: 8
"""


@pytest.fixture
def shop(make: Make) -> FakeWorkspace:
    """A repository whose model floats on a branch of a hub, and whose adapter has a digest of before."""
    made = make()
    made.files[PATH] = HUB.encode()
    made.resolver.found = {
        ("hf://acme/tiny", "main"): Resolved(COMMIT, NEW, 2, 1234),
        ("hf://acme/tiny", "v2"): Resolved("f" * 40, OLD, 2, 1234),
        ("hf://acme/tiny", COMMIT): Resolved(COMMIT, NEW, 2, 1234),
        ("file:models/law", ""): Resolved("", NEW, 1, 10),
    }
    return made


def pinned(shop: FakeWorkspace, reference: str, **asked: str) -> Pinned:
    found = pin(shop, reference, **asked)
    assert isinstance(found, Pinned), found
    return found


def test_a_branch_becomes_a_commit_and_a_digest_and_no_other_byte_changes(shop: FakeWorkspace) -> None:
    (edit,) = pinned(shop, "Model/hub@1").edits
    wanted = HUB.replace("revision: main", f"revision: {COMMIT}").replace(
        "credentials: env:TOKEN\n", f'credentials: env:TOKEN\n    digest: "{NEW}"\n'
    )
    assert edit == FileEdit(PATH, HUB.encode(), wanted.encode())


def test_the_source_is_asked_as_it_is_declared(shop: FakeWorkspace) -> None:
    pinned(shop, "Model/hub@1")
    assert shop.resolver.asked == [("hf://acme/tiny", Access("main", ("*.gguf",), "", "env:TOKEN"))]


@pytest.mark.parametrize("reference", [PATH, f"./{PATH}"])
def test_a_file_stands_for_all_it_declares(shop: FakeWorkspace, reference: str) -> None:
    found = pinned(shop, reference)
    assert [str(p.id) for p in found.pins] == ["Model/hub@1", "Adapter/law@1"]
    (edit,) = found.edits
    assert f"digest: '{NEW}'}}".encode() in edit.after
    assert f"revision: {COMMIT}".encode() in edit.after


def test_another_revision_is_looked_up_when_it_is_named(shop: FakeWorkspace) -> None:
    (made,) = pinned(shop, "Model/hub@1", revision="v2").pins
    assert made.changes == (("revision", "main", "f" * 40), ("digest", "", OLD))


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ("    digest:\n    revision: main\n", f'    digest: "{NEW}"\n    revision: {COMMIT}\n'),
        (
            "    revision: main\n    digest: null   # to be pinned\n",
            f'    revision: {COMMIT}\n    digest: "{NEW}"   # to be pinned\n',
        ),
        ("    digest: ~\n    revision: main\n", f'    digest: "{NEW}"\n    revision: {COMMIT}\n'),
    ],
)
def test_a_digest_that_is_empty_or_null_is_filled_in(shop: FakeWorkspace, declared: str, wanted: str) -> None:
    before = HUB.replace("    revision: main\n", declared)
    shop.files[PATH] = before.encode()
    found = pinned(shop, "Model/hub@1")
    assert found.pins[0].changes[-1] == ("digest", "", NEW)
    assert found.edits == (FileEdit(PATH, before.encode(), before.replace(declared, wanted).encode()),)


def test_an_empty_revision_is_filled_in(shop: FakeWorkspace) -> None:
    shop.files[PATH] = HUB.replace("revision: main", "revision:").encode()
    (edit,) = pinned(shop, "Model/hub@1", revision="main").edits
    assert f"    revision: {COMMIT}\n".encode() in edit.after


def test_what_is_pinned_already_changes_nothing(shop: FakeWorkspace) -> None:
    shop.files[PATH] = pinned(shop, PATH).edits[0].after
    again = pinned(shop, PATH)
    assert again.edits == ()
    assert [p.changes for p in again.pins] == [(), ()]


def test_a_revision_that_the_address_names_is_not_written_beside_it(shop: FakeWorkspace) -> None:
    uri = f"oci://registry.test/acme/tiny@{OLD}"
    shop.files[PATH] = HUB.replace("hf://acme/tiny ", f"{uri} ").replace("    revision: main\n", "").encode()
    shop.resolver.found[uri, ""] = Resolved(OLD, NEW, 1, 1)
    assert pinned(shop, "Model/hub@1").pins[0].changes == (("digest", "", NEW),)


def test_a_dataset_is_pinned_like_a_model(shop: FakeWorkspace) -> None:
    assert pinned(shop, "Dataset/facts@1").edits == ()
    shop.resolver.found["file:models/facts@1", ""] = Resolved("", NEW, 1, 1)
    (edit,) = pinned(shop, "Dataset/facts@1").edits
    assert NEW.encode() in edit.after


def test_a_version_that_is_merged_is_not_pinned_anew(shop: FakeWorkspace) -> None:
    shop.history.problems = (Diagnostic(VERSION_CHANGED, "it was merged otherwise"),)
    found = pin(shop, "Model/hub@1")
    assert isinstance(found, Invalid)
    assert [(d.code, d.detail) for d in found.diagnostics] == [(VERSION_CHANGED, "it was merged otherwise")]
    assert "a new version" in found.diagnostics[0].hint


def test_what_is_not_changed_needs_no_history(shop: FakeWorkspace) -> None:
    shop.history.problems = (Diagnostic(VERSION_CHANGED, "of another file"),)
    assert pinned(shop, "Dataset/facts@1").edits == ()


def test_a_history_that_cannot_tell_is_a_warning(shop: FakeWorkspace) -> None:
    shop.history.problems = (Diagnostic(VERSION_CHANGED, "shallow", severity=Severity.WARNING),)
    found = pinned(shop, "Model/hub@1")
    assert found.edits
    assert found.warnings == shop.history.problems


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("Model/hbu@1", UNKNOWN_ADDRESS),
        ("spec/models/none.yaml", UNKNOWN_ADDRESS),
        ("Prompt/support@1", codes.NO_SOURCE),
        ("spec/prompts/support-1.yaml", codes.NO_SOURCE),
    ],
)
def test_what_has_no_source_is_refused(shop: FakeWorkspace, reference: str, code: object) -> None:
    with pytest.raises(PermanentError) as caught:
        pin(shop, reference)
    assert caught.value.code is code


def test_a_misspelt_address_comes_with_what_was_meant(shop: FakeWorkspace) -> None:
    with pytest.raises(PermanentError) as caught:
        pin(shop, "Model/hbu@1")
    assert "Model/hub@1" in caught.value.hint


def test_a_providers_model_has_no_bytes(shop: FakeWorkspace) -> None:
    shop.files[PATH] = (
        HUB.replace("hf://acme/tiny ", "api://provider/tiny ").replace("format: gguf", "format: api").encode()
    )
    with pytest.raises(PermanentError) as caught:
        pin(shop, "Model/hub@1")
    assert caught.value.code is codes.NO_SOURCE


def test_a_file_that_cannot_be_read_shows_its_problems(shop: FakeWorkspace) -> None:
    shop.files[PATH] = HUB.replace("revision: main", "revison: main").encode()
    assert isinstance(pin(shop, "Model/hub@1"), Invalid)
    shop.files["trueup.yaml"] = b"kind: Nothing"
    assert isinstance(pin(shop, "Dataset/facts@1"), Invalid)


def test_a_value_that_an_alias_shares_is_not_changed_behind_its_back(shop: FakeWorkspace) -> None:
    shop.files[PATH] = (
        HUB.replace("revision: main", "revision: &r main")
        .replace("format: gguf ", "format: gguf\n  family: *r #")
        .encode()
    )
    found = pin(shop, "Model/hub@1")
    assert isinstance(found, Invalid)
    assert "alias" in found.diagnostics[0].detail


def test_the_edit_is_written_and_the_file_keeps_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_bytes(b"before")
    file.chmod(0o664)
    write(tmp_path, Pinned((), (FileEdit("m.yaml", b"before", b"after"),), ()))
    assert file.read_bytes() == b"after"
    assert file.stat().st_mode & 0o777 == 0o664


def test_a_file_that_was_changed_meanwhile_is_left_alone_with_all_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"before")
    (tmp_path / "b.yaml").write_bytes(b"edited by hand")
    edits = (FileEdit("a.yaml", b"before", b"after"), FileEdit("b.yaml", b"before", b"after"))
    with pytest.raises(PermanentError) as caught:
        write(tmp_path, Pinned((), edits, ()))
    assert caught.value.code is codes.FILE_CHANGED
    assert (tmp_path / "a.yaml").read_bytes() == b"before"


def test_the_digest_of_the_example_is_what_its_source_has(shop: FakeWorkspace) -> None:
    (made,) = pinned(shop, "Model/tiny@1").pins
    assert made.resolved.digest == digest_of_content(b"safetensors tiny 1")
    assert made.changes == ()
