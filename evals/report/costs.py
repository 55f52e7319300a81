"""What playing costs: tokens at a tariff that is written down, and machine time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.files import read_yaml

DEFAULT = Path(__file__).with_name("tariff.yaml")


class TariffError(Exception):
    """A tariff that cannot be read; the message names the file and the cure."""


class Tariff(BaseModel):
    """MAD per hour of one process, and per million tokens by the beginning of a model's name."""

    model_config = ConfigDict(extra="forbid")

    machine_mad_per_hour: float = Field(ge=0)
    tokens_mad_per_million: dict[str, float]

    def per_million(self, model: str) -> float:
        """MAD per million tokens; of a cascade, its language model's."""
        name = model.removeprefix("cascade:")
        fitting = [known for known in self.tokens_mad_per_million if name.startswith(known)]
        return self.tokens_mad_per_million[max(fitting, key=len) if fitting else "default"]

    def cost(self, model: str, tokens: int, seconds: float) -> Cost:
        mad = tokens * self.per_million(model) / 1e6 + seconds * self.machine_mad_per_hour / 3600
        return Cost(tokens, round(mad, 6), round(seconds, 3))


@dataclass(frozen=True)
class Cost:
    """`mad` holds tokens and machine time; `seconds` of one process."""

    tokens: int
    mad: float
    seconds: float


def tariff(path: Path | None = None) -> Tariff:
    """Raises TariffError."""
    path = path or DEFAULT
    try:
        found = Tariff.model_validate(read_yaml(path))
        found.tokens_mad_per_million["default"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, KeyError) as error:
        what = str(error).splitlines()[0]
        needs = f"it needs machine_mad_per_hour and tokens_mad_per_million with a default, as {DEFAULT}"
        raise TariffError(f"{path}: is no tariff ({what}); {needs}") from None
    return found
