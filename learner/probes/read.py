"""All probes from one batch a task, leaving the learner as it is.

Shape letters: T tasks; N rows of all of them, task after task; F features; P shared parameters.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from learner.batch import TaskBatch
from learner.learner import Learner
from learner.probes.gradients import conflict_share, cosines, magnitude_similarity, norm_shares
from learner.probes.lesion import lesion_shares
from learner.probes.reading import ProbeReading
from learner.probes.similarity import cka_matrix
from learner.probes.units import dormant_share, effective_rank
from learner.task_gradients import SharedCopies
from network.multi_task import MultiTaskNetwork

CKA_ROWS = 256
"""At most so many rows go through every task's trunk, evenly taken from all tasks: it costs T passes."""


def read_probes(learner: Learner, batches: Sequence[TaskBatch]) -> ProbeReading:
    """Read all probes.

    Weights, gradients, the optimizer and all random numbers stay as they are: a run with readings is bit for
    bit the run without.

    Args:
        learner: whose network is looked at.
        batches: one batch a task, in the order of the tasks.
    """
    network = learner.network
    gradient_TP = _task_gradients(learner, batches)
    cosine_TT = cosines(gradient_TP)
    ranks, order = network.groups.ranks, network.groups.arranged(batches)
    sizes = [len(batch.action_B) for batch in order]
    with torch.no_grad():
        rows_NF = network.encoded([batch.obs_BO for batch in batches])
        features_NF = network.trunk(rows_NF, sizes)
        dormant_T = torch.stack([dormant_share(own_BF) for own_BF in features_NF.split_with_sizes(sizes)])
        cka_TT = _cka(network, rows_NF)[ranks][:, ranks]
        return ProbeReading(
            learner_step=learner.learner_step,
            tasks=[batch.task for batch in batches],
            gradient_cosine=cosine_TT.tolist(),
            magnitude_similarity=magnitude_similarity(gradient_TP).tolist(),
            gradient_share=norm_shares(gradient_TP).tolist(),
            conflict_share=conflict_share(cosine_TT).item(),
            feature_cka=cka_TT.tolist(),
            dormant_share=dormant_T.mean().item(),
            effective_rank=effective_rank(features_NF),
            lesion_share=lesion_shares(network, features_NF, sizes)[ranks].tolist(),
        )


def _task_gradients(learner: Learner, batches: Sequence[TaskBatch]) -> Tensor:
    """Return each task's gradient in what is shared, (T, P); nothing but nan where nothing is."""
    copies = SharedCopies(learner.network)
    if not copies.by_name:
        return torch.full((len(batches), 1), torch.nan)
    losses = learner.objective.losses(batches, learner.objective.targets(batches), copies)
    torch.autograd.backward(losses.loss_T.sum(), inputs=list(copies.by_name.values()))
    return copies.gradients()


def _cka(network: MultiTaskNetwork, rows_NF: Tensor) -> Tensor:
    """Return the CKA of each pair of tasks' trunks, (T, T) in the order of the rows.

    Tasks see different observations, but their trunks can be shown the same rows: what the encoders made of
    all tasks' batches. One trunk for all has 1 everywhere by construction; all others have less.
    """
    tasks, count = len(network.groups.order), len(rows_NF)
    taken = min(count, CKA_ROWS)
    shown_NF = rows_NF[torch.arange(taken, device=rows_NF.device) * count // taken]
    features_TN_F = network.trunk(torch.cat([shown_NF] * tasks), [taken] * tasks)
    return cka_matrix(features_TN_F.view(tasks, taken, -1))
