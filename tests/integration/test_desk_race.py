"""A take-over races the bot's turn and its sending: from the moment the desk is told that it has the conversation, the bot is silent."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bot import inbox, outbox, takeover, turn
from bot.desk import HouseActs
from channels.base import OutMessage, SendResult
from tests.support.builders import ScriptedAgent, build_house
from tests.support.fake_channel import FakeChannel, inbound

ROUNDS = 1000


@dataclass
class SlowChannel(FakeChannel):
    """A provider that takes up to two milliseconds: a message counts when it has left."""

    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def send(self, message: OutMessage) -> SendResult:
        time.sleep(self.dice.uniform(0, 0.002))
        return super().send(message)


def test_in_a_thousand_races_the_bot_never_speaks_after_a_takeover(tmp_path: Path) -> None:
    dice, channel = random.Random(7), SlowChannel("whatsapp")
    house = build_house(tmp_path, agent=ScriptedAgent(), channels=[channel], history_turns=2)
    acts = HouseActs(house, lambda: None)

    def bot(talk: int) -> None:
        if (gathered := turn.gather(house, talk, window=0)) is not None:
            turn.play(house, gathered)
        outbox.deliver(house, talk)

    before, dropped, late = 0, 0, 0
    with ThreadPoolExecutor(1) as other:
        for number in range(ROUNDS):
            [arrival] = inbox.accept(house, [inbound(f"m{number}", "slm")])
            had = len(channel.sent)
            playing = other.submit(bot, arrival.conversation_id)
            time.sleep(dice.uniform(0, 0.008))
            assert acts.take(arrival.conversation_id, "karima")
            left = len(channel.sent)
            playing.result()
            outbox.deliver(house, arrival.conversation_id)
            late += len(channel.sent) - left
            before, dropped = before + (left > had), dropped + (left == had)
            takeover.give_back(house, arrival.conversation_id)
    house.close()
    assert late == 0
    assert before and dropped, f"no race: {before} rounds the bot was first, {dropped} rounds the desk"
