"""What a directory of checkpoints may hold, by name: nothing else in it is looked at, ever.

Beside checkpoints users keep copies, archives, links and notes. So a checkpoint is a real directory whose
name is exactly the one that it was saved under. A leftover of a save that was cut short has that name with a
dot before it and `.tmp`, `.replaced` or `.removed` after it.
"""

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CheckpointNames:
    """Names of one kind of checkpoints: `<kind>-<learner step>`, the step with at least twelve digits.

    `words` is what sentences call one.
    """

    kind: str
    words: str

    def directory(self, root: Path, learner_step: int) -> Path:
        """Return where the checkpoint of a learner step lies."""
        return root / f"{self.kind}-{learner_step:012d}"

    def temporary(self, directory: Path) -> Path:
        """Return where a checkpoint is written before it is complete."""
        return directory.with_name(f".{directory.name}.tmp")

    def replaced(self, directory: Path) -> Path:
        """Return where a checkpoint lies while one of the same step takes its place."""
        return directory.with_name(f".{directory.name}.replaced")

    def removed(self, directory: Path) -> Path:
        """Return where a checkpoint lies while it is removed."""
        return directory.with_name(f".{directory.name}.removed")

    def newest_first(self, root: Path) -> list[Path]:
        """Return the checkpoints under a directory; those whose replacement was cut short are among them."""
        directories = _directories(root)
        found = [(step, path) for path in directories if (step := self._step(path.name)) is not None]
        there = {step for step, _ in found}
        for name, path in self._leftovers(directories, ".replaced"):
            step = self._step(name)
            if step is not None and step not in there:
                found.append((step, path))
        return [path for _, path in sorted(found, reverse=True)]

    def tidy(self, root: Path) -> None:
        """Remove what is left of saves that were cut short; put back what one of them had set aside.

        What cannot be removed stays: it is in nobody's way.
        """
        for suffix in (".tmp", ".removed"):
            for _, path in self._leftovers(_directories(root), suffix):
                shutil.rmtree(path, ignore_errors=True)
        for name, path in self._leftovers(_directories(root), ".replaced"):
            final = path.with_name(name)
            with contextlib.suppress(OSError):
                if final.exists():
                    # Under another name first, so that a reader does not take half of it for a checkpoint.
                    shutil.rmtree(path.rename(self.removed(final)), ignore_errors=True)
                else:
                    path.rename(final)

    def _leftovers(self, directories: list[Path], suffix: str) -> list[tuple[str, Path]]:
        """Return the leftovers of one kind among directories, and the checkpoint's name of each."""
        named = [(path.name[1:].removesuffix(suffix), path) for path in directories]
        return [
            (name, path)
            for name, path in named
            if self._step(name) is not None and path.name == f".{name}{suffix}"
        ]

    def _step(self, name: str) -> int | None:
        """Return the learner step in a checkpoint's name; None for any other name."""
        match = re.fullmatch(rf"{self.kind}-([0-9]{{12,}})", name)
        if match is None or name != f"{self.kind}-{int(match[1]):012d}":
            return None
        return int(match[1])


LAST = CheckpointNames("step", "checkpoint")
"""The checkpoints that a run goes on from."""
BEST = CheckpointNames("best", "checkpoint of the best weights")
"""The weights that did best in an evaluation."""


def _directories(root: Path) -> list[Path]:
    """Return the real directories under one, by one reading of it: none is missed for being renamed later."""
    try:
        with os.scandir(root) as entries:
            return [root / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
