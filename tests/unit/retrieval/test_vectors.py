from __future__ import annotations

import hashlib

import numpy as np
import pytest

from retrieval.units import Unit
from retrieval.vectors import Vectors


class Counting:
    """Vectors by the words of a text; remembers what it was asked to embed."""

    def __init__(self):
        self.embedded: list[str] = []

    def embed(self, texts):
        self.embedded += texts
        rows = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int(hashlib.md5(word.encode()).hexdigest(), 16) % 256] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def unit(n, text, kind="paragraph"):
    return Unit(f"fr/t.md#{n}", kind, ("t", str(n)), "fr", text)


UNITS = [unit(n, f"texte numéro{n} sur le sujet{n}") for n in range(30)]


@pytest.fixture
def folder(tmp_path):
    vectors = Vectors(tmp_path, Counting(), "a")
    assert vectors.sync(UNITS).added == 30
    return tmp_path


def best(vectors, text, kind="paragraph"):
    return vectors.nearest(vectors.embed(text), kind, 1)[0][0].id


def test_only_what_changed_is_embedded_again(folder):
    encoder = Counting()
    vectors = Vectors(folder, encoder, "a")
    done = vectors.sync([*UNITS[1:29], unit(29, "la garantie dure trente jours")])
    assert (done.added, done.removed, done.kept) == (1, 1, 28)
    assert encoder.embedded == ["la garantie dure trente jours"]
    assert best(vectors, "garantie trente jours") == "fr/t.md#29"


def test_an_index_that_is_up_to_date_needs_no_embedding(folder):
    encoder = Counting()
    assert Vectors(folder, encoder, "a").sync(UNITS).kept == 30
    assert encoder.embedded == []


def test_another_encoder_builds_its_own_index(folder):
    encoder = Counting()
    assert Vectors(folder, encoder, "b").sync(UNITS).added == 30
    assert len(encoder.embedded) == 30


def test_a_damaged_index_is_built_anew(folder):
    for path in folder.rglob("*.sqlite3"):
        path.write_bytes(b"not a database")
    (folder / "a.npz").write_bytes(b"not a matrix")
    vectors = Vectors(folder, Counting(), "a")
    assert vectors.sync(UNITS).added == 30
    assert best(vectors, UNITS[5].text) == UNITS[5].id


def test_a_paragraph_is_found_by_its_own_words_and_only_among_its_kind(folder):
    vectors = Vectors(folder, Counting(), "a")
    vectors.sync([*UNITS, unit(99, UNITS[3].text, kind="question")])
    assert best(vectors, UNITS[3].text) == UNITS[3].id
    assert best(vectors, UNITS[3].text, "question") == "fr/t.md#99"
