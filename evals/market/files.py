"""Writes the world to Parquet as it is made: every column declared in columns.yaml, one row group a month, the same bytes for the same seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.files import read_yaml

FILE = Path(__file__).parent / "columns.yaml"
SIDES = ("observed", "oracle")
NEVER = -(2**40)  # a minute that never came: an empty time
_TYPES: Mapping[str, Any] = {
    "i8": pa.int8(), "i16": pa.int16(), "i32": pa.int32(), "i64": pa.int64(), "f32": pa.float32(), "f64": pa.float64(), "bool": pa.bool_(),
    "str": pa.dictionary(pa.int16(), pa.string()), "time": pa.timestamp("s", tz="UTC"),
}  # fmt: skip


@cache
def columns() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    """side -> table -> column -> [type, meaning]."""
    read: Mapping[str, Any] = read_yaml(FILE)
    return read


def schema(side: str, table: str) -> pa.Schema:
    return pa.schema([(name, _TYPES[kind]) for name, (kind, *_) in columns()[side][table].items()])


def read(folder: Path, table: str, names: list[str] | None = None) -> dict[str, np.ndarray[Any, Any]]:
    """A table's columns as arrays; times as seconds since 1970 (empty: -2**63), texts as objects. Raises FileNotFoundError that names the folder."""
    side = next((s for s in SIDES if table in columns()[s]), None)
    path = folder / str(side) / f"{table}.parquet"
    if side is None or not path.exists():
        raise FileNotFoundError(f"no table {table!r} in {folder}; make a world with: bricol simulate {folder}")
    found = pq.read_table(path, columns=names)
    return {name: _array(found.column(name)) for name in found.column_names}


class Files:
    """The open Parquet files of one world. `add` takes one array a column; texts as (codes, names), times as minutes of the simulation."""

    def __init__(self, folder: Path, epoch: datetime) -> None:
        self._epoch = int(epoch.timestamp())
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._open: dict[str, tuple[pq.ParquetWriter, pa.Schema]] = {}
        self._declared: dict[str, Mapping[str, Sequence[str]]] = {}
        self._side: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        for side in SIDES:
            (folder / side).mkdir(parents=True, exist_ok=True)
            for table, declared in columns()[side].items():
                shape = schema(side, table)
                self._open[table] = pq.ParquetWriter(folder / side / f"{table}.parquet", shape, compression="zstd"), shape
                self._waiting[table], self._declared[table], self._side[table] = [], declared, side

    def add(self, table: str, **arrays: Any) -> None:
        """Raises ValueError for a column that is missing or not declared. Arrays are kept, not copied, until `flush`."""
        if wrong := arrays.keys() ^ self._declared[table].keys():
            raise ValueError(f"{FILE.name}: {table}: {sorted(wrong)[0]!r} is declared or given, not both")
        first = next(iter(arrays.values()))
        count = len(first[0] if isinstance(first, tuple) else first)
        if count:
            self._waiting[table].append(arrays)
            name = f"{self._side[table]}/{table}"
            self.rows[name] = self.rows.get(name, 0) + count

    def flush(self) -> None:
        """Writes what waits as one row group a table."""
        for table, waiting in self._waiting.items():
            if waiting:
                writer, shape = self._open[table]
                made = [self._column(kind, [arrays[name] for arrays in waiting]) for name, (kind, *_) in self._declared[table].items()]
                whole = pa.Table.from_arrays(made, schema=shape)
                writer.write_table(whole, row_group_size=whole.num_rows)
                waiting.clear()

    def close(self) -> None:
        self.flush()
        for writer, _ in self._open.values():
            writer.close()

    def _column(self, kind: str, parts: list[Any]) -> pa.Array:
        if kind == "str":
            # towns share names of districts, and a dictionary that holds a word twice is not written the same way twice
            names, places = np.unique(list(parts[0][1]), return_inverse=True)
            codes = places[np.concatenate([np.asarray(part[0], np.int64) for part in parts])].astype(np.int16)
            return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names.tolist(), pa.string()))
        values = np.concatenate([np.asarray(part) for part in parts])
        if kind == "time":
            empty = values == NEVER
            seconds = self._epoch + np.floor(np.where(empty, 0, values) * 60).astype(np.int64)
            return pa.array(seconds, pa.timestamp("s", tz="UTC"), mask=empty)
        if kind.startswith("f"):
            values = values.astype(np.float32 if kind == "f32" else np.float64)
            return pa.array(values, mask=np.isnan(values))
        return pa.array(values.astype(_TYPES[kind].to_pandas_dtype()), _TYPES[kind])


def _array(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type):
        whole = column.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())  # Parquet knows no seconds and gives back milliseconds
        return np.asarray(whole.fill_null(-(2**63)).to_numpy(zero_copy_only=False))
    return np.asarray(column.to_numpy(zero_copy_only=False))
