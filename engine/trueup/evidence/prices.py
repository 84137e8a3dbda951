"""What an Environment says that running costs: by the hour of an accelerator or a machine, and by the token.

A price that is not declared is None, which makes what needs it unknown. A price of 0 is a price.
"""

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

from trueup.core.frozen import dataclass
from trueup.core.json import Json, mapping_of
from trueup.core.money import hundredths

_MILLION = 1_000_000

PROVIDER = "api://"
"""How the source of a model starts that a provider serves: paid by the token, on nobody's machine here."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one run is paid by, in hundredths of the currency.

    Attributes:
        currency: ISO 4217.
        by_tokens: A provider answers: tokens are paid and time is not.
        input_token: One token read; None when it has no price.
        output_token: One token written; None when it has no price.
        hour: One accelerator, or the machine where there is none, for an hour; None when it has no price.
    """

    currency: str = "USD"
    by_tokens: bool = False
    input_token: Fraction | None = None
    output_token: Fraction | None = None
    hour: Fraction | None = None

    def for_tokens(self, read: Fraction | int, written: Fraction | int) -> Fraction | None:
        """Return the price of so many tokens; None when either kind has no price."""
        if self.input_token is None or self.output_token is None:
            return None
        return read * self.input_token + written * self.output_token


@dataclass(frozen=True, slots=True)
class Prices:
    """The declared prices of an environment, in hundredths of its currency.

    Attributes:
        currency: ISO 4217.
        accelerators: One for an hour, by product.
        machine_hour: One machine without accelerators for an hour; None when it has no price.
        input_token: One token that a provider reads; None when it has no price.
        output_token: One token that a provider writes; None when it has no price.
    """

    currency: str = "USD"
    accelerators: Mapping[str, Fraction] = field(default_factory=dict)
    machine_hour: Fraction | None = None
    input_token: Fraction | None = None
    output_token: Fraction | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has a price."""
        return not self.accelerators and {self.machine_hour, self.input_token, self.output_token} == {None}

    def rates(self, *, sku: str = "", by_tokens: bool = False) -> Rates:
        """Return what a run on accelerators of the product *sku* is paid by; without one, it is the machine's hour.

        With *by_tokens*, a provider answers.
        """
        hour = self.accelerators.get(sku) if sku else self.machine_hour
        return Rates(self.currency, by_tokens, self.input_token, self.output_token, hour)


def prices_of(settings: Json) -> Prices:
    """Return the prices in *settings*, the `spec` of an Environment."""
    declared = mapping_of(settings)
    pools = declared.get("accelerators")
    by_product: dict[str, Fraction] = {}
    for pool in pools if isinstance(pools, list | tuple) else ():
        price = hundredths(mapping_of(pool).get("pricePerHour"))
        if price is not None:
            by_product[str(mapping_of(pool).get("sku"))] = price
    prices = mapping_of(declared.get("prices"))
    return Prices(
        currency=str(mapping_of(declared.get("budget")).get("currency") or "USD"),
        accelerators=by_product,
        machine_hour=hundredths(prices.get("machinePerHour")),
        input_token=_by_token(prices.get("perMillionInputTokens")),
        output_token=_by_token(prices.get("perMillionOutputTokens")),
    )


def _by_token(price: Json) -> Fraction | None:
    found = hundredths(price)
    return None if found is None else found / _MILLION
