"""Draws what a world holds as one HTML page that needs no network: maps, the year, the day, the funnel, and truth against draws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from domain.geo import cities
from evals.market import plots
from evals.market.files import columns, read
from evals.report import charts

FOLDER = Path(__file__).parent
STYLE = FOLDER.parent / "report" / "style.css"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DOTS = 1500  # of a kind on a town's map: more only blackens it
Columns = dict[str, NDArray[Any]]


def page(folder: Path, path: Path | None = None) -> Path:
    """Writes `path` (default: page.html in the world's folder) and returns it. Raises FileNotFoundError where there is no world."""
    if not (folder / "world.json").exists():
        raise FileNotFoundError(f"{folder} holds no finished world; make one with: bricol simulate {folder}")
    about = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    tables = {name: read(folder, name) for name in ("requests", "slates", "offers", "bookings", "visits", "ratings", "days")}
    pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    path = path or folder / "page.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = {
        "about": about,
        "style": Markup(STYLE.read_text(encoding="utf-8")),
        "tiles": _tiles(tables, about),
        "funnel": _funnel(tables),
        "country": _country(tables),
        "town": _town(folder, tables),
        "year": _year(folder, tables),
        "hours": _hours(tables),
        "seasons": _seasons(tables),
        "truth": _truth(folder, tables),
        "shapes": _shapes(folder, tables),
        "tables": [(side, name, about["rows"].get(f"{side}/{name}", 0), len(of)) for side, every in columns().items() for name, of in every.items()],
    }
    path.write_text(pages.get_template("page.html.jinja").render(**shown), encoding="utf-8")
    return path


def _tiles(t: dict[str, Columns], about: dict[str, Any]) -> list[tuple[str, str]]:
    done = (t["visits"]["status"] == "done").mean()
    return [
        (f"{len(t['requests']['request_id']):,}", "requests"),
        (f"{len(t['bookings']['booking_id']):,}", "bookings"),
        (f"{about['size']['technicians']:,}", "technicians"),
        (f"{about['size']['clients']:,}", "clients"),
        (f"{done:.0%}", "of visits done at once"),
        (f"{t['ratings']['stars'].mean():.2f}", "mean stars"),
        (f"{about['rows'].get('oracle/fraud_bookings', 0) / max(1, len(t['bookings']['booking_id'])):.1%}", "of bookings fraudulent"),
        (f"{np.nanmedian(t['visits']['final_mad'][t['visits']['status'] == 'done']):.0f} MAD", "median final price"),
    ]


def _funnel(t: dict[str, Columns]) -> Markup:
    asked = len(t["requests"]["request_id"])
    rows = [
        ("asked", asked),
        ("shown somebody", int((t["slates"]["shown"] > 0).sum())),
        ("chose one", int((t["slates"]["chosen_position"] > 0).sum())),
        ("booked", len(t["bookings"]["booking_id"])),
        ("visit done", int((t["visits"]["status"] == "done").sum())),
        ("rated", len(t["ratings"]["stars"])),
    ]
    return charts.bars(rows, asked)


def _country(t: dict[str, Columns]) -> Markup:
    names, counts = np.unique(t["requests"]["city"], return_counts=True)
    towns = [cities()[name] for name in names]
    radius = 2 + 20 * np.sqrt(counts / counts.max())
    labels: list[tuple[float, float, str]] = []
    for town in (towns[i] for i in np.argsort(-counts, kind="stable")):
        if all(abs(town.lat - lat) > 0.5 or abs(town.lon - lon) > 2.0 for lat, lon, _ in labels):  # a name is about two degrees wide
            labels.append((town.lat, town.lon, town.latn))
    return plots.points({"requests": ([town.lat for town in towns], [town.lon for town in towns], radius)}, names=labels)


