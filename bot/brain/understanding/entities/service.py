"""Names the service only where a word of the taxonomy surely says it; the rest is the trained model's."""

from __future__ import annotations

from domain.catalog import service_of


def find_service(text: str) -> str | None:
    """The service id, or None when the words only lean towards one."""
    sure = service_of(text)
    return sure[0] if sure else None
