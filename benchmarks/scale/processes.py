"""CPU time of the processes that this one started, by what they are, as Linux tells it."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHARD, ACTOR, BOARD, OTHERS = "ray::ShardHost", "ray::ActorHost", "ray::WeightsBoard", "others"
"""How Ray titles the processes of a run, and everything else below this process: Ray itself."""
_TICK = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Process:
    parent: int
    title: str
    cpu_seconds: float


def cpu_seconds() -> Counter[str]:
    """Return the CPU seconds that living descendants of this process have used, by kind: 10 ms steps."""
    processes = dict(_processes())
    children = defaultdict(list)
    for pid, process in processes.items():
        children[process.parent].append(pid)
    used: Counter[str] = Counter()
    below = children[os.getpid()].copy()
    while below:
        pid = below.pop()
        below += children[pid]
        used[_kind(processes[pid].title)] += processes[pid].cpu_seconds  # type: ignore[assignment]
    return used


def _kind(title: str) -> str:
    return next((kind for kind in (SHARD, ACTOR, BOARD) if title.startswith(kind)), OTHERS)


def _processes() -> Iterator[tuple[int, _Process]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes().decode(errors="replace")
            stat = (folder / "stat").read_text(encoding="utf-8")
        except OSError:
            continue
        fields = stat[stat.rindex(")") + 2 :].split()
        yield int(folder.name), _Process(int(fields[1]), title, _TICK * (int(fields[11]) + int(fields[12])))


def machine_cpu_seconds() -> float:
    """Return the CPU seconds that all processes of this machine have used, gone ones included."""
    user, nice, system = map(int, Path("/proc/stat").read_text(encoding="utf-8").split()[1:4])
    return _TICK * (user + nice + system)
