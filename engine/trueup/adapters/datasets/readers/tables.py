"""CSV: a head with names, a record a row (RFC 4180)."""

import csv
from collections.abc import Iterator
from pathlib import Path

from trueup.adapters.datasets.readers.lines import NOT_UTF8, TOO_LONG, lines, open_bytes
from trueup.adapters.datasets.records import MOST_BYTES, Malformed, Record, Row


def read_csv(path: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a file under the names of its head; a row of another length is malformed.

    An empty field is null, as it is where types are known.
    """
    too_long: list[int] = []
    csv.field_size_limit(MOST_BYTES)
    with open_bytes(path) as file:
        delimiter = "\t" if ".tsv" in path.suffixes else ","
        reader = csv.reader(_texts(lines(file), too_long), delimiter=delimiter, strict=True)
        head: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                fields = None
            except csv.Error as error:
                yield Malformed(name, line, f"no row of CSV ({error})")
                continue
            yield from (Malformed(name, number, TOO_LONG) for number in too_long)
            too_long.clear()
            if fields is None:
                return
            if head is None and fields:
                head = fields
                yield from _head_problems(head, name, line)
            elif head is not None and fields:
                yield _row(head, fields, name, line)


def _texts(numbered: Iterator[tuple[int, bytes | None]], too_long: list[int]) -> Iterator[str]:
    for number, line in numbered:
        if line is None:
            too_long.append(number)
            yield "\n"  # counts as a line, and holds no row
        else:
            yield line.decode(errors="surrogateescape") + "\n"


def _head_problems(head: list[str], name: str, line: int) -> Iterator[Malformed]:
    twice = sorted({field for field in head if head.count(field) > 1})
    if twice:
        yield Malformed(name, line, f"the head has `{twice[0]}` twice")
    if any(not field.isprintable() for field in head):
        yield Malformed(name, line, "the head has names that cannot be printed")


def _row(head: list[str], fields: list[str], name: str, line: int) -> Row:
    if len(fields) != len(head):
        return Malformed(name, line, f"{len(fields)} fields where the head has {len(head)}")
    if any("\udc80" <= c <= "\udcff" for field in fields if not field.isascii() for c in field):
        return Malformed(name, line, NOT_UTF8)
    return Record({n: f or None for n, f in zip(head, fields, strict=True)}, name, line, is_text=True)
