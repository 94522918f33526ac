"""An IPython extension that closes a kernel's network, loopback excepted.

`ecomlab run --offline` and the tests load it, so that a lesson that reaches out fails
on every machine, not only where there is no network.
"""

import ipaddress
import socket


class OfflineError(OSError):
    """A cell tried to reach the network in an offline run."""


def load_ipython_extension(_shell):
    """Refuse every connection that leaves this machine."""
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    # A name that is not a local one needs a name server, which is on the network too.
    socket.getaddrinfo = _guarded_lookup(socket.getaddrinfo)


def _guarded(method):
    def guarded(self, *arguments):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_unless_local(arguments[-1][0])
        return method(self, *arguments)

    return guarded


def _guarded_lookup(lookup):
    def guarded(host, *arguments, **keywords):
        _refuse_unless_local(host)
        return lookup(host, *arguments, **keywords)

    return guarded


def _refuse_unless_local(host):
    if host in (None, "", "localhost", b"localhost", socket.gethostname()):
        return
    try:
        local = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        local = None
    if local is None or not (local.is_loopback or local.is_unspecified):
        raise OfflineError(f"this run is offline, and a cell tried to reach {host}")
