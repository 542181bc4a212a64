"""Pieces of work side by side on a Ray cluster, one CPU each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError

from cluster.ray.connection import cluster
from training.errors import ClusterError

J = TypeVar("J")
R = TypeVar("R")


def side_by_side(
    work: Callable[[J], R],
    jobs: Sequence[J],
    workers: int | None,
    address: str | None,
    died: Callable[[J, str], R],
) -> Iterator[R]:
    """Work on jobs side by side, each in a process of its own; yield each result as it comes.

    Leaving the iteration early ends what still runs.

    Args:
        work: what to do with a job.
        jobs: they begin in this order.
        workers: jobs at a time; None for as many as the cluster has CPUs.
        address: `host:port` of a running cluster; None starts one on this machine.
        died: what to yield for a job whose process ended, and why it did.

    Raises:
        ClusterError: the cluster does not answer or refuses.
    """
    with cluster(address, {}):
        remote: Any = ray.remote(num_cpus=1, max_retries=0)(work)
        cpus = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]
        if cpus == 0:
            raise ClusterError("no node of the cluster offers a CPU, and each run of a study needs one")
        most = workers or cpus
        waiting = list(reversed(jobs))
        running: dict[Any, J] = {}
        while waiting or running:
            while waiting and len(running) < most:
                job = waiting.pop()
                running[remote.remote(job)] = job
            (done,), _ = ray.wait(list(running), num_returns=1)
            job = running.pop(done)
            try:
                result: R = ray.get(done)
            except RayError as error:
                result = died(job, f"its process ended ({type(error).__name__})")
            yield result
