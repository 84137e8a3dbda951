"""Policies of any folder, and the pages beside them."""

from pathlib import Path

import pytest

from fakes import FakeTree
from trueup.adapters.policy.bundle import load_library
from trueup.adapters.policy.folders import FolderError, load_folder, page_beside
from trueup.policy.results import LIBRARY

RULE = 'package own\ndeny contains "no" if input.x\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    (own / "limits").mkdir(parents=True)
    (own / ".git").mkdir()
    (own / "a.rego").write_text(RULE)
    (own / "limits" / "data.yaml").write_text("most: 3\n")
    (own / "notes.yaml").write_text("no: policy\n")
    (own / ".git" / "b.rego").write_text(RULE)
    (own / "link.rego").symlink_to(own / "a.rego")
    return own


def test_a_folder_gives_its_policies_and_data_under_the_name_it_was_given(folder: Path) -> None:
    files = load_folder(f"{folder}/", library=False)
    assert [f.path for f in files] == [f"{folder}/a.rego", f"{folder}/limits/data.yaml"]
    assert {f.root for f in files} == {str(folder)}


def test_the_library_takes_part_when_asked_for(folder: Path) -> None:
    files = load_folder(str(folder), library=True)
    assert {f.path for f in files} > {f.path for f in load_library()}


def test_a_folder_with_the_library_stands_in_its_place(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "trueup.rego").write_text("package trueup.lib\n")
    files = load_folder(str(folder), library=True)
    assert {f.root for f in files} == {LIBRARY}
    assert f"{LIBRARY}/a.rego" in {f.path for f in files}
    assert len(files) == 3


def test_a_folder_that_is_none_or_has_no_policy_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nothing", "."):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FolderError) as raised:
            load_folder(name, library=True)
        assert raised.value.code.id == "POL080"


def test_a_folder_with_far_too_many_files_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trueup.adapters.policy.folders.MAX_FILES", 1)
    with pytest.raises(FolderError, match="more than 1 policy files"):
        load_folder(str(folder), library=False)


def test_the_page_beside_a_rule_is_found_in_the_library_and_in_the_repository() -> None:
    tree = FakeTree({"policies/own/README.md": b"# Own\n"})
    assert page_beside("policies/own/rule.rego", lambda: tree) == "# Own\n"
    assert page_beside("policies/other/rule.rego", lambda: tree) == ""
    library = page_beside(f"{LIBRARY}/SC-01-pinned-sources/rule.rego", lambda: tree)
    assert library.startswith("# SC-01")
    assert page_beside(f"{LIBRARY}/nothing/rule.rego", lambda: tree) == ""


def test_the_page_beside_a_rule_of_a_folder_is_read_from_there(folder: Path) -> None:
    (folder / "README.md").write_text("# Mine\n")
    nowhere = FakeTree({})
    assert page_beside(f"{folder}/a.rego", lambda: nowhere, folder=str(folder)) == "# Mine\n"
    (folder / "lib").mkdir()
    (folder / "lib" / "trueup.rego").write_text("package trueup.lib\n")
    assert page_beside(f"{LIBRARY}/a.rego", lambda: nowhere, folder=str(folder)) == "# Mine\n"
