"""Addresses of the form `host:port`, and the kind of socket that listens at one."""

import re
import socket

from cluster.errors import AddressError


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of `host:port`; an IPv6 host stands in brackets.

    Raises:
        AddressError: it has another form.
    """
    form = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})", address)
    if form is None or not 0 < int(form[2]) < 2**16:
        raise AddressError(
            f"--address: {address!r} is not allowed",
            "it should be host:port, such as head:6379 or [::1]:6379",
        )
    return form[1].strip("[]"), int(form[2])


def join_address(host: str, port: int) -> str:
    """Return `host:port`, with an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listening_family(host: str, port: int) -> socket.AddressFamily:
    """Return the family of a socket that listens at a host: IPv4 wherever its name has such an address.

    Raises:
        OSError: the name cannot be resolved.
    """
    try:
        found = {family for family, *_ in socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)}
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from error
    return socket.AF_INET6 if found == {socket.AF_INET6} else socket.AF_INET
