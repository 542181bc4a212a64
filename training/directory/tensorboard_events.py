"""TensorBoard's event files, written here and now.

The writer that comes with TensorBoard has a thread of its own, in which a full disk ends all writing and is
noticed later, in the midst of something else. This one appends to its file, and survives what `AppendFile`
does.
"""

import io
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from training.directory.append_file import AppendFile


class EventFile:
    """Appends scalars to a new event file.

        events = EventFile(directory / "tensorboard", purge_step=4000)
        events.add({"chain/loss": 0.25}, step=4100)

    Args:
        directory: where event files lie; made if need be.
        purge_step: readers forget what earlier files say of this step and later ones; None to keep it all.

    Attributes:
        file: what events are appended to.
    """

    def __init__(self, directory: Path, purge_step: int | None) -> None:
        self.file = AppendFile(directory / _name(directory))
        self._header = _record(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._header += _record(Event(wall_time=time.time(), step=purge_step, session_log=start))

    def add(self, scalars: Mapping[str, float], step: int) -> None:
        """Append scalars of one step."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
        if self.file.append(self._header + _record(event)):
            self._header = b""


def _name(directory: Path) -> str:
    """Return a name that readers take up after all those that are there: they read in the order of names."""
    parts = [path.name.split(".") for path in directory.glob("events.out.tfevents.*")]
    newest = max((int(part[3]) for part in parts if len(part) > 4 and part[3].isdecimal()), default=0)
    second = max(int(time.time()), newest + 1)
    return f"events.out.tfevents.{second:010d}.{socket.gethostname()}.{os.getpid()}.0"


def _record(event: Event) -> bytes:
    """Return an event in TensorBoard's framing: its length and its bytes, each with a checksum."""
    framed = io.BytesIO()
    RecordWriter(framed).write(event.SerializeToString())
    return framed.getvalue()
