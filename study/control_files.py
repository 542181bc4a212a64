"""What the files of a study's controls may not be: else a control would never run and yet count as made."""

import re
from collections.abc import Iterable, Iterator

from study.config import StudyConfig

_DIRECTORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,98}[A-Za-z0-9_-])?")


def control_mistakes(study: StudyConfig, controls: Iterable[tuple[str, StudyConfig]]) -> Iterator[str]:
    """Yield a sentence for each control that cannot be run beside the others.

    The runs of a control are known by its name, and lie in a directory of that name. Some file systems take
    capitals and small letters for the same.

    Args:
        study: which names the controls.
        controls: the file of each, and what it says.
    """
    owners = {study.name.casefold(): "the study itself"}
    for file, control in controls:
        where, name = f"controls: {file!r}", control.name
        if control.control is None:
            yield f"{where} does not say what it is a control of: `control` should be twins or contradiction"
        if control.controls:
            yield f"{where} has controls of its own, which would not be run: the study should name them"
        if not _DIRECTORY.fullmatch(name):
            yield (
                f"{where} has the name {name!r}, which is no directory's: allowed are up to 100 letters, "
                "digits, spaces and _ . - that begin with a letter or digit and end without space or dot"
            )
        if name.casefold() in owners:
            yield (
                f"{where} has the name {name!r}, which is that of {owners[name.casefold()]}: each needs a "
                "name of its own, and capitals make no difference"
            )
        owners.setdefault(name.casefold(), repr(file))
