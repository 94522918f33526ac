"""Order tables as shops of many habits write them, with the total that is right."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

NAMES = {
    "en": "Order ID|Order Date|Customer ID|SKU|Item Name|Quantity|Unit Price|Line Total|"
    "Order Total|Shipping|Tax|Status|Discount Code",
    "en2": "order_no|created_at|customer_email|item_sku|title|qty|price|amount|order_amount|"
    "freight_value|vat|order_status|coupon",
    "de": "Bestellnummer|Bestelldatum|Kundennummer|Artikelnummer|Bezeichnung|Menge|Einzelpreis|"
    "Gesamtpreis|Bestellsumme|Versandkosten|MwSt|Status|Gutscheincode",
    "fr": "N° commande|Date commande|N° client|Référence|Désignation|Quantité|Prix unitaire|"
    "Montant|Total commande|Frais de port|TVA|Statut|Code promo",
    "es": "Número de pedido|Fecha|Cliente|Referencia|Descripción|Cantidad|Precio unitario|"
    "Importe|Total pedido|Gastos de envío|IVA|Estado|Cupón",
    "it": "Numero ordine|Data ordine|Codice cliente|Codice articolo|Descrizione articolo|"
    "Quantità|Prezzo unitario|Importo|Totale ordine|Spese di spedizione|IVA|Stato|Coupon",
    "pt": "numero_pedido|data_compra|id_cliente|id_produto|nome_produto|quantidade|"
    "preco_unitario|valor_total|total_pedido|valor_frete|imposto|status|cupom",
    "pl": "Numer zamówienia|Data zamówienia|Klient|Kod produktu|Nazwa produktu|Ilość|"
    "Cena jednostkowa|Kwota|Wartość zamówienia|Wysyłka|VAT|Status|Kupon",
}
FIELDS = "order date customer sku title quantity price amount order_total freight tax status code"
CANCELLED = {"de": "storniert", "fr": "annulée", "es": "cancelado", "it": "annullato"}
PAID = {"de": "bezahlt", "fr": "payée", "es": "pagado", "it": "pagato"}
# A second state beside the order's: its column, an order that waits, and what was paid back.
PAYMENT = {
    "en": ("Payment Status", "Open", "Refunded"),
    "en2": ("payment_status", "pending", "refunded"),
    "de": ("Zahlungsstatus", "Offen", "Rückerstattet"),
    "fr": ("Statut paiement", "En attente", "Remboursée"),
    "es": ("Estado de pago", "Pendiente", "Reembolsado"),
    "it": ("Stato pagamento", "In attesa", "Rimborsato"),
}
REFUND = {
    "en": ("Refund Status", "No refund"),
    "en2": ("refund_status", "none"),
    "de": ("Erstattungsstatus", "nicht erstattet"),
    "fr": ("Statut remboursement", "non"),
    "es": ("Estado reembolso", "no"),
    "it": ("Stato rimborso", "no"),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
DATES = {
    "iso": ["%Y-%m-%d"],
    "iso time": ["%Y-%m-%d %H:%M:%S"],
    "zone": ["%Y-%m-%dT%H:%M:%S+02:00"],
    "day first": ["%d/%m/%Y"],
    "month first": ["%m/%d/%Y"],
    "points": ["%d.%m.%Y %H:%M"],
    "short": ["%d.%m.%y"],
    "names": ["%b-%d-%y"],
    "two spellings": ["%m/%d/%Y", "%m-%d-%Y"],
    "iso and points": ["%Y-%m-%d", "%d.%m.%Y"],
    "serial and iso": ["serial", "%Y-%m-%d"],
}


@st.composite
def habits(draw):
    """Draw how one shop writes its orders."""
    language = draw(st.sampled_from(sorted(NAMES)))
    decimal = draw(st.sampled_from(".,"))
    marks = ["", " ", "'", "," if decimal == "." else "."]
    return {
        "language": language,
        "decimal": decimal,
        "thousands": draw(st.sampled_from(marks)),
        "places": draw(st.sampled_from([0, 2, 2, 2, -1])),  # -1: no zeros at the end
        "scale": draw(st.sampled_from([1, 1, 30, 400])),
        "sign": draw(st.sampled_from(["", "", "€ ", " €", "$", " EUR"])),
        "minus": draw(st.sampled_from(["-", "(", "behind", "'-"])),
        "money": draw(
            st.sampled_from(["amount", "price", "both", "both and order", "price and order"])
        ),
        "quantity": draw(st.sampled_from([True, True, True, False])),
        "order": draw(st.booleans()),
        "dates": draw(st.sampled_from(sorted(DATES))),
        "sorted": draw(st.booleans()),
        "status": draw(st.booleans()),
        "second": draw(st.sampled_from(["none", "none", "payment", "refund"])),
        "returns": draw(st.sampled_from(["none", "none", "same order", "own row"])),
        "beside": draw(st.lists(st.sampled_from(["freight", "tax", "code", "sku", "title"]))),
        "around": draw(st.lists(st.sampled_from(["title", "total", "blank", "header"]))),
        "separator": draw(st.sampled_from([",", ";", "\t", "|"])),
        "encoding": draw(st.sampled_from(ENCODINGS if language != "pl" else ["utf-8", "cp1250"])),
        "mail": draw(st.booleans()),
        "postage": draw(st.booleans()),
        "shuffle": draw(st.booleans()),
        "lines": draw(st.integers(40, 120)),
        "seed": draw(st.integers(0, 2**20)),
    }


def write_orders(path, how):
    """Write a table of orders in one shop's habits, and return the total that is right."""
    rng = np.random.default_rng(how["seed"])
    frame = _sales(rng, how)
    total = frame.loc[frame["counts"], "amount"].sum()
    frame, back = _with_returns(frame, rng, how)
    total -= back
    texts = _texts(frame, rng, how)
    lines = texts.to_csv(sep=how["separator"], index=False, lineterminator="\r\n").split("\r\n")[
        :-1
    ]
    lines = _surrounded(lines, texts.shape[1], total, how)
    path.write_bytes("\r\n".join([*lines, ""]).encode(how["encoding"], errors="replace"))
    return round(float(total), 2)


