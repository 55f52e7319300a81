"""What axe-core finds on a page in the browser."""

from __future__ import annotations

from typing import Any

import pytest

ALL = {"resultTypes": ["violations"]}
#: Text 7:1 (WCAG's AAA; 4.5:1 where it is large): axe looks at it only when it is asked to.
CONTRAST = {**ALL, "rules": {"color-contrast-enhanced": {"enabled": True}}}
PLAIN = """() => { const plain = new CSSStyleSheet(); plain.replaceSync('*, *::before, *::after { background-image: none !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, plain]; }"""
AS_BEFORE = "() => { document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1); }"


def serious(page: Any, options: dict[str, Any] | None = None) -> list[str]:
    """Serious and critical violations of a page, or of a frame in it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-core: pip install axe-playwright-python")
    found = axe.Axe().run(page, options=options or ALL).response["violations"]
    return [f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found if v["impact"] in ("serious", "critical") for n in v["nodes"]]


def barriers(page: Any) -> list[str]:
    """Serious and critical violations, and texts that stand less than 7:1 from what is behind them.

    Pictures behind text are taken away meanwhile: axe does not judge contrast through them.
    """
    page.evaluate(PLAIN)
    found = serious(page, CONTRAST)
    page.evaluate(AS_BEFORE)
    return found
