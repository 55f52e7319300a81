"""Reads the tables of a marketplace (Parquet, one file a table) as plain arrays, and says in one line what is wrong with a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import NEVER
from domain.learning.quality import BadTrainingData

Columns = dict[str, NDArray[Any]]


def read(folder: Path, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, Columns]:
    """The wanted columns. `folder`: a world of `bricol simulate`, its observed/, or an export of the same shape.

    Times become seconds since 1970, empty ones NEVER; texts objects. Raises BadTrainingData that lists every missing table and column.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = folder / "observed" if (folder / "observed").is_dir() else folder
    if not place.is_dir():
        raise BadTrainingData((f"{folder}: there is no such folder; make a world with `bricol simulate {folder}` or name an export",))
    found, faults = {}, []
    for table, names in wanted.items():
        path = place / f"{table}.parquet"
        try:
            stored = pq.ParquetFile(path)
        except FileNotFoundError:
            faults.append(f"{path}: the table is missing")
            continue
        except (OSError, pa.ArrowInvalid) as fault:
            faults.append(f"{path}: this is no Parquet file ({fault}); export it again")
            continue
        there = set(stored.schema_arrow.names)
        if missing := [name for name in names if name not in there]:
            faults.append(f"{path}: column{'s' if len(missing) > 1 else ''} {', '.join(missing)} missing")
            continue
        columns = stored.read(columns=list(names))
        found[table] = {name: _array(columns.column(name)) for name in names}
    if faults:
        raise BadTrainingData(tuple(faults))
    return found


def _array(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).fill_null(NEVER).to_numpy(zero_copy_only=False))
    return np.asarray(column.to_numpy(zero_copy_only=False))