def _sales(rng, how):
    n = how["lines"]
    order = np.sort(rng.integers(0, max(n // 2, 1), n))
    customers = rng.integers(0, 15, n)[order]
    days = np.sort(rng.integers(0, 200, n)) if how["sorted"] else rng.integers(0, 200, n)
    sku = rng.integers(0, 12, n)
    cents = rng.integers(100, 4000, 12) * how["scale"]
    if how["places"] == 0:
        cents = cents // 100 * 100 + 100
    quantity = rng.integers(1, 5, n) if how["quantity"] else np.ones(n, dtype=int)
    frame = pd.DataFrame(
        {
            "order": 10_000 + order,
            "customer": customers,
            "date": pd.Timestamp("2025-01-06") + pd.to_timedelta(days[order], unit="D"),
            "sku": [f"A{one:03d}" for one in sku],
            "title": [f"Größe {one}" for one in sku],
            "quantity": quantity,
            "price": cents[sku] / 100,
        }
    )
    frame = frame.drop_duplicates(["order", "sku"], ignore_index=True)
    frame["amount"] = (frame["price"] * frame["quantity"]).round(2)
    frame["counts"] = True
    if how["status"]:
        frame["counts"] = ~frame["order"].isin(rng.choice(frame["order"].unique(), 4))
    if how["postage"]:
        frame["goods"] = True
        rows = frame.drop_duplicates("order").sample(3, random_state=how["seed"])
        rows = rows.assign(sku="POST", title="Versandkosten", quantity=1, price=4.0, amount=4.0)
        frame = pd.concat([frame, rows.assign(counts=False, goods=False)])
        frame = frame.sort_values("order", kind="stable", ignore_index=True)
    return frame


def _with_returns(frame, rng, how):
    if how["returns"] == "none":
        return frame, 0.0
    back = frame[frame["counts"]].sample(2, random_state=how["seed"])
    rows = back.assign(amount=-back["amount"], date=back["date"] + pd.Timedelta(days=1))
    # Pieces that came back; where no column counts them, the money has the sign.
    rows["quantity"] = -back["quantity"]
    if not how["quantity"]:
        rows = rows.assign(quantity=1, price=-back["price"])
    if how["returns"] == "own row":
        rows["order"] = 90_000 + np.arange(len(rows))
    return pd.concat([frame, rows], ignore_index=True), float(back["amount"].sum())


def _texts(frame, rng, how):
    names = dict(zip(FIELDS.split(), NAMES[how["language"]].split("|"), strict=True))
    out = pd.DataFrame(index=frame.index)
    if how["order"] or "order" in how["money"] or how["returns"] == "same order":
        out["order"] = frame["order"].astype(str)
    out["date"] = _dates(frame["date"], rng, how)
    customer = frame["customer"].map("K{:03d}".format)
    if how["mail"] or how["language"] == "en2":
        customer = customer.map(lambda one: rng.choice([one, one.lower()]) + "@example.com")
    out["customer"] = customer
    for name in ("sku", "title"):
        if name in how["beside"] or how["returns"] != "none" or how["postage"]:
            out[name] = frame[name]
    if how["quantity"]:
        out["quantity"] = frame["quantity"].astype(str)
    if how["money"] != "amount":
        out["price"] = [_money(one, how) for one in frame["price"]]
    if "both" in how["money"] or how["money"] == "amount":
        out["amount"] = [_money(one, how) for one in frame["amount"]]
    if "order" in how["money"]:
        whole = frame["amount"].groupby(frame["order"]).transform("sum") + 4
        out["order_total"] = [_money(one, how) for one in whole]
    if "freight" in how["beside"]:
        out["freight"] = _money(4.0, how)
    if "tax" in how["beside"]:
        out["tax"] = [_money(round(one * 0.19, 2), how) for one in frame["amount"]]
    if how["status"]:
        language = how["language"]
        states = {True: PAID.get(language, "paid"), False: CANCELLED.get(language, "cancelled")}
        counts = frame["counts"]
        if how["postage"]:
            counts |= ~frame["goods"].fillna(True).astype(bool)
        out["status"] = counts.map(states)
        if language in PAYMENT:
            _second_state(out, counts, rng, how)
    if "code" in how["beside"]:
        out["code"] = rng.choice(["", "", "SUMMER10"], len(out))
    out = out.rename(columns=names)
    if how["shuffle"]:
        out = out[list(rng.permutation(out.columns))]
    return out


def _second_state(out, counts, rng, how):
    """Let payments or refunds tell, beside the order's own state, what is no sale."""
    column, waits, refunded = PAYMENT[how["language"]]
    chance = rng.random(len(out)) < 0.5
    if how["second"] == "payment":
        out[column] = out["status"].where(counts, refunded)
        # Paid for, so sold, though nobody has worked on the order yet.
        out["status"] = out["status"].mask(counts & chance, waits)
    if how["second"] == "refund":
        column, not_refunded = REFUND[how["language"]]
        out[column] = np.where(counts, np.where(chance, not_refunded, ""), refunded)
        out["status"] = out.loc[counts, "status"].iloc[0]


def _dates(dates, rng, how):
    styles = DATES[how["dates"]]
    chosen = rng.integers(0, len(styles), len(dates))
    if how["dates"] == "two spellings":  # a spreadsheet rewrites what reads as its own dates
        chosen = (dates.dt.day <= 12).astype(int).to_numpy()
    serial = (dates - pd.Timestamp("1899-12-30")).dt.days
    return [
        str(number) if styles[at] == "serial" else day.strftime(styles[at])
        for day, number, at in zip(dates, serial, chosen, strict=True)
    ]


def _money(value, how):
    places = 2 if how["places"] == -1 else how["places"]
    text = f"{abs(value):,.{places}f}"
    if how["places"] == -1 and "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.replace(",", "T").replace(".", how["decimal"]).replace("T", how["thousands"])
    before, after = ("", how["sign"]) if how["sign"][:1] == " " else (how["sign"], "")
    text = before + text + after
    if value >= 0:
        return text
    return {"-": f"-{text}", "(": f"({text})", "behind": f"{text}-", "'-": f"'-{text}"}[
        how["minus"]
    ]


def _surrounded(lines, width, total, how):
    empty = how["separator"] * (width - 1)
    header, rows = lines[0], lines[1:]
    if "header" in how["around"]:
        rows = [*rows[:20], header, *rows[20:]]
    if "blank" in how["around"]:
        rows = ["", *rows]
    if "total" in how["around"]:
        rows = [
            *rows,
            "Total" + empty + (_money(total, how) if how["separator"] != how["decimal"] else ""),
        ]
    top = ["Sales report" + empty, "2025" + empty] if "title" in how["around"] else []
    return [*top, header, *rows]
