"""What messages cost: read from tariff.yaml, or from a file of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.files import read_yaml

DEFAULT = Path(__file__).with_name("tariff.yaml")


class TariffError(Exception):
    """A tariff that cannot be read; the message names the file and the cure."""


@dataclass(frozen=True)
class MessageTariff:
    """MAD per SMS part, and per message by channel and form ("text" stands for buttons and lists too)."""

    sms_part: float
    channels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def price(self, channel: str, form: str, parts: int = 1) -> float:
        """MAD for one message; `parts` counts for SMS only."""
        if channel == "sms":
            return self.sms_part * parts
        return self.channels.get(channel, {}).get("template" if form == "template" else "text", 0.0)


@cache
def message_tariff(path: Path = DEFAULT) -> MessageTariff:
    """Raises TariffError."""
    try:
        raw: dict[str, Any] = read_yaml(path)
        channels = {str(name): {str(form): _price(value) for form, value in forms.items()} for name, forms in (raw.get("channels") or {}).items()}
        return MessageTariff(_price(raw["sms_part"]), channels)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TariffError(f"{path}: is no tariff of messages ({what}); it needs sms_part and channels with prices in MAD, as {DEFAULT}") from None


def _price(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        raise ValueError(f"{value!r} is no price")
    return float(value)
