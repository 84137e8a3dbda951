"""What all orders do: the last one said counts, and it is taken once."""

from pathlib import Path

import pytest

from fakes import FakeOrders
from trueup.adapters.orders.file_orders import FileOrders
from trueup.core.errors import PermanentError
from trueup.ports import Orders


@pytest.fixture(params=["file", "fake"])
def orders(request: pytest.FixtureRequest, tmp_path: Path) -> Orders:
    return FakeOrders() if request.param == "fake" else FileOrders(tmp_path / "orders")


def test_without_an_order_there_is_none(orders: Orders) -> None:
    assert orders.take("dev", "answers") == ""


def test_the_last_order_is_taken_once(orders: Orders) -> None:
    orders.give("dev", "answers", "continue")
    orders.give("dev", "answers", "abort")
    orders.give("prod", "answers", "continue")
    assert orders.take("dev", "answers") == "abort"
    assert orders.take("dev", "answers") == ""
    assert orders.take("prod", "answers") == "continue"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "orders").write_text("a file")
    with pytest.raises(PermanentError) as raised:
        FileOrders(tmp_path / "orders").give("dev", "answers", "abort")
    assert raised.value.code.id == "ORD001"
