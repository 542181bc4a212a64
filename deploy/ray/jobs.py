"""Jobs side by side on a Ray cluster, one CPU each."""

from collections.abc import Iterator, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from deploy.jobs import FinishedJob, Job, run_job
from deploy.ray.cluster import cluster


def run_jobs(jobs: Sequence[Job], workers: int | None, address: str | None) -> Iterator[FinishedJob]:
    """Run jobs side by side, and yield each as it ends, in whatever order.

    A job whose process dies has failed. Leaving the iteration early ends what still runs.

    Args:
        jobs: what to run; they begin in this order.
        workers: jobs at a time; None for as many as the cluster has CPUs.
        address: `host:port` of a running cluster; None starts one on this machine.

    Raises:
        ClusterError: the cluster does not answer or refuses.
    """
    with cluster(address, {}):
        remote: Any = ray.remote(num_cpus=1, max_retries=0)(run_job)
        most = workers or int(ray.cluster_resources()["CPU"])  # type: ignore[no-untyped-call]
        waiting = list(reversed(jobs))
        running: dict[Any, Job] = {}
        while waiting or running:
            while waiting and len(running) < most:
                job = waiting.pop()
                running[remote.remote(job)] = job
            (done,), _ = ray.wait(list(running), num_returns=1)
            yield _result(done, running.pop(done))


def _result(ref: Any, job: Job) -> FinishedJob:  # noqa: ANN401 - ray's own type
    try:
        finished: FinishedJob = ray.get(ref)
    except RayError as error:
        return FinishedJob(job.name, {}, f"its process ended ({type(error).__name__})")
    return finished
