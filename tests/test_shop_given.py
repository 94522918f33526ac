"""What a report's notebook is given: a file, a checked folder, public data; by any door."""

import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from test_shop_report import FAST

from ecomlab.errors import OrdersError, UserError
from ecomlab.results import read_results
from ecomlab.running import one
from ecomlab.shop.account import show_account, summary
from ecomlab.shop.given import report_orders
from ecomlab.shop.orders import read_orders
from ecomlab.shop.report import REPORTS, make_report, report_notebook


def shop(n=600):
    """Return the orders of sixty customers on half a year of days, two lines an order."""
    number = pd.Series(range(n))
    return pd.DataFrame(
        {
            "Order ID": "R" + (number // 2).astype("str"),
            "Order Date": pd.Timestamp("2025-01-06") + pd.to_timedelta(number * 182 // n, unit="D"),
            "Customer": "K" + (number // 2 * 7 % 60).astype("str"),
            "Item": "Cup " + (number * 5 % 23).astype("str"),
            "Quantity": number % 3 + 1,
            "Total": (number % 23 + 1.5) * (number % 3 + 1),
            "Currency": "EUR",
        }
    )


@pytest.fixture
def bad_file(tmp_path):
    """A file with too few customers and days for any report."""
    shop().head(20).to_csv(tmp_path / "bad.csv", index=False)
    return tmp_path / "bad.csv"


def papermill(report, folder, *parameters):
    """Run a report's notebook as a person with papermill does, in the folder of the orders."""
    pairs = [text for pair in parameters for text in ("-p", *pair)]
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", report_notebook(report)]
    return subprocess.run(
        [*map(str, command), "out.ipynb", *pairs], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize("report", REPORTS)
def test_a_file_and_the_folder_that_was_checked_are_the_same(report, tmp_path):
    shop().to_csv(tmp_path / "o.csv", index=False)
    shop().to_excel(tmp_path / "o.xlsx", index=False)
    checked = read_orders(report, tmp_path / "o.csv")
    folder = report_orders(report, checked.save(tmp_path / "checked"))
    book = report_orders(report, tmp_path / "o.xlsx")
    assert summary(folder) == summary(checked)
    assert summary(report_orders(report, str(tmp_path / "o.csv"))) == summary(checked)
    for given in (folder, book):
        pd.testing.assert_frame_equal(given.lines, checked.lines)
    assert report_orders(report, dataset="complete_journey", size="sample").currency == "USD"


def test_a_folder_of_something_else_or_for_another_report_is_refused(tmp_path):
    with pytest.raises(OrdersError, match="holds no checked orders: name a file"):
        report_orders("segments", tmp_path)
    shop().drop(columns="Customer").to_csv(tmp_path / "o.csv", index=False)
    read_orders("forecast", tmp_path / "o.csv").save(tmp_path / "checked")
    with pytest.raises(OrdersError, match="checked for another report: no customer_id"):
        report_orders("segments", tmp_path / "checked")
    shop().head(20).to_csv(tmp_path / "few.csv", index=False)
    read_orders(None, tmp_path / "few.csv").save(tmp_path / "few")
    with pytest.raises(OrdersError, match="10 customers only, and 50 are needed"):
        report_orders("segments", tmp_path / "few")


def test_a_map_says_all_that_the_options_say_and_the_key_stands_beside(tmp_path):
    frame = shop()
    frame["Customer"] += "@example.org"
    frame["Total"] = frame["Total"].astype("str").mask(frame.index < 100, "free")
    frame.to_csv(tmp_path / "o.csv", index=False)
    (tmp_path / "map.toml").write_text("[read]\nallow_dropped = 0.4\n")
    with pytest.raises(OrdersError, match=r"16\.7% of the lines"):
        report_orders("segments", tmp_path / "o.csv", out=tmp_path)
    orders = report_orders(
        "segments", tmp_path / "o.csv", columns=tmp_path / "map.toml", out=tmp_path / "new"
    )
    assert len(orders.lines) == 500
    key = pd.read_csv(tmp_path / "new" / "customer_key.csv")
    assert set(orders.lines["customer_id"]) == set(key["customer_id"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keep_duplicates = 'yes'", "keep_duplicates = 'yes' is not true or false"),
        ("allow_dropped = true", "allow_dropped = True is not a number or a whole number"),
        ("allow_dropped = 40", "lies between 0 and 1: 40"),
        ("currency = 1", "currency = 1 is not text"),
    ],
)
def test_a_map_says_it_rightly(text, message, tmp_path):
    (tmp_path / "map.toml").write_text(f"[read]\n{text}\n")
    with pytest.raises(OrdersError, match=message):
        report_orders("segments", "o.csv", columns=tmp_path / "map.toml")


def test_the_page_tells_what_the_command_tells(tmp_path):
    frame = shop()
    frame.loc[5, "Item"] = "Shipping"
    frame.loc[7, "Currency"] = "USD"
    frame.to_csv(tmp_path / "o.csv", index=False)
    orders = read_orders("segments", tmp_path / "o.csv")
    page = "\n".join(shown_by(show_account, orders))
    for month, worth in orders.lines.groupby(orders.lines["date"].dt.strftime("%Y-%m")):
        assert f"{month}</td>" in page and f"{worth['amount'].sum():,.2f} EUR</td>" in page
    assert f"total: {orders.lines['amount'].sum():,.2f} EUR" in page
    assert "**Left out.** 2 of 600 lines; as no sale of goods: 1 lines" in page
    assert "postage, a fee, a voucher or a correction" in page
    for line in summary(orders)[-2:]:
        assert line.removeprefix("left out ") in page.replace("\\", "")


def test_many_months_are_folded_away(tmp_path):
    frame = shop()
    frame.to_csv(tmp_path / "short.csv", index=False)
    frame["Order Date"] = pd.Timestamp("2022-01-05") + pd.to_timedelta(frame.index * 2, unit="D")
    frame.to_csv(tmp_path / "long.csv", index=False)
    pages = [
        "\n".join(shown_by(show_account, read_orders(None, tmp_path / name)))
        for name in ("short.csv", "long.csv")
    ]
    assert "<details>" not in pages[0] and pages[1].count("<details>") == 1
    assert "<summary>Lines used, by month: 40 rows</summary>" in pages[1]


def shown_by(function, *arguments):
    """Return the texts that a call displays, HTML or Markdown."""
    InteractiveShell.instance()
    with capture_output() as captured:
        function(*arguments)
    return [
        shown.data.get("text/html") or shown.data.get("text/markdown", "")
        for shown in captured.outputs
    ]


@pytest.mark.parametrize("report", REPORTS)
def test_parameters_are_listed_with_defaults_and_comments(report, ecomlab_command):
    done = subprocess.run(
        [*ecomlab_command, "report", report, "--parameters"], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == ""
    listed = done.stdout.splitlines()
    assert listed[2].split(None, 3) == ["SEED", "=", "1", "of every draw"]
    assert all(len(line.split(" = ", 1)[1].split(None, 1)) == 2 for line in listed)
    assert not {"ORDERS", "OUT", "COLUMNS"} & {line.split()[0] for line in listed}


@pytest.mark.slow
def test_papermill_and_the_command_refuse_a_bad_file_in_the_same_line(
    bad_file, ecomlab_command, tmp_path
):
    command = [*ecomlab_command, "report", "segments", "--data", str(bad_file)]
    told = subprocess.run([*command, "--out", "x.html"], capture_output=True, text=True).stderr
    with pytest.raises(UserError) as run:
        one.run(report_notebook("segments"), "x.ipynb", {"ORDERS": str(bad_file)}, root=tmp_path)
    assert told == f"ecomlab: {run.value}\n" and "10 customers only" in told
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]
    done = papermill("segments", tmp_path, ("ORDERS", "bad.csv"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"OrdersError: {run.value}"
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    errors = [o for c in cells for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert [error["traceback"] for error in errors] == [[f"OrdersError: {run.value}"]]


@pytest.mark.exhaustive
@pytest.mark.parametrize("report", REPORTS)
def test_papermill_makes_of_a_file_what_the_command_makes(report, tmp_path):
    shop().to_excel(tmp_path / "o.xlsx", index=False)
    quick = [(name, str(value)) for name, value in FAST[report].items()]
    done = papermill(report, tmp_path, ("ORDERS", "o.xlsx"), ("OUT", "made"), *quick)
    assert done.returncode == 0, done.stderr
    orders = read_orders(report, tmp_path / "o.xlsx")
    made = make_report(report, tmp_path / "page.html", orders, FAST[report])
    assert read_results(nbformat.read(tmp_path / "out.ipynb", as_version=4)) == made.results
    names = {path.name.removeprefix("page_") for path in made.files}
    assert {path.name for path in (tmp_path / "made").iterdir()} == names
