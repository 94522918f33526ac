"""Where a sweep runs: workers started on this machine, or those of a Dask scheduler.

A Dask scheduler without TLS is open: whoever reaches its port can run any code on its workers,
as the user who started them. Keep it inside a network that you trust, or let it listen at
`tls://` with certificates.
"""

import contextlib
import logging
import re
import signal
from multiprocessing import resource_tracker
from pathlib import Path

from ecomlab.errors import UserError
from ecomlab.running.versions import differences, versions

MEMORY_OF_A_RUN = 4 * 1024**3
ANSWER_WITHIN = 10  # seconds that a scheduler may take to answer


def check_place(scheduler, workers, security=None):
    """Refuse what cannot be meant, before anything is started.

    Raises
    ------
    UserError
        If workers are asked of a scheduler, the address has another form, or there are no
        certificates for a `tls://` address.
    """
    if workers is not None and scheduler:
        raise UserError("--workers is for this machine: a scheduler has its own")
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers}: a sweep needs one at least")
    if scheduler and not re.fullmatch(r"\w+://.+:\d+", scheduler):
        raise UserError(f"--scheduler takes tcp://host:8786, not {scheduler!r}")
    if scheduler and scheduler.startswith("tls://"):
        _check_certificates(scheduler, security or tls_security())


def tls_security(ca=None, cert=None, key=None):
    """Return what proves this machine to a scheduler at `tls://`, and the scheduler to it.

    Parameters
    ----------
    ca, cert, key : str or Path, optional
        PEM files: the authority that signed all certificates of the cluster, this machine's
        own certificate, and its key, unless the certificate's file holds that too. By default
        each is what Dask's configuration names under `distributed.comm.tls`.

    Returns
    -------
    distributed.Security
    """
    from distributed import Security

    files = {"tls_ca_file": ca, "tls_client_cert": cert, "tls_client_key": key}
    return Security(
        require_encryption=True, **{name: str(file) for name, file in files.items() if file}
    )


def _check_certificates(scheduler, security):
    files = [security.tls_ca_file, security.tls_client_cert, security.tls_client_key]
    if None in files[:2]:
        raise UserError(
            f"{scheduler} needs certificates: give --tls-ca, --tls-cert and --tls-key, or name "
            "them under distributed.comm.tls in Dask's configuration"
        )
    for file in files:
        # Dask takes a certificate's text in place of a file too.
        if file and "-----BEGIN" not in file and not Path(file).is_file():
            raise UserError(f"no such certificate or key: {file}")


@contextlib.contextmanager
def quiet_dask():
    """Leave out Dask's log lines, whatever their logger: what they tell of is told in ours."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def connected(scheduler, workers, runs, security=None):
    """Give a client of the named scheduler, or of workers started here.

    Raises
    ------
    UserError
        If no scheduler answers, or a worker there has other versions of what computes.
    """
    from distributed import Client, LocalCluster

    if scheduler:
        try:
            options = {"timeout": ANSWER_WITHIN, "security": security, "set_as_default": False}
            client = Client(scheduler, **options)
        except (OSError, ValueError) as error:
            line = str(error).splitlines()[0]
            raise UserError(f"no scheduler answers at {scheduler}: {line}") from None
        with client:
            _check_workers(client)
            yield client
        return
    _start_resource_tracker()
    with (
        LocalCluster(
            n_workers=min(workers or _default_workers(), runs),
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # any free port: 8787 may be taken
            scheduler_kwargs={"dashboard": False},
            memory_limit=None,  # what Dask would watch is the worker, and memory goes to its kernel
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(_deaf_to_the_terminal())
        yield client


def _check_workers(client):
    """Tell at once which workers lack this package, before every run fails on them."""
    # `eval` is on any worker; a function of this package is not.
    look = "__import__('ecomlab.running.versions', fromlist=['versions']).versions()"
    other = {}
    for place, answer in sorted(client.run(eval, look, on_error="return").items()):
        if isinstance(answer, (ImportError, AttributeError)):
            other[place] = "no ecomlab that can be imported, or an older one"
        elif isinstance(answer, dict) and answer != versions():
            other[place] = f"other versions ({differences(answer, versions())})"
    if other:  # a worker that was lost meanwhile is Dask's affair
        place, has = next(iter(other.items()))
        raise UserError(
            f"the worker at {place} has {has}"
            + (f", and {len(other)} workers differ" if len(other) > 1 else "")
            + ": install the same version, with its packages, on every worker"
        )


def _default_workers():
    import psutil
    from dask.system import CPU_COUNT

    return max(1, min(CPU_COUNT, psutil.virtual_memory().available // MEMORY_OF_A_RUN))


def _start_resource_tracker():
    """Start multiprocessing's own helper so that a closed terminal does not end it.

    It survives Ctrl-C and SIGTERM by itself, and would end at SIGHUP with a traceback. What
    is ignored when a process starts stays ignored in it.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, before)


def _deaf_to_the_terminal():
    """Make workers ignore what a terminal sends to them as well: the client decides.

    Without the client they end by themselves, and each kernel ends with its worker.
    """
    from distributed import WorkerPlugin

    class DeafToTheTerminal(WorkerPlugin):
        name = "ecomlab-deaf-to-the-terminal"

        def setup(self, worker):
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)

    return DeafToTheTerminal()
