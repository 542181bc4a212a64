"""Keeps a table's samples and inserts in proportion; pure arithmetic that answers and never waits."""


class RateLimiter:
    """Holds `inserts * samples_per_insert - samples` within `error_buffer` of where sampling may begin.

    The rule of Reverb's rate limiter (Cassirer et al. 2021, "Reverb: A Framework for Experience Replay",
    section 3.3). Nothing is sampled before `min_size_to_sample` items are there; those first items are not
    owed any samples, and the insert that completes them may leave the band. With `samples_per_insert` None
    only the minimum counts.

        limiter = RateLimiter(samples_per_insert=8, min_size_to_sample=1000, error_buffer=8000)
        if limiter.may_insert(64):
            limiter.inserted(64)
    """

    def __init__(
        self, samples_per_insert: float | None, min_size_to_sample: int, error_buffer: float
    ) -> None:
        self.samples_per_insert = samples_per_insert
        self.min_size_to_sample = min_size_to_sample
        self.inserts = 0
        self.samples = 0
        centre = min_size_to_sample * (samples_per_insert or 0.0)
        self._lowest, self._highest = centre - error_buffer, centre + error_buffer

    def may_insert(self, count: int) -> bool:
        """Return whether inserting `count` items now keeps within the band."""
        if self.samples_per_insert is None or self.inserts < self.min_size_to_sample:
            return True
        return (self.inserts + count) * self.samples_per_insert - self.samples <= self._highest

    def may_sample(self, count: int) -> bool:
        """Return whether drawing `count` items now keeps within the band."""
        if self.inserts < self.min_size_to_sample:
            return False
        if self.samples_per_insert is None:
            return True
        return self.inserts * self.samples_per_insert - self.samples - count >= self._lowest

    def inserted(self, count: int) -> None:
        """Count items that were inserted."""
        self.inserts += count

    def sampled(self, count: int) -> None:
        """Count items that were drawn."""
        self.samples += count


def smallest_error_buffer(samples_per_insert: float, insert_size: int, sample_size: int) -> float:
    """Return the least `error_buffer` with which a table cannot deadlock.

    Just before an insert of `insert_size` items is refused, the balance lies at most `samples_per_insert *
    insert_size` below the upper bound; a draw of `sample_size` must then still fit above the lower bound.
    A thousandth of a sample on top absorbs what rounding takes away.
    """
    return (samples_per_insert * insert_size + sample_size) / 2 + 1e-3
