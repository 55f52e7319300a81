"""The market's models that can be trained: `bricol train NAME`. A new one is a module with a TASK, and a line here."""

from __future__ import annotations

from finetune.market.task import Task

#: name -> module : what `bricol train --help` says of it
NAMES = {
    "cost": ("finetune.market.cost", "Train the market's cost model: what quoted jobs end up costing."),
    "arrival": ("finetune.market.arrival", "Train the market's arrival model: when technicians arrive."),
    "accept": ("finetune.market.accept", "Train the acceptance model: whether technicians say yes to an offer, and how soon."),
    "success": ("finetune.market.success", "Train the success model: whether an agreed visit is done well."),
    "match": ("finetune.market.match", "Train the learnt ranking: whom clients take and whose visits end well."),
}


def task(name: str) -> Task:
    import importlib

    found: Task = importlib.import_module(NAMES[name][0]).TASK
    return found
