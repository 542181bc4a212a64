"""Keeps a task's samples and inserts in proportion; pure arithmetic that answers and never waits."""

import math
from dataclasses import dataclass

NO_LIMIT = 2**62


@dataclass(frozen=True)
class RateLimiter:
    """Holds `inserts * samples_per_insert - samples` within `error_buffer` of where sampling may begin.

    The rule of Reverb's rate limiter (Cassirer et al. 2021, "Reverb: A Framework for Experience Replay",
    section 3.3). Nothing is sampled before `min_size_to_sample` items are there; those first items are not
    owed any samples. With `samples_per_insert` None only the minimum counts.

        limiter = RateLimiter(samples_per_insert=8, min_size_to_sample=1000, error_buffer=8000)
        limiter.may_sample(inserts, samples, count=512)
        limiter.most_inserts(samples)                    # how far inserts may go

    It keeps no counters: inserts and samples are those of a task over all shards, and who knows them asks.
    """

    samples_per_insert: float | None
    min_size_to_sample: int
    error_buffer: float

    def may_sample(self, inserts: int, samples: int, count: int) -> bool:
        """Return whether drawing `count` more items keeps within the band."""
        return inserts >= self.least_inserts(samples, count)

    def least_inserts(self, samples: int, count: int) -> int:
        """Return the inserts from which on `count` more items may be drawn."""
        if self.samples_per_insert is None:
            return self.min_size_to_sample
        owed = (samples + count - self.error_buffer) / self.samples_per_insert
        return max(self.min_size_to_sample, math.ceil(owed + self.min_size_to_sample))

    def most_inserts(self, samples: int) -> int:
        """Return the inserts up to which items may be put in."""
        if self.samples_per_insert is None:
            return NO_LIMIT
        ahead = (samples + self.error_buffer) / self.samples_per_insert
        return math.floor(ahead + self.min_size_to_sample)

    def most_unused(self, request_size: int) -> int:
        """Return how many of the inserts that were granted to shards may stay unused for ever.

        While they do, the balance ends so many inserts short of its upper bound. From there a request must
        still fit above the lower bound, and the first one of all must find `min_size_to_sample` items: its
        inserts may be ahead of those by `error_buffer`, and no more than that may be lacking.

        Args:
            request_size: items of the largest request.
        """
        if self.samples_per_insert is None:
            return NO_LIMIT
        rounding = 2 * self.samples_per_insert  # each bound is rounded to whole inserts
        beside_a_request = 2 * self.error_buffer - request_size - rounding
        return math.floor(min(self.error_buffer, beside_a_request) / self.samples_per_insert)


def smallest_error_buffer(
    samples_per_insert: float, insert_size: int, sample_size: int, shards: int = 1
) -> float:
    """Return the least `error_buffer` with which a task cannot deadlock.

    The room for inserts is split evenly over the shards, so the last insert may be refused while there is
    room for just under `shards` of them: the balance then lies at most `samples_per_insert * insert_size *
    shards` below the upper bound, and a draw of `sample_size` must still fit above the lower one. And before
    the first sample every shard must be able to take an insert beyond the minimum. One or two more items
    absorb what rounding to whole ones takes away.
    """
    inserts = insert_size * shards
    return max((samples_per_insert * (inserts + 2) + sample_size) / 2, samples_per_insert * (inserts + 1))
