"""What auditors get, in every format; `--update-golden` rewrites it and review reads the difference."""

from pathlib import Path

import pytest

from documented import MODEL, broken_ledger, facts, serving
from exported import broken, drafts, entries, header, hostile
from trueup.cli.output import Format, Style
from trueup.cli.views.document import render
from trueup.cli.views.export import pieces
from trueup.ledger.documents.annex_iv import annex_iv
from trueup.ledger.documents.model_card import model_card
from trueup.ledger.export.entry import Broken, Line
from trueup.ledger.export.header import Header

FOLDER = Path(__file__).parent
FORMATS = {"txt": Format.TEXT, "csv": Format.CSV, "jsonl": Format.NDJSON, "html": Format.HTML}
CASES: dict[str, tuple[Header, list[Line]]] = {
    "ordinary": (header(), [*entries(drafts())]),
    "hostile": (header(), [*hostile()]),
    "broken": (header(broken()), [*entries(drafts())[:2], Broken("Record 6 was changed.")]),
    "empty": (header(count=0, hint="Nothing was recorded in this clone."), []),
}
DOCUMENT_FORMATS = {"txt": Format.TEXT, "md": Format.MARKDOWN, "json": Format.JSON, "html": Format.HTML}
DOCUMENTS = {
    "annex-iv": annex_iv(facts(serving=serving(), changes=tuple(entries(drafts())))),
    "annex-iv-bare": annex_iv(facts(bare=True, ledger=broken_ledger(), revision="")),
    "model-card": model_card(facts(subject=MODEL, serving=serving())),
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_an_export_reads_as_reviewed(name: str, suffix: str, update_golden: bool) -> None:
    head, lines = CASES[name]
    made = list(pieces(head, lines, FORMATS[suffix], Style(), 100))
    check(f"{name}.{suffix}", "".join(p if p.endswith("\n") else f"{p}\n" for p in made), update_golden)


@pytest.mark.parametrize("suffix", DOCUMENT_FORMATS)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_reads_as_reviewed(name: str, suffix: str, update_golden: bool) -> None:
    text = render(DOCUMENTS[name], DOCUMENT_FORMATS[suffix], Style(), 100) + "\n"
    check(f"{name}.{suffix}", text, update_golden)


def check(name: str, text: str, update_golden: bool) -> None:
    file = FOLDER / name
    if update_golden:
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()
