"""`ecomlab report` and `ecomlab score`: a shop's own orders in, a page, tables and scores out."""

from pathlib import Path
from typing import Annotated

import typer

from ecomlab.cli.common import CellBar, Offline, Parameters, new_app, pairs
from ecomlab.errors import UserError

app = new_app(help="Make a report on a shop's own orders.")

Data = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL", help="CSV, parquet or Excel; or a database URL, with --query."
    ),
]
Out = Annotated[Path, typer.Option(help="The HTML page; tables are written beside it.")]
Columns = Annotated[
    Path | None, typer.Option(help="A TOML file: which column is what, and how to read it.")
]
Query = Annotated[str | None, typer.Option(help="One SELECT; without --data, by DuckDB on files.")]
Currency = Annotated[
    str | None, typer.Option(help="The currency to keep. [default: the most frequent]")
]
KeepDuplicates = Annotated[
    bool | None,
    typer.Option(
        "--keep-duplicates/--drop-duplicates",
        help="Lines equal in every column. [default: drop; ask where each may be a sale]",
    ),
]
AllowDropped = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="The share of lines, and of value, that may be unfit. [default: 0.1]"
    ),
]
Today = Annotated[
    str | None, typer.Option(metavar="DATE", help="Later dates are mistakes. [default: today]")
]


def _list_parameters(context: typer.Context, asked: bool):
    if not asked:
        return
    from ecomlab.running.one import read_notebook
    from ecomlab.running.parameters import declared_parameters
    from ecomlab.shop.report import SET_BY_REPORT, report_notebook

    for one in declared_parameters(read_notebook(report_notebook(context.info_name))).values():
        if one.name not in SET_BY_REPORT:
            print(f"{f'{one.name} = {one.default!r}':<32} {one.comment}")
    raise typer.Exit


ListParameters = Annotated[
    bool,
    typer.Option(
        "--parameters",
        callback=_list_parameters,
        is_eager=True,
        help="List what -p may set: names, defaults and what they mean.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but the page's name.")]


# What each report does, and the options of its example.
REPORTS = {
    "segments": (
        "Group customers, estimate what each will spend, and tell who is leaving.",
        "--data orders.csv --out segments.html",
    ),
    "recommend": (
        "List the products to show to each customer, by the method that won on validation.",
        "--data orders.csv --out recommend.html -p TOP_K=5",
    ),
    "forecast": (
        "Forecast the weekly demand of each product, and its price, with intervals.",
        "--data orders.csv --out forecast.html --columns map.toml",
    ),
}


def report(
    context: typer.Context,
    out: Out,
    data: Data = None,
    columns: Columns = None,
    query: Query = None,
    currency: Currency = None,
    keep_duplicates: KeepDuplicates = None,
    allow_dropped: AllowDropped = None,
    today: Today = None,
    parameter: Parameters = None,
    offline: Offline = False,
    quiet: Quiet = False,
    list_parameters: ListParameters = False,
):
    """Check the orders and run the report notebook that the command is named after."""
    from ecomlab.shop.account import summary
    from ecomlab.shop.orders import read_orders
    from ecomlab.shop.report import make_report

    name = context.info_name
    parameters = pairs(parameter or [])
    orders = None
    if data or query:
        options = reading_options(columns, query, currency, keep_duplicates, allow_dropped, today)
        orders = read_orders(name, data, **options)
        if not quiet:
            print("\n".join(summary(orders)), flush=True)
    elif any(
        o not in (None, False) for o in (columns, currency, keep_duplicates, allow_dropped, today)
    ):
        raise UserError("options on how orders are read go with --data")
    with CellBar(name, False) as bar:
        on_cell = None if quiet else bar
        made = make_report(name, out, orders, parameters, offline=offline, on_cell=on_cell)
    if not quiet:
        for path in made.files:
            print(path)
    print(f"{made.page}: {made.seconds:.0f} s, {made.peak_memory_mb:.0f} MB")


for _name, (_does, _example) in REPORTS.items():
    app.command(_name, help=f"{_does}\n\nExample: ecomlab report {_name} {_example}")(report)


@app.callback(invoke_without_command=True)
def reports(
    list_exports: Annotated[
        bool, typer.Option("--list-exports", help="List the exports that are known by name.")
    ] = False,
):
    """Make a report on a shop's own orders."""
    if list_exports:
        from ecomlab.shop.exports import exports

        for stem, export in exports().items():
            print(f"{stem:<22} {export.name}{': ' + export.missing if export.missing else ''}")


def score(
    model: Annotated[Path, typer.Argument(help="The folder that a report saved: NAME_model.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Orders, as for the report.")],
    out: Annotated[Path, typer.Option(help="The scores, .csv or .parquet.")],
    columns: Columns = None,
    query: Query = None,
    currency: Currency = None,
    keep_duplicates: KeepDuplicates = None,
    allow_dropped: AllowDropped = None,
    today: Today = None,
):
    """Score new orders with a report's saved model: segments of customers, or products for them.

    Example: ecomlab score segments_model new.csv --out scores.csv
    """
    from ecomlab.shop.model import score_file

    options = reading_options(columns, query, currency, keep_duplicates, allow_dropped, today)
    print(score_file(model, data, out, **options))


def reading_options(columns, query, currency, keep_duplicates, allow_dropped, today):
    """Return the options on reading as `ecomlab.shop.orders.read_orders` takes them."""
    return {
        "columns": columns,
        "query": query,
        "currency": currency,
        "keep_duplicates": keep_duplicates,
        "allow_dropped": allow_dropped,
        "today": _date(today),
    }


def _date(text):
    if text is None:
        return None
    import pandas as pd

    try:
        return pd.Timestamp(text)
    except ValueError:
        raise UserError(f"--today takes a date such as 2026-01-31, not {text!r}") from None
