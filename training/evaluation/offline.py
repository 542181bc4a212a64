"""Greedy evaluation of a run that has ended."""

from typing import Any

import torch

from config.resolution import resolve
from learner.checkpoint import CheckpointError
from learner.checkpoint_names import BEST, LAST
from learner.learner_state import restore_weights
from network.weights import WeightsLayout
from training.directory.run_directory import RunDirectory
from training.evaluation.judge import EvaluationRequest, EvaluationResult
from training.parts.parts import Parts
from training.status.summary import returns_of, versions

OFFLINE_ROUND = 0
"""Evaluations while training have rounds from 1, so these episodes are none of theirs."""


def evaluate_run(directory: RunDirectory, episodes: int, best: bool = False) -> dict[str, Any]:
    """Play fresh greedy episodes of every task with a run's last weights, or with its best ones.

    Returns:
        What they came to; `weights` says which they are, and `best` what the best ones had reached while
        training: None if no best ones are kept, or these are they.

    Raises:
        CheckpointError: there is no usable checkpoint, or it is of another network.
        EnvironmentFailureError: an environment broke its contract.
    """
    checkpoint, passed_over = directory.newest_checkpoint(BEST if best else LAST)
    parts = Parts(directory.config, resolve(directory.config).specs, run_life=checkpoint.state["life"])
    network = parts.network()
    restore_weights(network, checkpoint.tensors["weights"])
    torch.set_num_threads(1)
    snapshot = WeightsLayout(network).snapshot(network, learner_step=checkpoint.state["learner_step"])
    request = EvaluationRequest(snapshot, OFFLINE_ROUND, confirms=False)
    try:
        returns = {spec.name: parts.evaluate(spec, snapshot, episodes, OFFLINE_ROUND) for spec in parts.specs}
    finally:
        parts.evaluators.close()
    result = EvaluationResult(request, returns)
    tasks = {spec.name: returns_of(result, spec.name, spec.solved_at) for spec in parts.specs}
    bounded = [task["solved"] for task in tasks.values() if task["solved"] is not None]
    return {
        "solved": bool(bounded) and all(bounded),
        "weights": "best" if best else "last",
        "learner_steps": snapshot.learner_step,
        "weights_sha256": snapshot.digest(),
        "best": None if best else _other_best(directory, snapshot.digest()),
        "tasks": tasks,
        "passed_over": passed_over,
        "versions": versions(),
    }


def _other_best(directory: RunDirectory, digest: str) -> dict[str, Any] | None:
    """Return when the best weights were evaluated and their mean returns, unless `digest` is theirs."""
    try:
        state = directory.newest_checkpoint(BEST)[0].state
    except CheckpointError:
        return None
    if state["weights_sha256"] == digest:
        return None
    return {"learner_step": state["learner_step"], "means": state["means"]}
