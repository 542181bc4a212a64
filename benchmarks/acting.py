"""Acting: an actor beside a bare loop of the same environments and the same network."""

from benchmarks.harness import Bench
from benchmarks.native_acting import measure_native_acting
from benchmarks.ours_acting import acting
from benchmarks.peer_process import BARE_ROLLOUT, PeerProcess
from config.sections.network import NetworkConfig

ENVS, NUM_ENVS = ("CartPole-v1", "MountainCar-v0"), 16


def measure_acting(bench: Bench) -> None:
    """Measure every row."""
    network = NetworkConfig()
    for env in ENVS:
        arguments = (env, NUM_ENVS, network.encoder_width, len(network.trunk))
        with acting(env, NUM_ENVS) as ours, PeerProcess(BARE_ROLLOUT, *arguments) as bare:
            bench.compare("act", f"{env} x {NUM_ENVS}", "env steps/s", ours, bare)
    measure_native_acting(bench)
