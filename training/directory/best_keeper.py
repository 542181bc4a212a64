"""Keeps the weights that did best in an evaluation, beside the newest ones."""

import logging
from dataclasses import asdict
from typing import Any

import numpy as np

from config.loading import to_yaml
from learner.checkpoint import Checkpoint, CheckpointError
from learner.checkpoint_names import BEST
from learner.learner_state import named_weights
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsLayout, WeightsSnapshot
from replay.durable import replace_synced
from training.directory.best_weights import BestWeights, Evaluated
from training.directory.run_directory import CONFIG, RunDirectory
from training.evaluation.judge import EvaluationResult
from training.json_text import NotJsonError, json_line, read_json
from training.status.progress import Progress

RANGES = "ranges.json"
"""What each task of a run has reached: the lowest and the highest mean greedy return."""

logger = logging.getLogger(__name__)


class BestKeeper:
    """Takes in evaluations, and saves the weights of one that is better than all before.

        keeper = BestKeeper(directory, parts.network())
        keeper(result, progress)                     # as `RecordEvaluation`
        keeper.best                                  # what the best ones reached

    An evaluation that only confirms another one does not count: it is of the same weights. Weights that
    cannot be saved do not take the place of those that are; a warning says so, once for each outage.

    Args:
        directory: of the run; what an earlier life of it kept there goes on to count.
        network: one that nobody else uses, to give the weights their names.
    """

    def __init__(self, directory: RunDirectory, network: MultiTaskNetwork) -> None:
        self._directory = directory
        self._network = network
        self._layout = WeightsLayout(network)
        self._decision = BestWeights.restored(_ranges(directory), best_of(directory))
        self._warned = False

    @property
    def best(self) -> Evaluated | None:
        """The best evaluation whose weights are kept; None before the first."""
        return self._decision.best

    def compared_with(self, last: EvaluationResult | None) -> dict[str, Any]:
        """Return the part of a summary that tells the best weights from those of the last evaluation."""
        return {
            "evaluated_learner_step": None if last is None else last.request.snapshot.learner_step,
            "best": None if self.best is None else asdict(self.best),
        }

    def __call__(self, result: EvaluationResult, progress: Progress) -> None:
        """Take in an evaluation."""
        snapshot = result.request.snapshot
        if result.request.confirms or not np.isfinite(snapshot.flat).all():
            return
        means = {task: result.mean(task) for task in result.returns}
        evaluated = Evaluated(snapshot.learner_step, means)
        better = self._decision.is_better(evaluated)
        try:
            if better:
                checkpoint = self._checkpoint(snapshot, evaluated, progress.life)
                self._directory.save_best(snapshot.learner_step, checkpoint)
                self._decision.best = evaluated
            replace_synced(self._directory.path / RANGES, json_line(self._decision.state()))
        except OSError as error:
            if not self._warned:
                logger.warning("the best weights cannot be saved: %s", error.strerror or error)
            self._warned = True
        else:
            self._warned = False

    def _checkpoint(self, snapshot: WeightsSnapshot, evaluated: Evaluated, life: int) -> Checkpoint:
        self._layout.load(self._network, snapshot)
        state = {
            "learner_step": evaluated.learner_step,
            "life": life,
            "means": dict(evaluated.means),
            "weights_sha256": snapshot.digest(),
        }
        config = to_yaml(self._directory.config)
        return Checkpoint({"weights": named_weights(self._network)}, state, {CONFIG: config})


def best_of(directory: RunDirectory) -> Evaluated | None:
    """Return what the best weights of a run reached; None if there are none that can be used."""
    try:
        state = directory.newest_checkpoint(BEST)[0].state
    except CheckpointError:
        return None
    return Evaluated(state["learner_step"], state["means"])


def _ranges(directory: RunDirectory) -> Any:  # noqa: ANN401 - whatever stands in the file
    try:
        return read_json(directory.path / RANGES)
    except NotJsonError:
        return None
