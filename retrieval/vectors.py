"""Keeps the vectors of all units in Chroma, on disk, and finds the nearest; only what changed is embedded again."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.documents import fingerprint
from retrieval.space import Space
from retrieval.units import KINDS, Kind, Unit

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

log = logging.getLogger(__name__)

AT_ONCE = 500  # units written in one call: Chroma refuses more than some thousands
SEEN = 80  # units asked for: the sections of the best few are always among them
OLD = 0.1  # share of changed units from which the whole index, its space included, is built anew
Array = npt.NDArray[np.float32]


class Embedder(Protocol):
    """What makes vectors: retrieval.encoder.Encoder, or a test's own."""

    def embed(self, texts: Sequence[str]) -> Array: ...


@dataclass(frozen=True)
class Synced:
    """What bringing the store up to date changed, in units."""

    added: int
    removed: int
    kept: int


class Vectors:
    """One collection per encoder: another encoder's vectors mean nothing to this one. Raises what Chroma raises when the folder cannot be used."""

    def __init__(self, folder: Path, encoder: Embedder, name: str) -> None:
        """`name` tells encoders apart (`fingerprint_of`)."""
        self.encoder = name
        self._folder, self._encoder, self._name = folder, encoder, f"knowledge-{name}"
        self._space_file = folder / f"{name}.npz"
        self._units: dict[str, Unit] = {}
        self._collections: dict[Kind, Collection] = {}
        self._space: Space | None = None

    def sync(self, units: Sequence[Unit]) -> Synced:
        """Makes the store hold exactly `units`: embeds the new and the changed, forgets the rest. A damaged store is built anew."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _alone(self._folder / "lock"):
            try:
                done = self._update(units)
            except Exception as error:
                log.warning("the knowledge index in %s is damaged (%s); building it anew", self._folder, error)
                _forget(self._folder / "chroma")
                done = self._build(units)
        self._units = {unit.id: unit for unit in units}
        return done

    def embed(self, query: str) -> Array:
        """The vector (1, width) of a question, as `nearest` wants it."""
        if self._space is None:
            raise RuntimeError("sync() comes first")
        return self._space.place(self._encoder.embed([query]))

    def nearest(self, vector: Array, kind: Kind, n: int = SEEN) -> list[tuple[Unit, float]]:
        """At most `n` units of `kind`, nearest first, with their cosine in -1..1."""
        if not self._collections:
            raise RuntimeError("sync() comes first")
        found = self._collections[kind].query(query_embeddings=vector, n_results=n, include=["distances"])
        distances = found["distances"] or [[]]
        pairs = zip(found["ids"][0], distances[0], strict=True)
        return [(self._units[id], 1 - distance) for id, distance in pairs if id in self._units]

    def _update(self, units: Sequence[Unit]) -> Synced:
        """Embeds what changed; all of it, when there is no index of this encoder yet or most of it is old."""
        if not self._space_file.exists():
            return self._build(units)
        collections = self._open(_client(self._folder / "chroma"))
        there: dict[str, tuple[Kind, Any]] = {}
        for kind, collection in collections.items():
            held = collection.get(include=["metadatas"])
            there |= {id: (kind, meta.get("hash")) for id, meta in zip(held["ids"], held["metadatas"] or [], strict=True)}
        wanted = {unit.id: (unit.kind, _hash(unit)) for unit in units}
        gone = [id for id, (kind, _) in there.items() if id not in wanted or wanted[id][0] != kind]
        fresh = [unit for unit in units if there.get(unit.id) != wanted[unit.id]]
        if len(fresh) + len(gone) > OLD * len(units):
            return self._build(units)
        space = Space.load(self._space_file)
        for kind, collection in collections.items():
            if ids := [id for id in gone if there[id][0] == kind]:
                collection.delete(ids=ids)
        if fresh:
            _write(collections, fresh, space.place(self._encoder.embed([unit.text for unit in fresh])))
        self._collections, self._space = collections, space
        return Synced(len(fresh), len(gone), len(units) - len(fresh))

    def _build(self, units: Sequence[Unit]) -> Synced:
        vectors = self._encoder.embed([unit.text for unit in units])
        space = Space.fit(vectors, [unit.key for unit in units])
        for old in self._folder.glob("*.npz"):
            old.unlink()
        client = _client(self._folder / "chroma")
        for other in client.list_collections():
            client.delete_collection(other.name)
        collections = self._open(client)
        _write(collections, units, space.place(vectors))
        space.save(self._space_file)  # last: without it the next start builds anew
        self._collections, self._space = collections, space
        return Synced(len(units), 0, 0)

    def _open(self, client: Any) -> dict[Kind, Collection]:
        """One collection per kind: asking one for a kind by its metadata takes ten times longer."""
        # no embedding function: without an explicit None Chroma attaches one that downloads a model
        how = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine", "ef_search": 200, "ef_construction": 200}}}
        return {kind: client.get_or_create_collection(f"{self._name}-{kind}", **how) for kind in KINDS}


def fingerprint_of(folder: Path) -> str:
    """Twelve hex digits of an encoder's own files."""
    digest = hashlib.sha256()
    for name in ("encoder.onnx", "tokenizer.json"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def _write(collections: dict[Kind, Collection], units: Sequence[Unit], vectors: Array) -> None:
    for kind, collection in collections.items():
        rows = [row for row, unit in enumerate(units) if unit.kind == kind]
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            collection.upsert(
                ids=[units[row].id for row in some],
                embeddings=vectors[some],
                metadatas=[{"hash": _hash(units[row]), "locale": units[row].locale} for row in some],
            )


def _hash(unit: Unit) -> str:
    return fingerprint(f"{unit.kind}\n{unit.text}")


def _forget(folder: Path) -> None:
    from chromadb.api.shared_system_client import SharedSystemClient

    shutil.rmtree(folder, ignore_errors=True)
    SharedSystemClient.clear_system_cache()  # else Chroma goes on with the files it had open


def _client(folder: Path) -> Any:
    import chromadb  # takes more than a second: only when somebody asks a question
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time writes an index."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
