"""What a test of IPv6 needs."""

import socket

import pytest


def ipv6_problem() -> str | None:
    """Return why nothing can listen on ::1, in a sentence; None where something can.

    `socket.has_ipv6` says only what Python was built with: a container may have no such address all the same.
    """
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return None
    except OSError as error:
        return f"this machine has no IPv6: ::1 cannot be listened on ({error.strerror or error})"


_PROBLEM = ipv6_problem()
needs_ipv6 = pytest.mark.skipif(_PROBLEM is not None, reason=str(_PROBLEM))
