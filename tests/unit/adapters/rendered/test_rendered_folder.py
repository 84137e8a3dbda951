"""A folder that holds what was rendered, and what is refused to become one."""

from pathlib import Path

import pytest

from trueup.adapters.rendered import codes, folder
from trueup.adapters.rendered.folder import LIST, RenderedFolderError, write_rendered
from trueup.core.diagnostics import Code

FILES = {"environment.json": b"{}\n", "documents/Prompt/a@1.json": b'{"a": 1}\n'}


def snapshot(place: Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


def refused(place: Path, code: Code, environment: str = "dev") -> None:
    before = snapshot(place)
    with pytest.raises(RenderedFolderError) as caught:
        write_rendered(place, environment, FILES)
    assert caught.value.code is code
    assert snapshot(place) == before


def test_a_new_folder_gets_the_files_and_their_list(tmp_path: Path) -> None:
    done = write_rendered(tmp_path / "out", "dev", FILES)
    assert done.written == tuple(sorted(FILES))
    assert {k: v for k, v in snapshot(tmp_path / "out").items() if k != LIST} == FILES


def test_rendering_again_writes_nothing(tmp_path: Path) -> None:
    write_rendered(tmp_path, "dev", FILES)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    done = write_rendered(tmp_path, "dev", FILES)
    assert (done.written, done.removed, done.unchanged) == ((), (), tuple(sorted(FILES)))
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_only_files_that_were_rendered_are_removed_with_the_folders_they_leave_empty(tmp_path: Path) -> None:
    write_rendered(tmp_path, "dev", FILES)
    (tmp_path / "README.md").write_text("mine")
    done = write_rendered(tmp_path, "dev", {"environment.json": b"{}\n"})
    assert done.removed == ("documents/Prompt/a@1.json",)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["README.md", "environment.json", LIST]


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused(tmp_path, codes.FOREIGN_FOLDER)


def test_a_repository_without_files_is_as_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert write_rendered(tmp_path, "dev", FILES).written == tuple(sorted(FILES))


def test_the_folder_of_another_environment_is_refused(tmp_path: Path) -> None:
    write_rendered(tmp_path, "dev", FILES)
    refused(tmp_path, codes.FOREIGN_FOLDER, "prod")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"formatVersion": "2.0", "environment": "dev", "files": {}}',
        b'{"formatVersion": "1.0", "environment": "dev", "files": {"../outside": []}}',
        b'{"formatVersion": "1.0", "environment": "dev", "files": {"/etc/passwd": []}}',
        b'{"formatVersion": "1.0", "environment": "dev", "files": {".git/config": []}}',
        b'{"formatVersion": "1.0", "environment": "dev", "files": {"a": "b"}}',
    ],
)
def test_a_list_that_says_something_else_is_not_believed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LIST).write_bytes(content)
    refused(tmp_path, codes.FOREIGN_FOLDER)


def test_a_file_that_is_a_folder_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(RenderedFolderError, match="no folder of ours"):
        write_rendered(tmp_path / "out", "dev", FILES)


def test_a_change_by_hand_is_refused_and_a_lost_file_is_written_again(tmp_path: Path) -> None:
    write_rendered(tmp_path, "dev", FILES)
    (tmp_path / "environment.json").write_text("changed")
    refused(tmp_path, codes.CHANGED_FILE)
    (tmp_path / "environment.json").unlink()
    assert write_rendered(tmp_path, "dev", FILES).written == ("environment.json",)


@pytest.mark.parametrize("kind", ["file", "link", "folder", "parent"])
def test_what_was_not_rendered_is_never_replaced(tmp_path: Path, kind: str) -> None:
    write_rendered(tmp_path, "dev", {"environment.json": b"{}\n"})
    place = tmp_path / "documents" / "Prompt" / "a@1.json"
    place.parent.mkdir(parents=True)
    match kind:
        case "file":
            place.write_text("mine")
        case "link":
            place.symlink_to(tmp_path / "elsewhere")
        case "folder":
            place.mkdir()
        case _:
            place.parent.rmdir()
            place.parent.write_text("a file where a folder must be")
    refused(tmp_path, codes.IN_THE_WAY)


def test_a_run_that_was_killed_half_way_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rendered(tmp_path, "dev", FILES)
    later = {"environment.json": b'{"b": 2}\n', "more.json": b"1\n", "zzz.json": b"2\n"}
    real, count = folder._put, iter(range(100))

    def killed(path: Path, content: bytes) -> None:
        if next(count) == 2:
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(folder, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        write_rendered(tmp_path, "dev", later)
    monkeypatch.setattr(folder, "_put", real)
    write_rendered(tmp_path, "dev", later)
    assert {k: v for k, v in snapshot(tmp_path).items() if k != LIST} == later


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(RenderedFolderError) as caught:
        write_rendered(tmp_path / "file" / "out", "dev", FILES)
    assert caught.value.code is codes.NOT_WRITABLE
