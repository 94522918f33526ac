"""`ecomlab workbook` and `ecomlab book`: all lessons as pages."""

from typing import Annotated

import typer

from ecomlab.cli.common import Offline, Profile, fail_if_any_failed


def workbook(
    profile: Profile = "default",
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Lessons at once. [default: 2 with two cores and 8 GB free]"),
    ] = None,
    offline: Offline = False,
):
    """Run every lesson and build the HTML workbook in build/.

    Example: ecomlab workbook --profile quick
    """
    from ecomlab.pages.workbook import build
    from ecomlab.running.many import default_jobs, run_all

    outcomes = run_all(profile=profile, jobs=jobs or default_jobs(), offline=offline)
    print(f"open {build(outcomes)}")
    fail_if_any_failed(outcomes)


def book():
    """Build the book, a site of all lessons and exercises that opens with no network.

    Example: ecomlab book
    """
    from ecomlab.pages.book import build_book

    print(f"open {build_book()}")
