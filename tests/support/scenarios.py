"""A scenario file that is right and passes, for tests that break it in one place."""

from __future__ import annotations

GOOD = """\
id: one
suite: booking
language: ary
script: latn
phone: "+212661000001"
now: 2026-11-23T10:00
turns:
  - say: "slm"
    expect: {awaiting: service, said: "(?i)[a-z]"}
after:
  bookings: [{count: 0}]
"""
