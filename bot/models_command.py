"""Lists the trained models with how they were measured and who serves: `bricol models`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.learnt import ARTIFACTS, features

if TYPE_CHECKING:
    from bot.settings import Settings
    from domain.learning.predictions import Live

KEYS = ("name", "version", "metric", "value", "baseline", "oracle", "gap_closed", "ci", "serving")
#: Beside them, for the table alone. `figures`: what else was measured of the model, by name; `calibration`: of those that say probabilities.
MORE = ("baseline_name", "latency_ms", "reason", "figures", "calibration")


def listed(folder: Path = ARTIFACTS) -> list[dict[str, Any]]:
    """One record per `finetune/artifacts/<name>/model.json`, with every key of KEYS (null where it was not measured)."""
    return [{key: record.get(key) for key in KEYS} for record in told(folder)]


def told(folder: Path = ARTIFACTS) -> list[dict[str, Any]]:
    """As `listed`, with MORE. `serving` is what a process that starts now would do: a damaged or outdated file does not serve, whatever it says."""
    found = [_reader(path) for path in sorted(folder.glob("*/meta.json")) if not (path.parent / "model.json").exists()]
    for path in sorted(folder.glob("*/model.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            data = {"serving": False, "reason": f"{path.name} cannot be read ({fault}); train it again: bricol train {path.parent.name}"}
        for record in data if isinstance(data, list) else [data]:
            one = {key: record.get(key, path.parent.name if key == "name" else None) for key in (*KEYS, *MORE)}
            one["figures"] = ((record.get("measured") or {}).get("figures") or {}).get("model")
            one["calibration"] = _calibration(record)
            if one["serving"] and (why := _refused(path.parent)):
                one |= {"serving": False, "reason": why}
            found.append(one)
    return found


def show(found: list[dict[str, Any]]) -> None:
    """For people: a leaderboard, and under it why each serves or does not."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not found:
        console.print("no trained model here yet; train one: bricol train understanding")
        return
    table = Table(show_lines=True)
    table.add_column("model", min_width=max(len(str(one["name"])) for one in found), overflow="fold")
    for title in ("measured by", "figures", "gap closed", "ms", "serves"):
        table.add_column(title)
    for one in found:
        gap = "" if one["gap_closed"] is None else f"{one['gap_closed']:.2f}"
        if one["ci"]:
            gap += f"\n[{one['ci'][0]:.2f}, {one['ci'][1]:.2f}]"
        sides = ("value", "model"), ("baseline", one["baseline_name"] or "rule"), ("oracle", "truth")
        figures = "\n".join(f"{_number(one[key])} {who}{_off(one, key)}" for key, who in sides if one[key] is not None)
        who = f"{one['name']}\n{one['version'] or ''}"
        cells = (who, one["metric"] or "", figures, gap, _number(one["latency_ms"]), "yes" if one["serving"] else "rule")
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    for one in found:
        if one["figures"]:
            told = ", ".join(f"{name} {_number(value)}" for name, value in one["figures"].items() if value is not None)
            console.print(f"{one['name']} measured: {told}", markup=False, highlight=False, soft_wrap=True)
        if one.get("reason"):
            console.print(f"{one['name']}: {one['reason']}", markup=False, highlight=False, soft_wrap=True)


def _calibration(record: dict[str, Any]) -> dict[str, float]:
    """Of a model that says probabilities: calibration errors, under the names of its losses. Empty for any other."""
    figures = (record.get("measured") or {}).get("figures") or {}
    who = {"value": "model", "baseline": record.get("baseline_name"), "oracle": "oracle"}
    return {key: figures[name]["calibration_error"] for key, name in who.items() if "calibration_error" in figures.get(name, {})}


def _off(one: dict[str, Any], key: str) -> str:
    return f", calibration error {one['calibration'][key]:.3f}" if key in (one["calibration"] or {}) else ""


@dataclass(frozen=True)
class Told:
    """What real outcomes say of one model: in words, one line a version, and as rows to draw (of the version with most outcomes)."""

    lines: list[str]
    reliability: list[dict[str, float]]


def live_now(settings: Settings | None = None) -> dict[str, Told]:
    """Model -> what came true of what was told, from the store of the settings; models of which nothing was told are not there."""
    found: dict[str, list[Live]] = {}
    for one in _measured(settings):
        found.setdefault(one.model, []).append(one)
    most = {name: max(every, key=lambda one: one.known) for name, every in found.items()}
    return {name: Told([_line(one) for one in every], [dict(row) for row in most[name].reliability]) for name, every in found.items()}


def show_live(settings: Settings) -> None:
    from rich.console import Console

    console, found = Console(), _measured(settings)
    for one in found:
        console.print(f"{one.model}: {_line(one)}", markup=False, highlight=False, soft_wrap=True)
    if not found:
        console.print("nothing was predicted here yet", markup=False)


def _measured(settings: Settings | None) -> list[Live]:
    from bot.settings import load
    from domain.learning.predictions import live
    from domain.store.database import Database
    from domain.store.migrate import migrate
    from domain.store.predictions import newest

    url = (settings or load()).store_url
    migrate(url)
    db = Database(url)
    try:
        with db.reading() as session:
            return live(newest(session))
    finally:
        db.close()


def _line(one: Live) -> str:
    line = f"{one.version}: {one.told:,} told, {one.known:,} with an outcome"
    if one.off is not None:
        line += f"; the median outcome is {one.off:.2f} times what was told"
    if one.inside is not None:
        share, low, high = one.inside
        line += f"; {share:.0%} within the range ({low:.0%} to {high:.0%})"
    return line


def _reader(path: Path) -> dict[str, Any]:
    """The reader of messages, by its own card: measured on sentences kept out of its training, beside its n-grams alone."""
    card = json.loads(path.read_text(encoding="utf-8"))
    held = card.get("held_out", {})
    told = {"name": path.parent.name, "version": card.get("version"), "metric": "main intent of clients, accuracy", "serving": True}
    told |= {"value": held.get("client"), "baseline": held.get("client, linear"), "baseline_name": "n-grams alone"}
    return dict.fromkeys((*KEYS, *MORE)) | told


def _refused(folder: Path) -> str:
    """Why a process would not use the model; empty when it would, or when it is none of the market's."""
    from bot.settings import load
    from domain.learning.registry import ModelRefused, verified

    if (reads := features(folder.name)) is None:
        return ""
    try:
        entry = verified(folder, reads)
    except ModelRefused as why:
        return str(why)
    return "" if folder.name in load().learnt_models else f"{entry.reason}; it serves once BRICOL_LEARNT={folder.name} (or all)"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
