"""What every journal does, and what the one over files does besides."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import FakeJournal
from trueup.adapters.journals.file_journal import FileJournal, JournalReadError, JournalWriteError
from trueup.ports import Journal

WRITING = """
import itertools, sys
from pathlib import Path
from trueup.adapters.journals.file_journal import FileJournal
journal = FileJournal(Path(sys.argv[1]))
for number in itertools.count():
    journal.write("dev", {"step": number})
    print(number, flush=True)
"""


@pytest.fixture(params=["file", "fake"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return FakeJournal() if request.param == "fake" else FileJournal(tmp_path / "journal")


def test_nothing_is_unfinished_before_the_first_entry(journal: Journal) -> None:
    assert journal.unfinished("dev") == ()
    journal.close("dev")
    assert journal.unfinished("dev") == ()


def test_entries_come_back_in_order(journal: Journal) -> None:
    entries = [{"step": "start", "n": 1}, {"step": "route", "text": "line\nbreak \u2028 \u00e9"}, {}]
    for entry in entries:
        journal.write("dev", entry)
    assert list(journal.unfinished("dev")) == entries


def test_a_closed_run_is_not_unfinished(journal: Journal) -> None:
    journal.write("dev", {"step": 1})
    journal.close("dev")
    assert journal.unfinished("dev") == ()
    journal.write("dev", {"step": 2})
    assert list(journal.unfinished("dev")) == [{"step": 2}]


def test_two_environments_do_not_meet(journal: Journal) -> None:
    journal.write("dev", {"step": 1})
    journal.write("prod", {"step": 2})
    journal.close("dev")
    assert list(journal.unfinished("prod")) == [{"step": 2}]


def test_runs_that_did_not_end_are_found_by_how_their_names_begin(journal: Journal) -> None:
    for name in ("dev@git@b", "dev@git@a/ü", "dev", "prod@git@c", "dev@git@ended"):
        journal.write(name, {"step": 1})
    journal.close("dev@git@ended")
    assert journal.runs("dev@git@") == ("dev@git@a/ü", "dev@git@b")
    assert journal.runs("nobody") == ()


def test_what_json_cannot_spell_is_refused_and_nothing_is_added(journal: Journal) -> None:
    journal.write("dev", {"step": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.write("dev", {"step": float("nan")})
    assert list(journal.unfinished("dev")) == [{"step": 1}]


def test_a_torn_last_line_is_left_out_and_overwritten(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write("dev", {"step": 1})
    with (tmp_path / "dev.jsonl").open("ab") as file:
        file.write(b'{"step":2,"wo')
    assert list(journal.unfinished("dev")) == [{"step": 1}]
    journal.write("dev", {"step": 3})
    assert list(journal.unfinished("dev")) == [{"step": 1}, {"step": 3}]


def test_a_journal_of_nothing_but_a_torn_line_is_empty(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_bytes(b'{"st')
    journal = FileJournal(tmp_path)
    assert journal.unfinished("dev") == ()
    journal.write("dev", {"step": 1})
    assert list(journal.unfinished("dev")) == [{"step": 1}]


@pytest.mark.parametrize("line", [b"{torn\n", b"[]\n", b"\n", b"\xff\n"])
def test_a_damaged_line_is_an_error_that_names_it(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "dev.jsonl").write_bytes(b'{"step":1}\n' + line + b'{"step":3}\n')
    with pytest.raises(JournalReadError, match="line 2"):
        FileJournal(tmp_path).unfinished("dev")


def test_every_entry_that_was_written_survives_a_kill(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITING, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        for _ in range(20):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.stdout.read()
    entries = FileJournal(tmp_path).unfinished("dev")
    assert [e["step"] for e in entries][: last + 1] == list(range(last + 1))


def test_the_last_closed_runs_stay_newest_first(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    for number in range(13):
        journal.write("dev", {"run": number})
        journal.close("dev")
    journal.write("prod", {"run": "other"})
    journal.close("prod")
    assert [run[0]["run"] for run in journal.closed("dev")] == list(range(12, 2, -1))
    assert [run[0]["run"] for run in journal.closed("prod")] == ["other"]


def test_a_full_disk_is_a_clear_error_and_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write("dev", {"step": 1})
    before = (tmp_path / "dev.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, hard))
    try:
        with pytest.raises(JournalWriteError, match="LED050"):
            journal.write("dev", {"step": 2, "text": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert (tmp_path / "dev.jsonl").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalWriteError, match="LED050"):
        FileJournal(tmp_path / "file").write("dev", {"step": 1})


def test_a_journal_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").mkdir()
    with pytest.raises(JournalReadError, match="LED051"):
        FileJournal(tmp_path).unfinished("dev")


def test_a_run_that_cannot_be_closed_is_a_clear_error(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path)
    journal.write("dev", {"step": 1})
    (tmp_path / "closed").write_text("")
    with pytest.raises(JournalWriteError, match="LED050"):
        journal.close("dev")
    assert list(journal.unfinished("dev")) == [{"step": 1}]


@pytest.mark.parametrize("environment", ["../prod", "a/b", "..", "*", "[a]", "a.00000001"])
def test_no_name_leaves_the_folder_or_meets_another(tmp_path: Path, environment: str) -> None:
    journal = FileJournal(tmp_path / "journal")
    journal.write("a", {"step": 1})
    journal.close("a")
    journal.write(environment, {"step": 2})
    journal.close(environment)
    assert [list(run) for run in journal.closed(environment)] == [[{"step": 2}]]
    assert [list(run) for run in journal.closed("a")] == [[{"step": 1}]]
    assert [p.name for p in tmp_path.iterdir()] == ["journal"]