def _town(folder: Path, t: dict[str, Columns]) -> tuple[str, Markup]:
    """The busiest town: where its technicians live and where requests come from, a sample of each."""
    names, counts = np.unique(t["requests"]["city"], return_counts=True)
    name = str(names[counts.argmax()])
    clients, people = read(folder, "clients", ["lat", "lon"]), read(folder, "technicians", ["city", "lat", "lon"])
    of = t["requests"]["client_id"][t["requests"]["city"] == name]
    homes = np.flatnonzero(people["city"] == name)
    of, homes = of[:: max(1, len(of) // DOTS)], homes[:: max(1, len(homes) // DOTS)]
    layers = {"requests": (clients["lat"][of], clients["lon"][of], 1.6), "technicians": (people["lat"][homes], people["lon"][homes], 1.6)}
    return cities()[name].latn, plots.points(layers)


def _year(folder: Path, t: dict[str, Columns]) -> Markup:
    days = t["days"]
    count = np.bincount(t["requests"]["day"], minlength=len(days["day"]))
    truth = read(folder, "intensity", ["day", "expected"])
    expected = np.bincount(truth["day"], truth["expected"], minlength=len(days["day"]))
    first = [(int(d), MONTHS[int(date[5:7]) - 1]) for d, date in zip(days["day"], days["date"], strict=True) if date.endswith("-01")]
    bands = [(a, b, "Ramadan") for a, b in _stretches(days["ramadan"])] + [(a, b, "Eid") for a, b in _stretches(days["eid"])]
    series = {"requests": (days["day"], count), "true mean": (days["day"], expected)}
    return plots.lines(series, "day", "requests a day", ticks=first, bands=bands, width=1000, height=250)


def _hours(t: dict[str, Columns]) -> Markup:
    days, requests = t["days"], t["requests"]
    ramadan, friday = days["ramadan"][requests["day"]], days["weekday"][requests["day"]] == 4
    kinds = {"other days": ~ramadan & ~friday, "Fridays": ~ramadan & friday, "Ramadan": ramadan}
    hours = np.arange(24)
    series = {name: (hours, 100 * np.bincount(requests["hour"][of], minlength=24) / max(1, of.sum())) for name, of in kinds.items() if of.any()}
    return plots.lines(series, "hour on the wall", "% of a day's requests", ticks=[(h, f"{h}:00") for h in range(0, 24, 4)])


def _seasons(t: dict[str, Columns]) -> dict[str, Any]:
    """Trade by month: requests a day against the trade's mean; 1 = as usual."""
    month_of_day = np.array([int(date[5:7]) for date in t["days"]["date"]])
    services, code = np.unique(t["requests"]["service"], return_inverse=True)
    counts = np.zeros((len(services), 12))
    np.add.at(counts, (code, month_of_day[t["requests"]["day"]] - 1), 1)
    days = np.bincount(month_of_day - 1, minlength=12)
    rate = counts / np.maximum(days, 1)
    usual = counts.sum(axis=1, keepdims=True) / days.sum()
    shown = np.flatnonzero(days)
    rows = [(name, [round(float(r[m] / u[0]), 2) for m in shown]) for name, r, u in zip(services, rate, usual, strict=True)]
    return {"months": [MONTHS[m] for m in shown], "rows": rows}


def _truth(folder: Path, t: dict[str, Columns]) -> list[tuple[str, Markup]]:
    """The oracle's probabilities against what was drawn."""
    choice = read(folder, "choice_truths")
    chosen = t["slates"]["chosen_position"][choice["slate_id"]] == choice["position"]
    offer = read(folder, "offer_truths", ["acceptance_probability"])
    yes = np.isin(t["offers"]["reply"], ("accept", "taken"))
    visit = read(folder, "visit_truths", ["success_probability"])
    tried = np.isin(t["visits"]["status"], ("done", "not_fixed"))
    done = t["visits"]["status"][tried] == "done"
    pairs = [
        ("Which one is taken", choice["choice_probability"], chosen),
        ("Whether the technician says yes in time", offer["acceptance_probability"], yes),
        ("Whether it gets done", visit["success_probability"][tried], done),
    ]
    return [(title, plots.against(*_deciles(told, seen), "probability the oracle gives", "share seen")) for title, told, seen in pairs]


def _shapes(folder: Path, t: dict[str, Columns]) -> list[tuple[str, Markup]]:
    visits, offers, slates = t["visits"], t["offers"], t["slates"]
    done = visits["status"] == "done"
    ratio = visits["final_mad"][done] / t["bookings"]["price_mad"][visits["booking_id"][done]]
    delay = (offers["replied_at"] - offers["sent_at"])[offers["replied_at"] > 0] / 60
    full = (slates["shown"] == 5) & (slates["source"] == "list")
    places = [float((slates["chosen_position"][full] == place).mean() * 100) for place in range(6)]
    km = np.clip(offers["km"], 0, 14.9) // 1
    yes = np.isin(offers["reply"], ("accept", "taken"))
    stars = np.bincount(t["ratings"]["stars"], minlength=6)[1:]
    by_km = [float(100 * yes[km == k].mean()) if (km == k).any() else 0.0 for k in range(15)]
    return [
        ("Place in the list that clients take", plots.columns(["none", "1", "2", "3", "4", "5"], places, "place (full lists)", "%")),
        ("Yes by distance", plots.columns([str(k) for k in range(15)], by_km, "km to the client", "% yes in time")),
        ("Minutes to an answer", _histogram(delay, 0, 15, 15, "minutes")),
        ("Minutes late", _histogram(visits["late_min"][np.isfinite(visits["late_min"])], -30, 90, 40, "minutes after the agreed time")),
        ("Final price over quote", _histogram(ratio, 0.4, 2.6, 44, "final / quoted")),
        ("Stars", plots.columns(["1", "2", "3", "4", "5"], [float(100 * n / max(1, stars.sum())) for n in stars], "stars given", "%")),
        ("How a visit ends", _statuses(visits["status"])),
        ("Technicians' fatigue", _fatigue(folder)),
    ]


def _statuses(status: NDArray[Any]) -> Markup:
    names, counts = np.unique(status, return_counts=True)
    order = np.argsort(-counts)
    return charts.bars([(str(names[i]).replace("_", " "), int(counts[i])) for i in order], len(status))


def _fatigue(folder: Path) -> Markup:
    weeks = read(folder, "technician_weeks", ["week", "fatigue"])
    number = weeks["week"].max() + 1
    mean = np.bincount(weeks["week"], weeks["fatigue"], minlength=number) / np.maximum(1, np.bincount(weeks["week"], minlength=number))
    return plots.lines({"fatigue": (np.arange(number), mean)}, "week", "mean state")


def _histogram(values: NDArray[Any], low: float, high: float, bins: int, label: str) -> Markup:
    counts, edges = np.histogram(np.clip(values, low, high), bins, (low, high))
    names = [f"{edge:.2g}" if high < 10 else f"{edge:.0f}" for edge in edges[:-1]]
    return plots.columns(names, [float(c) for c in 100 * counts / max(1, counts.sum())], label, "%")


def _deciles(told: NDArray[Any], seen: NDArray[Any]) -> tuple[Any, Any, Any]:
    edges = np.quantile(told, np.linspace(0, 1, 11)[1:-1])
    group = np.searchsorted(edges, told)
    count = np.bincount(group, minlength=10)
    kept = count > 0
    said, happened = (np.bincount(group, np.asarray(values, float), minlength=10)[kept] / count[kept] for values in (told, seen))
    return said, happened, count[kept]


def _stretches(flags: NDArray[Any]) -> list[tuple[int, int]]:
    """(first, first after) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
