"""Messages and snapshots as they were first written, byte by byte: they are read, and written so again."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replay.fragment import empty_block
from replay.restoring import SnapshotError, restore_tables
from replay.row import TableShape
from replay.selectors.proportional import Proportional
from replay.snapshot import SnapshotWriter
from replay.table import Table
from replay.wire import decode_block, encode_block
from tests.support.builders import assert_same_block, changed, make_table

SIZE = (2, 4)
BLOCK = changed(
    empty_block(TableShape("toy", (2,), "uint8", num_actions=3), lead=1, starts=2, streams=2),
    actor="toy-0",
    life=1,
    sequence=2,
    weights_version=3,
    frames=np.arange(16, dtype=np.uint8).reshape(2, 4, 2),
    actions=np.arange(8, dtype=np.int32).reshape(SIZE) % 3,
    rewards=np.arange(8, dtype=np.float32).reshape(SIZE) / 2,
    flags=np.array([[0, 1, 4, 0], [0, 0, 2, 4]], np.uint8),
    priorities=np.array([[1, 2], [3, 4]], np.float32),
    episode_returns=np.array([1.5], np.float32),
    episode_lengths=np.array([7], np.int32),
)
MESSAGE = base64.b64decode(
    "jqZmb3JtYXQCpHRhc2ujdG95pWFjdG9ypXRveS0wq2luY2FybmF0aW9uAahzZXF1ZW5jZQKvd2VpZ2h0c192ZXJzaW9uA6Rs"
    "ZWFkAaZmcmFtZXOEpWR0eXBlpXVpbnQ4pXNoYXBlkwIEAqVjb2RlY6NyYXekZGF0YcQQAAECAwQFBgcICQoLDA0OD6dhY3Rp"
    "b25zhKVkdHlwZaVpbnQzMqVzaGFwZZICBKVjb2RlY6NyYXekZGF0YcQgAAAAAAEAAAACAAAAAAAAAAEAAAACAAAAAAAAAAEA"
    "AACncmV3YXJkc4SlZHR5cGWnZmxvYXQzMqVzaGFwZZICBKVjb2RlY6NyYXekZGF0YcQgAAAAAAAAAD8AAIA/AADAPwAAAEAA"
    "ACBAAABAQAAAYEClZmxhZ3OEpWR0eXBlpXVpbnQ4pXNoYXBlkgIEpWNvZGVjo3Jhd6RkYXRhxAgAAQQAAAACBKpwcmlvcml0"
    "aWVzhKVkdHlwZadmbG9hdDMypXNoYXBlkgICpWNvZGVjo3Jhd6RkYXRhxBAAAIA/AAAAQAAAQEAAAIBAr2VwaXNvZGVfcmV0"
    "dXJuc4SlZHR5cGWnZmxvYXQzMqVzaGFwZZEBpWNvZGVjo3Jhd6RkYXRhxAQAAMA/r2VwaXNvZGVfbGVuZ3Roc4SlZHR5cGWl"
    "aW50MzKlc2hhcGWRAaVjb2RlY6NyYXekZGF0YcQEBwAAAA=="
)
"""Of `BLOCK`."""
SNAPSHOT = {
    "manifest.json": base64.b64decode(
        "MGFmNWNjZDAzYjI4NTVjZDQ4NDk4ODlmYWZhYjdhZmNhZTVlOTQxMmJmY2ZlMmY5MzE0NjZmOGY1MzAwMjM0MAp7ImZvcm1h"
        "dCI6IDEsICJ0YWJsZXMiOiB7InRveSI6IHsic2hhcGUiOiB7InRhc2siOiAidG95IiwgImZyYW1lX3NoYXBlIjogWzJdLCAi"
        "ZnJhbWVfZHR5cGUiOiAidWludDgiLCAibnVtX2FjdGlvbnMiOiAzfSwgImZpcnN0X2tleSI6IDAsICJzZWdtZW50cyI6IFt7"
        "ImZpbGUiOiAidG95LTAtOC0xLnJvd3MiLCAiZmlyc3Rfa2V5IjogMCwgInJvd3MiOiA4fV0sICJzdGF0ZXMiOiBbeyJmaWxl"
        "IjogInRveS0wLTEuc3RhdGUiLCAiZmlyc3Rfa2V5IjogMCwgInJvd3MiOiA4fV19fSwgImZpbGVzIjogeyJ0b3ktMC04LTEu"
        "cm93cyI6IHsiYnl0ZXMiOiA3NywgInNoYTI1NiI6ICIwMWU2NWEwZjM1YmZjMWE0NDA4OTg5NGZhZjJjOTViN2FhODUyYjAz"
        "YjJiNmQ2YjY3OTQ0Yzc4MzAzMDUzMjAwIn0sICJ0b3ktMC0xLnN0YXRlIjogeyJieXRlcyI6IDM4LCAic2hhMjU2IjogIjQ3"
        "OGYyOTE1ODUyZWNmOTkxZGUxNzQ2N2Y2MzRkNmQ3MTM5YTdhNDQ5NjgyNzg3YTU2MTFlMmNjMThmYjQwZWEifX19"
    ),
    "toy-0-1.state": base64.b64decode("KLUv/SAo7QAAsAARBAgAEBIMAIA/AEBAAACAQAAAAAACAODGBY4="),
    "toy-0-8-1.rows": base64.b64decode(
        "KLUv/SBwJQIAdAMAAQIDBAUGBwgJCgsMDQ4PAAAAAAEAAAACAD8AAIA/AADAPwAAAEAAACBAAABAQAAAYEADAAAABADtmIMM"
        "XhBwAGM="
    ),
}
"""Of a table into which `BLOCK` was put."""
PIECES = {
    "toy-0-8-1.rows": base64.b64decode(
        "AAECAwQFBgcICQoLDA0ODwAAAAABAAAAAgAAAAAAAAABAAAAAgAAAAAAAAABAAAAAAAAAAAAAD8AAIA/AADAPwAAAEAAACBA"
        "AABAQAAAYEADAAAAAwAAAAMAAAADAAAAAwAAAAMAAAADAAAAAwAAAA=="
    ),
    "toy-0-1.state": base64.b64decode("ABEECAAQEgwAAAAAAACAPwAAAAAAAAAAAAAAAAAAQEAAAIBAAAAAAA=="),
}
"""What its files hold, uncompressed."""


def table_of_blocks() -> Table:
    table = make_table(
        num_rows=12, frame_shape=(2,), frame_dtype="uint8", selector=Proportional(12, 1.0), num_actions=3
    )
    assert table.problem_with(BLOCK) is None
    return table


def test_a_message_is_read_and_written_as_it_was():
    """Fields, arrays, their order."""
    assert_same_block(BLOCK, decode_block(MESSAGE))
    assert encode_block(BLOCK) == MESSAGE


def test_a_snapshot_is_read_as_it_was_written(tmp_path: Path):
    """Rows, flags and priorities come back."""
    for name, data in SNAPSHOT.items():
        (tmp_path / name).write_bytes(data)
    table, expected = table_of_blocks(), table_of_blocks()
    assert restore_tables(tmp_path, {"toy": table}) == {"toy": 3}
    expected.insert(BLOCK, 0)
    for name, column in expected.rows.columns.items():
        np.testing.assert_array_equal(table.rows.columns[name], column, name)
    items = np.array([1, 5, 6])
    np.testing.assert_allclose(table.selector.priorities(items), [1, 3, 4], rtol=1e-6)


@pytest.mark.parametrize(
    ("field", "now", "said"),
    [
        ("action_shape", (2,), "action_shape of task 'toy' was [], it is [2] now"),
        ("layout", "arm: numbers", "layout of task 'toy' was empty, it is arm: numbers now"),
    ],
)
def test_a_snapshot_without_a_field_is_of_one_dimension_and_of_one_part(
    tmp_path: Path, field: str, now: Any, said: str
):
    """A table of several takes no rows of it."""
    for name, data in SNAPSHOT.items():
        (tmp_path / name).write_bytes(data)
    table = table_of_blocks()
    table.shape = replace(table.shape, **{field: now})
    with pytest.raises(SnapshotError) as raised:
        restore_tables(tmp_path, {"toy": table})
    assert said in str(raised.value)


def test_a_snapshot_is_written_as_it_was(tmp_path: Path):
    """The same files with the same contents; how they are compressed is the library's own business."""
    table = table_of_blocks()
    table.insert(BLOCK, 0)
    writer = SnapshotWriter(tmp_path)
    assert {piece.file: piece.data for piece in writer.pieces({"toy": table})} == PIECES
