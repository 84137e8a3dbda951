"""Money in hundredths of its currency, exactly as it was written: 0.1 is a tenth, and sums of tenths are whole."""

from decimal import Decimal
from fractions import Fraction

from trueup.core.json import Json


def hundredths(value: Json) -> Fraction | None:
    """Return an amount of money in hundredths, exactly as it was written (0.1 is a tenth); None when it is none."""
    found = exactly(value)
    return None if found is None else found * 100


def exactly(value: Json) -> Fraction | None:
    """Return a number as it was written; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Fraction(Decimal(str(value)))


def spelled(amount: int, currency: str = "") -> str:
    """Spell an amount in hundredths: `1,234.00 EUR`."""
    sign, whole = "-" if amount < 0 else "", abs(amount)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}{f' {currency}' if currency else ''}"
