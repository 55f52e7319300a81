"""Takes the optimiser's steps of a training, adapting or teaching, and tells how it goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor, nn

Say = Callable[[float, str], None]  # share done, what is going on
RECENT = 100  # steps whose mean loss is told
TOLD = 20  # every so many steps


class Descent:
    """An optimiser whose rate climbs for `warm` steps, then falls in a line over all `steps`, never below `lowest` of its height."""

    def __init__(self, model: nn.Module, optimiser: torch.optim.Optimizer, steps: int, warm: int, lowest: float, doing: str, say: Say) -> None:
        self.optimiser, self.steps, self.done = optimiser, steps, 0
        self._model, self._doing, self._say = model, doing, say
        self._schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / warm) * max(lowest, 1 - step / steps))
        self._recent: deque[float] = deque(maxlen=RECENT)

    def go_on(self, optimiser: dict[str, object], done: int) -> None:
        """Continues a training of as many steps that had `done` some, from what its optimiser remembered."""
        self.optimiser.load_state_dict(optimiser)
        self.done = done
        for _ in range(done):
            self._schedule.step()

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`, cut to length 1."""
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self.optimiser.step()
        self._schedule.step()
        self.done += 1
        self._recent.append(loss.item())
        if self.done == 1 or self.done % TOLD == 0:
            self._say(self.done / self.steps, f"{self._doing}, loss {sum(self._recent) / len(self._recent):.3f}")
