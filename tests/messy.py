"""A shop's export with every fault at once, and the exact count of each."""

import numpy as np
import pandas as pd

SCRIPT = "<script>alert('shop')</script> & $x^2$ *bold*"


def messy_orders(n=20_000, seed=1, faults=40):
    """Return (frame of texts, counts): German habits, faults spread at random over the lines.

    Every line is right at first and each breaks at most one rule, so that the counts of what
    is dropped are exact: `faults` lines a rule, the duplicates added at the end.
    """
    rng = np.random.default_rng(seed)
    customer = rng.zipf(1.4, n) % 900 + 12_000
    product = rng.zipf(1.3, n) % 60
    day = pd.Timestamp("2025-01-06") + pd.to_timedelta(np.sort(rng.integers(0, 360, n)), unit="D")
    minute = pd.to_timedelta(rng.integers(8 * 60, 20 * 60, n), unit="min")
    quantity = rng.integers(1, 5, n)
    cents = (499 + 150 * product) * quantity
    frame = pd.DataFrame(
        {
            "Rechnungsnummer": [f"R{number}" for number in range(n)],
            "Bestelldatum": (day + minute).strftime("%d.%m.%Y %H:%M"),
            "Kundennummer": [f"{number}.0" for number in customer],
            "Artikelnummer": [f"A{number:03d}" for number in product],
            "Bezeichnung": [SCRIPT if p == 0 else f'Größe {p}; "Müller"' for p in product],
            "Menge": quantity.astype(str),
            "Betrag": [f"{c // 100:,}".replace(",", ".") + f",{c % 100:02d} €" for c in cents],
            "Währung": "EUR",
        }
    )
    rows = iter(rng.permutation(n).reshape(-1)[: 20 * faults].reshape(20, faults))
    counts = {}

    def spoil(rule, column, value):
        frame.loc[place := next(rows), column] = value
        if rule in ("return", "refund"):  # of customers with no sale to set it against
            frame.loc[place, "Kundennummer"] = [f"9{number}" for number in place]
        counts[rule] = faults

    spoil("customer_missing", "Kundennummer", "")
    spoil("customer_damaged", "Kundennummer", "1.23E+12")
    spoil("product_missing", "Artikelnummer", "n/a")
    spoil("date_unreadable", "Bestelldatum", "bald")
    spoil("date_future", "Bestelldatum", "01.01.2099 10:00")
    spoil("date_ancient", "Bestelldatum", "30.12.1899 00:00")
    spoil("quantity_unreadable", "Menge", "viele")
    spoil("quantity_zero", "Menge", "0")
    spoil("amount_unreadable", "Betrag", "kostenlos")
    spoil("currency", "Währung", "USD")
    spoil("return", "Menge", "-1")
    spoil("refund", "Betrag", "-5,00 €")
    spoil("zero_price", "Betrag", "0,00 €")
    # Right again, in another hand: none of these may be dropped.
    frame.loc[next(rows), "Kundennummer"] = " 12001 "
    frame.loc[next(rows), "Betrag"] = "EUR 1 234,50"
    frame.loc[next(rows), "Bestelldatum"] = "2025-06-30T12:00:00"
    spoiled = pd.concat([frame, frame.loc[next(rows)]], ignore_index=True)
    counts["duplicate"] = faults
    return spoiled, counts


def write_messy(path, n=20_000, seed=1):
    """Write the messy export as a Windows CSV with two lines of too many fields, one empty."""
    frame, counts = messy_orders(n, seed)
    text = frame.to_csv(sep=";", index=False, lineterminator="\r\n")
    lines = text.split("\r\n")
    lines[101] += ";one;field;more"
    lines[202] += ";again"
    lines.insert(303, "")
    path.write_bytes("\r\n".join(lines).encode("cp1252"))
    n_lines = len(frame) + 1
    # The two rows of too many fields may themselves have broken another rule.
    return counts | {"too_many_fields": 2, "empty": 1}, n_lines
