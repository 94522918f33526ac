"""`ecomlab sweep` and `ecomlab compare`: one notebook, many parameters."""

from pathlib import Path
from typing import Annotated

import typer


def sweep(
    notebook: Annotated[str, typer.Argument(help="A lesson's number or name, or a file.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of results.")],
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE,VALUE", help="A parameter and its values; repeat."),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only N combinations, drawn at random; all their seeds."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of that drawing.")] = 1,
    profile: Annotated[
        str, typer.Option(help="quick, default or full: the parameters outside the grid.")
    ] = "default",
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:8786", help="A Dask scheduler; else this machine."),
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="For tls://: who signed the cluster's certificates."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="For tls://: this machine's certificate.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="PEM", help="For tls://: its key.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Runs at once on this machine. [default: cores, with 4 GB for each]"),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of TensorFlow in a run.")] = 1,
    cell_timeout: Annotated[float | None, typer.Option(help="Seconds one cell may take.")] = None,
):
    """Run a notebook with every combination of parameters, here or on a Dask cluster.

    The parameters SEED and SEEDS repeat a run: the table shows their mean and spread. Stopped
    or failed? The same command goes on from there; runs that are finished are not run again.

    Example: ecomlab sweep 00 --profile quick --grid hidden=64,128 --grid seeds=1,2 --out sweep

    A list in brackets is one value, and --random draws from what would be many runs:

    ecomlab sweep 01b --grid 'seeds=[1],[1,2]' --grid epochs=10,20,40 --random 4 --out sweep01b

    On a cluster, one machine runs `dask scheduler`, and each machine that computes runs `dask
    worker tcp://127.0.0.1:8786 --nthreads 1`, with this package installed. In place of 127.0.0.1,
    which is this machine alone, stands the name of the scheduler's machine:

    ecomlab sweep 00 --grid hidden=64,128 --scheduler tcp://127.0.0.1:8786 --out sweep

    A scheduler without TLS is open: whoever reaches its port can run any code on its workers,
    as the user who started them. Keep it inside a network that you trust, or let it listen at
    tls:// and give --tls-ca, --tls-cert and --tls-key, or name these files under
    distributed.comm.tls in Dask's configuration.
    """
    from importlib.util import find_spec

    from ecomlab.errors import RunFailed, UserError
    from ecomlab.sweep.client import sweep as sweep_runs
    from ecomlab.sweep.cluster import tls_security
    from ecomlab.sweep.grid import parse_grid
    from ecomlab.sweep.table import compare as compare_runs

    if find_spec("distributed") is None:
        raise UserError("a sweep needs Dask: `make setup`, or pip install -e '.[sweep]'")
    security, files = None, (tls_ca, tls_cert, tls_key)
    if any(files):
        if not (scheduler or "").startswith("tls://"):
            raise UserError(
                "--tls-ca, --tls-cert and --tls-key go with --scheduler tls://HOST:8786"
            )
        security = tls_security(*files)
    records = sweep_runs(
        notebook,
        parse_grid(grid or []),
        out,
        profile=profile,
        random=random,
        seed=seed,
        scheduler=scheduler,
        security=security,
        workers=workers,
        threads=threads,
        cell_timeout=cell_timeout,
    )
    page = compare_runs(out)
    print(f"open {page}")
    failed = sum(bool(record["failure"]) for record in records)
    if failed:
        raise RunFailed(f"{failed} of {len(records)} runs failed: {page} names cell and error")


def compare(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A sweep's folder.")]):
    """Build a sweep's table and plots from what is finished: table.parquet and sweep.html.

    Example: ecomlab compare sweep
    """
    from ecomlab.sweep.table import compare as compare_runs

    print(f"open {compare_runs(folder)}")
