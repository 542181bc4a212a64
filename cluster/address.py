"""Addresses of clusters."""

import re

from cluster.errors import AddressError


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of `host:port`; an IPv6 host stands in brackets.

    Raises:
        AddressError: it has another form.
    """
    form = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})", address)
    if form is None or not 0 < int(form[2]) < 2**16:
        raise AddressError(
            f"--address: {address!r} is not allowed", "it should be host:port, such as head:6379"
        )
    return form[1].strip("[]"), int(form[2])
