"""The wish to be written to elsewhere: heard in five language-scripts, and never in a message that wants something else."""

from __future__ import annotations

import pytest

from domain.engagement import reach


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ktbo lia f SMS machi f whatsapp", "sms"),
        ("3afak sifto lia ghir f telegram", "telegram"),
        ("bghit tktbo lia f sms", "sms"),
        ("machi f sms, ktbou lya f wtsp 3afakom", "whatsapp"),
        ("كتبو ليا ف واتساب ماشي ف SMS", "whatsapp"),
        ("عافاكم صيفطو ليا غير ف التيليغرام", "telegram"),
        ("Écrivez-moi par SMS, pas sur WhatsApp", "sms"),
        ("je préfère WhatsApp svp", "whatsapp"),
        ("Merci de m'écrire sur Telegram plutôt que par SMS.", "telegram"),
        ("راسلوني عبر الرسائل النصية وليس عبر واتساب", "sms"),
        ("أفضل أن تراسلوني على تيليغرام من فضلكم", "telegram"),
        ("please text me on WhatsApp, not by SMS", "whatsapp"),
        ("I'd prefer Telegram", "telegram"),
        ("SMS not whatsapp", "sms"),
    ],
)
def test_a_wish_for_a_channel_is_heard_in_every_language(text: str, place: str) -> None:
    assert reach.match(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "", "sms", "whatsapp", "sift lia lphoto f whatsapp", "ktbo lia", "wach katktbo f whatsapp?", "pas par SMS", "machi f whatsapp",
        "j'ai écrit sur WhatsApp et personne ne répond", "écrivez-moi par SMS ou sur WhatsApp ou sur Telegram",
        "cancel my booking and text me by sms", "stop", "ktbo lia f sms w lghi lmaw3id", "x" * 500,
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_agent(text: str) -> None:
    assert reach.match(text) is None
