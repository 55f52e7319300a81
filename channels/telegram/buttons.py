"""What stands under a message on Telegram: buttons of at most 64 bytes of meaning, or one that gives a phone or a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove

from channels.base import OutMessage
from domain.engagement.reply import locale_of
from prompts import replies

MOST_BYTES = 64  # of a button's meaning, Telegram's limit
BY_NUMBER = "#"  # a meaning that is too long goes by its place
BETWEEN = " · "
SHORT, IN_A_ROW, LONGEST = 12, 3, 60  # characters of a title that shares its row; buttons in a row; characters of a button


def keyboard(message: OutMessage) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove:
    """The buttons of a message; where it has none, those of an earlier request go too: who typed their answer need not tap it."""
    if message.options:
        return _choices(message.options)
    locale = locale_of(message.language, message.script)
    if message.asks == "phone":
        return _one(KeyboardButton(replies.render("channel.share_phone", locale), request_contact=True))
    if message.asks == "place":
        return _one(KeyboardButton(replies.render("channel.share_place", locale), request_location=True))
    return ReplyKeyboardRemove()


def chosen(data: str, shown: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """(title, payload) of a tap. `shown`: (text, data) of each button there. One that goes by its place is as good as its title, typed."""
    title = next((text for text, own in shown if own == data), "").partition(BETWEEN)[0]
    return (title, "") if data.startswith(BY_NUMBER) else (title, data)


def _choices(options: Sequence[dict[str, str]]) -> InlineKeyboardMarkup:
    buttons = [InlineKeyboardButton(_label(o), callback_data=_data(o["payload"], n)) for n, o in enumerate(options, 1)]
    wide = IN_A_ROW if all(len(b.text) <= SHORT for b in buttons) else 1
    return InlineKeyboardMarkup([buttons[n : n + wide] for n in range(0, len(buttons), wide)])


def _label(option: dict[str, str]) -> str:
    more = option.get("description") or ""
    whole = f"{option['title']}{BETWEEN}{more}" if more else option["title"]
    return whole if len(whole) <= LONGEST else option["title"][:LONGEST]


def _data(payload: str, place: int) -> str:
    fits = 0 < len(payload.encode()) <= MOST_BYTES and not payload.startswith(BY_NUMBER)
    return payload if fits else f"{BY_NUMBER}{place}"


def _one(button: Any) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
