"""The whole system: training runs over Ray beside the DQN of Stable-Baselines3 and of RLlib."""

import statistics

from benchmarks.harness import Bench, Row
from benchmarks.ours_system import WholeRuns
from benchmarks.peer_process import RLLIB, SB3, PeerProcess

THREADS = (1, 2)
"""Of our learner; the peers have one."""


def measure_system(bench: Bench) -> None:
    """Measure every row; all sides make one update every 8 env steps."""
    with PeerProcess(RLLIB) as rllib, PeerProcess(SB3) as sb3:
        for threads in THREADS:
            runs = WholeRuns(threads)
            shape = f"CartPole, net 256-256, batch 512, threads {threads}"
            bench.compare("whole program", shape, "updates/s", runs.updates_per_second, rllib, sb3)
            share = statistics.median(runs.update_shares)
            bench.rows.append(Row("learner's time in updates", shape, "share", share, None, "", share))
