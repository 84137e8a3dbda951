"""Kubernetes quantities as specs spell them, in whole units.

Whole numbers, because Rego engines do not agree on fractions.
"""

import math
import re
from decimal import Decimal
from fractions import Fraction

from trueup.core.json import Json

_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$")
_FACTORS = {
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000**power) for power, unit in enumerate("kMGTP", start=1)},
    **{f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTP", start=1)},
}
_MIB = 1 << 20


def _quantity(value: Json) -> Fraction | None:
    match = _QUANTITY.match(str(value)) if isinstance(value, str | int | float) else None
    if match is None:
        return None
    number = Fraction(Decimal(match[1]))
    return number * _FACTORS[match[2]] if match[2] else number


def millis(value: Json) -> int | None:
    """Return a Kubernetes quantity (`500m`, `2`) in thousandths, rounded up; None when it is none."""
    found = _quantity(value)
    return None if found is None else math.ceil(found * 1000)


def mebibytes(value: Json) -> int | None:
    """Return a Kubernetes quantity of bytes (`16Gi`, `500M`) in MiB, rounded up; None when it is none."""
    found = _quantity(value)
    return None if found is None else math.ceil(found / _MIB)
