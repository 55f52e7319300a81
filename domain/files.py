"""Reads the YAML files that hold words, rules and numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

#: By libyaml, eight times as fast, where it is there.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a UTF-8 file of YAML holds. Raises OSError and yaml.YAMLError."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
