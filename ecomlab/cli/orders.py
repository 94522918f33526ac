"""`ecomlab orders`: look at a shop's orders file before a report, and draft its map."""

from pathlib import Path
from typing import Annotated

import typer

from ecomlab.cli.common import new_app
from ecomlab.cli.reports import (
    AllowDropped,
    Columns,
    Currency,
    KeepDuplicates,
    Query,
    Today,
    reading_options,
)

app = new_app(help="Look at a shop's orders before a report is made of them.")
Data = Annotated[
    str | None,
    typer.Argument(metavar="FILE|URL", help="As for `ecomlab report --data`."),
]


@app.command()
def check(
    data: Data = None,
    report: Annotated[
        str | None, typer.Option(help="Check what this report needs, too: segments, ...")
    ] = None,
    columns: Columns = None,
    query: Query = None,
    currency: Currency = None,
    keep_duplicates: KeepDuplicates = None,
    allow_dropped: AllowDropped = None,
    today: Today = None,
):
    """Say how a file reads: columns, period, customers, total by month, what is left out.

    Example: ecomlab orders check orders.csv
    """
    from ecomlab.shop.account import summary
    from ecomlab.shop.orders import read_orders
    from ecomlab.shop.report import report_notebook

    if report is not None:
        report_notebook(report)  # an unknown name ends here
    options = reading_options(columns, query, currency, keep_duplicates, allow_dropped, today)
    print("\n".join(summary(read_orders(report, data, **options))))


@app.command("map")
def draft(
    data: Data = None,
    query: Query = None,
    out: Annotated[Path | None, typer.Option(help="The TOML file. [default: shown]")] = None,
):
    """Draft the TOML that says which column is what, to be edited and given with --columns.

    Example: ecomlab orders map orders.csv --out map.toml
    """
    from ecomlab.files import write_text
    from ecomlab.shop.mapping import draft_map
    from ecomlab.shop.reading import read_table

    text = draft_map(read_table(data, query))
    print(write_text(out, text) if out else text)
