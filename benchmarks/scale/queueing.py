"""A clock of events, and servers with queues: all that the simulation is built of."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

Then = Callable[[], None]


class Clock:
    """Simulated time; what is due happens in the order of its time.

    clock = Clock()
    clock.after(0.5, print)
    clock.run(until=1.0)
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Then]] = []
        self._number = count()
        self.now = 0.0

    def after(self, seconds: float, then: Then) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._due, (self.now + seconds, next(self._number), then))

    def run(self, until: float) -> None:
        """Let happen what is due up to a time."""
        while self._due and self._due[0][0] <= until:
            self.now, _, then = heapq.heappop(self._due)
            then()
        self.now = until


class Servers:
    """So many servers with one queue, first come first served.

    Args:
        clock: of the simulation.
        number: of servers; None for as many as there is work.
        slice_seconds: after which a job makes room for the next and queues up again, as an operating system's
            processes do on its cores; None for never.

    Attributes:
        busy_seconds: work that was done, over all servers.
    """

    def __init__(self, clock: Clock, number: int | None = 1, slice_seconds: float | None = None) -> None:
        self._clock = clock
        self._free = number
        self._slice = slice_seconds
        self._queue: deque[tuple[float, Then]] = deque()
        self.busy_seconds = 0.0

    def serve(self, seconds: float, then: Then) -> None:
        """Take so many seconds of a server, and then go on."""
        if self._free == 0:
            self._queue.append((seconds, then))
        else:
            if self._free is not None:
                self._free -= 1
            self._begin(seconds, then)

    def _begin(self, seconds: float, then: Then) -> None:
        now = seconds if self._slice is None else min(seconds, self._slice)
        self._clock.after(now, lambda: self._end(now, seconds - now, then))

    def _end(self, served: float, left: float, then: Then) -> None:
        self.busy_seconds += served
        if left > 0:
            self._queue.append((left, then))
        if self._queue:
            self._begin(*self._queue.popleft())
        elif self._free is not None:
            self._free += 1
        if left <= 0:
            then()


class Process:
    """One thread of one process: a queue of its own, and a core of its host while it works.

    Args:
        cores: of its host.

    Attributes:
        busy_seconds: work that was done.
    """

    def __init__(self, cores: Servers) -> None:
        self._cores = cores
        self._queue: deque[tuple[float, Then]] = deque()
        self._working = False
        self.busy_seconds = 0.0

    def serve(self, seconds: float, then: Then) -> None:
        """Work for so many seconds of CPU once all that came before is done, and then go on."""
        self._queue.append((seconds, then))
        if not self._working:
            self._next()

    def _next(self) -> None:
        self._working = bool(self._queue)
        if self._queue:
            seconds, then = self._queue.popleft()
            self._cores.serve(seconds, lambda: self._done(seconds, then))

    def _done(self, seconds: float, then: Then) -> None:
        self.busy_seconds += seconds
        self._next()
        then()
