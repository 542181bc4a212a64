"""How alike the features of an arm's networks are to those of the reference's.

Shape letters: K pairs of runs.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.directory.run_directory import RunDirectory
from training.evaluation.feature_similarity import feature_similarity

PAIRS = 5
"""Pairs of runs that are looked at, at most: each costs some seconds."""


def features_beside_reference(
    runs: Mapping[int, Path], reference: Mapping[int, Path], tasks: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Return, by task, the linear CKA of pairs of runs: (K,); none if no seed is in both.

    A run stands beside the reference's of the same seed. The reference's runs stand beside one another, each
    beside the next: so alike are two networks of one kind that differ in their seed alone, which is what the
    others' figures have to be held against.

    Args:
        runs: directories of the arm's finished runs, by seed.
        reference: those of the reference.
        tasks: names of the tasks.
    """
    pairs: list[tuple[Path, Path]]
    if runs == reference:
        pairs = list(pairwise(runs.values()))
    else:
        pairs = [(directory, reference[seed]) for seed, directory in runs.items() if seed in reference]
    found = [
        feature_similarity(RunDirectory.open(one), RunDirectory.open(other)) for one, other in pairs[:PAIRS]
    ]
    return {task: np.array([similarity[task] for similarity in found]) for task in tasks} if found else {}
