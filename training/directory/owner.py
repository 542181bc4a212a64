"""One owner at a time for a directory, on this host or on others that share the file system.

    with owned(Path("runs/a"), "run directory") as ownership:
        ...                                     # nobody else gets in meanwhile
        ownership.check()                       # before something is saved

What is guaranteed:

- On one machine, containers that share a kernel included, there is never a second owner. The kernel keeps a
  lock on the file `owner.json` for as long as the owner's process lives, however that process ends. So the
  directory of a process that was killed, or of a container that starts again, is taken over at once, whoever
  has its process id by now.
- On several machines the same holds where the file system passes locks on, as NFS and most cluster file
  systems do.
- Where it does not, the owner's signs of life count: it renews the time of change of `owner.json` every
  `SIGN_SECONDS`. An owner that has been silent for `SILENT_SECONDS` is gone; after a reboot of its machine,
  `REBOOTED_SECONDS` are enough. Two that start within the same moment may both get in, and one that was
  suspended for so long finds its place taken: `Ownership.check` ends all but the last one.
- A copy of a directory is nobody's: its `owner.json` names the path and the inode of the original.

Readers need not own anything.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import get_type_hints

from config.errors import ConfigError
from training.errors import TrainingFailedError
from training.json_text import NotJsonError, json_text, read_json

OWNER = "owner.json"
SIGN_SECONDS = 5.0
SILENT_SECONDS = 60.0
REBOOTED_SECONDS = 3 * SIGN_SECONDS
_NOT_SUPPORTED = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}
_HELD: "weakref.WeakSet[Ownership]" = weakref.WeakSet()


@dataclass(frozen=True)
class Owner:
    """Who owns a directory.

    Attributes:
        host: name of the host, or of the container.
        pid: process id there.
        boot: identifies one run of a kernel, which all of its containers share.
        token: drawn anew by each owner.
        path: of the directory, as its owner sees it; empty if it was not written down.
        inode: of the file that names the owner.
    """

    host: str
    pid: int
    boot: str
    token: str
    path: str = ""
    inode: int = 0

    @classmethod
    def here(cls) -> "Owner":
        """Return this process as an owner."""
        return cls(socket.gethostname(), os.getpid(), _boot(), os.urandom(8).hex())


def is_gone(owner: Owner, here: Owner, silent_seconds: float, lock_tells: bool) -> bool:
    """Return whether an owner is gone whose lock nobody seems to hold: a pure decision.

    Args:
        owner: who is named in the file.
        here: who asks.
        silent_seconds: since the owner's last sign of life.
        lock_tells: whether the file system knows locks: a free one then proves that an owner on the same
            kernel is gone, and nothing about one elsewhere.
    """
    if _is_copy(owner, here) or (lock_tells and owner.boot == here.boot):
        return True
    rebooted = owner.host == here.host and owner.boot != here.boot
    return silent_seconds > (REBOOTED_SECONDS if rebooted else SILENT_SECONDS)


def _is_copy(owner: Owner, here: Owner) -> bool:
    """Return whether an owner's file was copied here with its directory, of which somebody else is the owner.

    A directory that was moved keeps its file's inode. Another host may see the same one at another path.
    """
    return owner.path != "" and owner.path != here.path and owner.inode != here.inode


class Ownership:
    """A directory that this process owns, with a thread that gives the signs of life."""

    def __init__(self, file: Path, descriptor: int, owner: Owner) -> None:
        self._file = file
        self._descriptor = descriptor
        self._owner = owner
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._give_signs, daemon=True)
        _HELD.add(self)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json_text(asdict(owner)).encode(), 0)
        os.fsync(descriptor)
        self._thread.start()

    def check(self) -> None:
        """Do nothing while the directory is owned.

        Raises:
            TrainingFailedError: somebody else has taken it over.
        """
        successor = _read(self._file)
        if successor is not None and successor.token != self._owner.token:
            raise TrainingFailedError(
                f"{str(self._file.parent)!r} was taken over by {_process(successor)} while this process gave "
                "no sign of life: nothing more is saved here"
            )

    def release(self) -> None:
        """Let others in."""
        if self not in _HELD:
            return
        self._over.set()
        self._thread.join()
        with contextlib.suppress(OSError):
            if _is_file(self._descriptor, self._file):
                self._file.unlink()
        self.forget()

    def forget(self) -> None:
        """Close the file. A forked child does so at once: its copy would keep the lock."""
        _HELD.discard(self)
        os.close(self._descriptor)

    def _give_signs(self) -> None:
        while not self._over.wait(SIGN_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(self._descriptor)


def _forget_all() -> None:
    for ownership in list(_HELD):
        ownership.forget()


os.register_at_fork(after_in_child=_forget_all)


@contextmanager
def owned(directory: Path, what: str) -> Iterator[Ownership]:
    """Own a directory, which is made if need be; one that was made and is empty is gone in the end.

    `what` is what to call it in sentences.

    Raises:
        ConfigError: it has an owner, or cannot be written.
    """
    is_new = not directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ownership = _take(directory, what)
    except OSError as error:
        raise ConfigError(
            f"{what} {str(directory)!r} cannot be written: {error.strerror or error}"
        ) from error
    try:
        yield ownership
    finally:
        ownership.release()
        if is_new:
            with contextlib.suppress(OSError):
                directory.rmdir()


def _take(directory: Path, what: str) -> Ownership:
    file = directory / OWNER
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            inode = os.fstat(descriptor).st_ino
            here = replace(Owner.here(), path=str(directory.resolve()), inode=inode)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError(
                    f"{what} {str(directory)!r}: {OWNER} in it is not a regular file: remove it"
                )
            lock_tells = _lock(descriptor)
            if _is_file(descriptor, file):
                owner = _read(file)
                if owner and not is_gone(owner, here, _silent_seconds(directory, file), lock_tells):
                    raise _in_use(directory, what, owner)
                return Ownership(file, descriptor, here)
        except BlockingIOError:
            os.close(descriptor)
            raise _in_use(directory, what, _read(file)) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock a file; return whether its file system knows locks.

    Raises:
        BlockingIOError: somebody else has locked it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        return False
    return True


def _in_use(directory: Path, what: str, owner: Owner | None) -> ConfigError:
    return ConfigError(
        f"{what} {str(directory)!r} is in use by {_process(owner)}: "
        "wait until that process has ended, or give another directory"
    )


def _is_file(descriptor: int, file: Path) -> bool:
    """Return whether the file is still the one that was opened: its owner may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def _read(file: Path) -> Owner | None:
    """Return the owner that a file names; None if it names nobody."""
    try:
        owner = Owner(**read_json(file))
    except (NotJsonError, TypeError):
        return None
    kinds = get_type_hints(Owner)
    return owner if all(type(value) is kinds[name] for name, value in vars(owner).items()) else None


def _silent_seconds(directory: Path, file: Path) -> float:
    """Return for how long an owner has given no sign, by the clock of the file system."""
    probe = directory / f".{OWNER}.{os.getpid()}.now"
    probe.touch()
    try:
        return probe.stat().st_mtime - file.stat().st_mtime
    finally:
        probe.unlink()


def _process(owner: Owner | None) -> str:
    return "another process" if owner is None else f"process {owner.pid} on host {owner.host!r}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()
