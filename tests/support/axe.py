"""What axe-core finds on a page in the browser."""

from __future__ import annotations

from typing import Any

import pytest

#: Text 7:1 (4.5:1 where it is large) is WCAG's AAA: axe looks at it only when it is asked to.
CONTRAST = "color-contrast-enhanced"


def serious(page: Any) -> list[str]:
    """Serious and critical violations of a page or of a frame in it."""
    return [line for impact, line in _found(page, {"resultTypes": ["violations"]}) if impact in ("serious", "critical")]


def faint(page: Any) -> list[str]:
    """Texts that stand less than 7:1 from what is behind them. Pictures behind text are taken away first: axe does not judge through them."""
    page.evaluate(
        "() => { const plain = new CSSStyleSheet(); plain.replaceSync('*, *::before, *::after { background-image: none !important; }');"
        " document.adoptedStyleSheets = [...document.adoptedStyleSheets, plain]; }"
    )
    found = _found(page, {"runOnly": {"type": "rule", "values": [CONTRAST]}})
    page.evaluate("() => { document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1); }")
    return [line for _, line in found]


def _found(page: Any, options: dict[str, Any]) -> list[tuple[str, str]]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core: pip install axe-playwright-python")
    violations = axe.Axe().run(page, options=options).response["violations"]
    return [(v["impact"], f"{v['id']}: {n['target']} {n['failureSummary']}") for v in violations for n in v["nodes"]]
