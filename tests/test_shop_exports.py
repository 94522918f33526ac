"""Known exports: each is recognised by its header and read to the cent in one small case."""

import tomllib

import pytest
from conftest import ROOT

from ecomlab.shop.exports import exports, recognise
from ecomlab.shop.orders import OrdersError, read_orders

CASES = tomllib.loads((ROOT / "tests" / "cases" / "exports.toml").read_text("utf-8"))


def test_every_export_has_a_case():
    assert set(CASES) == set(exports())


def test_headers_do_not_overlap():
    for name, export in exports().items():
        for header in export.header:
            assert recognise(reversed(header["all"])) is export, name


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_read_to_the_cent(name, tmp_path):
    case = CASES[name]
    path = tmp_path / "export.csv"
    path.write_text(case["text"], encoding="utf-8")
    if "total" not in case:
        with pytest.raises(OrdersError, match=rf"is {exports()[name].name[:6]}.*it holds"):
            read_orders(None, path)
        return
    orders = read_orders(None, path)
    assert orders.export == exports()[name].name
    assert orders.lines["amount"].sum() == pytest.approx(case["total"], abs=0.005)
    assert len(orders.lines) == case["lines"]
    if case["customers"]:
        assert orders.lines["customer_id"].nunique() == case["customers"]
    else:
        assert "customer_id" not in orders.lines
