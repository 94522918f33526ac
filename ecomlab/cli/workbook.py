"""`ecomlab workbook` and `ecomlab book`: all lessons as pages."""

from typing import Annotated

import typer

from ecomlab.cli.common import Offline, Profile, fail_if_any_failed


def workbook(
    names: Annotated[
        list[str] | None, typer.Argument(help="Lessons to run; all by default.")
    ] = None,
    profile: Profile = "default",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Lessons at once. [default: 2 with two cores and 8 GB free]"),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run also what ran here before and is the same.")
    ] = False,
    offline: Offline = False,
):
    """Build the HTML workbook in build/ from stored outputs, then run the lessons.

    The pages of all lessons stand within a minute. Each is replaced once its lesson has run
    here. Stopped? The same command goes on from there.

    Examples: ecomlab workbook / ecomlab workbook 00 03 --fresh / ecomlab workbook --profile quick
    """
    import os

    from ecomlab.pages.workbook import make_workbook

    if offline:
        os.environ["ECOMLAB_OFFLINE"] = "1"  # for the data sets that lessons need
    fail_if_any_failed(
        make_workbook(names, profile=profile, jobs=jobs, fresh=fresh, offline=offline)
    )


def book():
    """Build the book, a site of all lessons and exercises that opens with no network.

    Example: ecomlab book
    """
    from ecomlab.pages.book import build_book

    print(f"open {build_book()}")
