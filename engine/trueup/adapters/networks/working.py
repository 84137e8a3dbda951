"""Work on sequences side by side: one thread of Python for each core, and one of the linear algebra in each.

Left alone, OpenBLAS takes all cores for every product and waits busily for those that something else has taken: on a
shared machine that made 30 times as long of it. Sequences do not meet, so that numbers are the same on any machine of
one kind, however many cores it has.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


@contextmanager
def side_by_side() -> Iterator[Callable[[Callable[[_T], _R], Iterable[_T]], list[_R]]]:
    """Give what applies a function to each of some values at once and returns the results in their order."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    def apply(function: Callable[[_T], _R], values: Iterable[_T]) -> list[_R]:
        def quietly(value: _T) -> _R:
            # A broken model may hold NaN or overflow: that is a finding, and no warning beside it.
            with np.errstate(all="ignore"):
                return function(value)

        return list(pool.map(quietly, values))

    with threadpool_limits(limits=1), ThreadPoolExecutor(cores) as pool:
        yield apply
