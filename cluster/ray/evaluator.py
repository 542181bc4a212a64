"""Evaluation in a process of its own, one request at a time."""

import contextlib
import time
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from actors.evaluation import EpisodeReturns
from cluster.ray.connection import ray_actor
from cluster.ray.workers import EvaluatorHost
from training.errors import EvaluationFailedError
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.parts.parts import Parts
from training.patience import Patience

LOOK_SECONDS = 0.05
BEAT_SECONDS = 1.0
SILENCE_SECONDS = 300.0
"""Least time without the end of any step, reset or construction after which environments count as hung."""
START_SECONDS = 900.0
"""Time for a node to offer a slot, and for a process to start there."""
CLOSE_SECONDS = 5.0


class RayEvaluator:
    """Sends a request's tasks to an evaluator process, and what is still missing to the next one if it fails.

    It takes as long as its environments take; only where they stand still has it failed.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._patience = Patience(SILENCE_SECONDS)
        self._host: Any = self._new_host()
        self._is_up = False
        self._request: EvaluationRequest | None = None
        self._returns: dict[str, EpisodeReturns] = {}
        self._waiting: dict[Any, str] = {}
        self._beat: Any = None
        self._next_look = self._next_beat = self._asked_at = 0.0

    def request(self, request: EvaluationRequest) -> None:
        """Begin an evaluation of every task; of one that failed before, of those that had not come."""
        if request is not self._request:
            self._request, self._returns = request, {}
        if self._host is None:
            self._host, self._is_up = self._new_host(), False
        snapshot = ray.put(request.snapshot)
        episodes = self._parts.config.evaluation.episodes
        missing = [spec.name for spec in self._parts.specs if spec.name not in self._returns]
        self._waiting = {
            self._host.evaluate.remote(task, snapshot, episodes, request.round_number): task
            for task in missing
        }
        self._asked_at = time.monotonic()
        self._patience.begin(self._asked_at)

    def finished(self) -> EvaluationResult | None:
        """Return the result once every task's is there.

        Raises:
            EvaluationFailedError: an environment failed, the process died, or nothing in it moves any more.
        """
        now = time.monotonic()
        if not self._waiting or now < self._next_look:
            return None
        self._next_look = now + LOOK_SECONDS
        self._take_in_what_is_there()
        self._listen(now)
        if self._waiting or self._request is None:
            return None
        return EvaluationResult(
            self._request, {spec.name: self._returns[spec.name] for spec in self._parts.specs}
        )

    def close(self) -> None:
        """End the process; its environments are closed first, unless they take too long."""
        if self._host is not None:
            with contextlib.suppress(RayError):
                ray.wait([self._host.close.remote()], timeout=CLOSE_SECONDS)
            self._kill()

    def _take_in_what_is_there(self) -> None:
        refs = list(self._waiting)
        for ref in ray.wait(refs, num_returns=len(refs), timeout=0)[0]:
            try:
                self._returns[self._waiting[ref]] = ray.get(ref)
            except RayTaskError as error:
                self.close()
                raise EvaluationFailedError(str(error.cause)) from error
            except RayError as error:
                self._kill()
                raise EvaluationFailedError(
                    f"the evaluator's process ended ({type(error).__name__}) in task {self._waiting[ref]!r}"
                ) from error
            del self._waiting[ref]

    def _listen(self, now: float) -> None:
        """Ask now and then how far the environments are."""
        self._patience.look(now, self._new_beats(now))
        if self._beat is None and now >= self._next_beat:
            self._beat, self._next_beat = self._host.beats.remote(), now + BEAT_SECONDS
        reason = self._overdue(now)
        if reason is not None and self._waiting:
            self._kill()
            raise EvaluationFailedError(reason)

    def _new_beats(self, now: float) -> int | None:
        """Return what the process last answered, if that has just come."""
        if self._beat is None or not ray.wait([self._beat], timeout=0)[0]:
            return None
        beat, self._beat = self._beat, None
        with contextlib.suppress(RayError):
            beats: int = ray.get(beat)
            if not self._is_up:
                self._is_up = True
                self._patience.begin(now)
            return beats
        return None

    def _overdue(self, now: float) -> str | None:
        """Return in one sentence what takes too long, or None."""
        if not self._is_up:
            too_late = now - self._asked_at > START_SECONDS
            return f"the evaluator did not start within {START_SECONDS:.0f} s" if too_late else None
        if not self._patience.is_over:
            return None
        return (
            f"task {next(iter(self._waiting.values()), '')!r}: the environments that are evaluated hang: "
            f"no step, reset or construction of theirs ended for {self._patience.limit_seconds:.0f} s"
        )

    def _kill(self) -> None:
        ray.kill(self._host)
        self._host = self._beat = None

    def _new_host(self) -> Any:  # noqa: ANN401 - ray's own type
        return ray_actor(EvaluatorHost, slot="evaluator").remote(self._parts)
