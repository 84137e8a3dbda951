"""Lines of a file, none of them longer than a bound."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from trueup.adapters.datasets.records import MOST_BYTES

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"

TOO_LONG = f"longer than {MOST_BYTES // (1024 * 1024)} MiB"
NOT_UTF8 = "not UTF-8"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked when it is packed by gzip."""
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"), _CHUNK)
    return path.open("rb", buffering=_CHUNK)


def lines(file: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield the number and bytes of each line, without its end; None for one that is too long."""
    number = 0
    while line := file.readline(MOST_BYTES + 1):
        number += 1
        if len(line) > MOST_BYTES and not line.endswith(b"\n"):
            while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield number, None
            continue
        if number == 1 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        yield number, line.rstrip(b"\r\n")
