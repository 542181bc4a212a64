"""Settings of proxies for Ray's processes: they reach the cluster and this machine directly."""

from collections.abc import Mapping

NEARBY = ("localhost", "127.0.0.1", "::1", "169.254.169.254", "metadata.google.internal", "metadata")
"""This machine, and the addresses at which clouds tell a machine about itself."""


def direct(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set so that Ray's processes ask each other directly.

    An empty `grpc_proxy` turns proxies off for gRPC alone, which Ray speaks between its processes.
    Environments may still load what they need through a proxy for HTTP.
    """
    given = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    joined = ",".join([*hosts, *(host for host in NEARBY if host not in hosts)])
    return {"grpc_proxy": "", "no_proxy": joined, "NO_PROXY": joined}
