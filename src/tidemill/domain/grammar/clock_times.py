"""Reads times of day: 9 AM, 09:00, half past six, noon."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
          "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
NUMBER_WORDS: dict[str, int] = {word: n for n, word in enumerate(_UNITS)} | _TENS | {"sixty": 60, "ninety": 90}
NUMBER_WORDS |= {f"{ten}{dash}{unit}": n + i for ten, n in _TENS.items() for i, unit in enumerate(_UNITS[1:10], 1) for dash in ("-", " ")}
NUMBER = rf"(?:\d{{1,4}}|(?:twenty|thirty|forty|fifty)(?:[- ](?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(reversed(_UNITS))}|sixty|ninety)\b"
"""A number in digits or words."""

_HOUR = r"(?:2[0-9]|1[0-9]|0?[0-9]|" + "|".join(_UNITS[12:0:-1]) + r")"
_MERIDIEM = r"(?:\s?(?P<meridiem>[ap])\.?\s?m\b\.?)"
_CLOCK = r"(?:\s?o\s?['’]?\s?clock\b)"
_DAYPART = r"(?:,?\s+(?:in\s+the\s+(?P<daypart>morning|afternoon|evening)|at\s+(?P<night>night))\b)"
_EXACT = r"(?:\s+(?:sharp|exactly|precisely|on\s+the\s+dot)\b)"
_TAIL = rf"{_EXACT}?{_DAYPART}?{_EXACT}?"
# Without "minutes", digits before "to" begin a span: 9 to 17.
_PAST = (rf"(?P<part>half|(?:a\s+)?quarter|(?:{NUMBER}(?=\s+min|\s+(?:past|after)))|(?:five|ten|twenty(?:[- ]five)?)\b)(?:\s+minutes?|\s+mins?)?\s+"
         rf"(?P<side>past|after|to|before)\s+(?P<hour>{_HOUR})\b(?![:.]\d)")  # fmt: skip

MORNING, AFTERNOON, EVENING, NIGHT = "morning", "afternoon", "evening", "night"


@dataclass(frozen=True)
class Clock:
    """A time of day as it stands in the text, before morning and evening are told apart."""

    hour: int
    minute: int = 0
    meridiem: str = ""
    """`a` or `p`."""
    daypart: str = ""
    bare: bool = False
    """An hour of 1 to 12 without anything that says which half of the day it is in."""
    fixed: bool = False
    """Noon or midnight."""
    problem: str = ""
    text: str = ""

    @property
    def minutes(self) -> int:
        """Minutes since midnight."""
        return self.hour * 60 + self.minute

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"


def read_clock(text: str, position: int, *, bare: bool, span: bool = False) -> tuple[Clock, int] | None:
    """The time of day that stands at `position`, and where it ends.

    Args:
        bare: Also take an hour alone (`7`, `0600`), which needs a word such as "at" before it.
        span: It is one end of a span, so that "ten to five" is not 4:50.
    """
    for form in _forms() + (_bare_forms() if bare else ()):
        if span and "side" in form.groupindex:
            continue
        if match := form.match(text, position):
            return _clock(match), match.end()
    return None


def settle(clock: Clock, daypart: str = "") -> Clock:
    """The time on the 24-hour clock; `problem` says why if there is none or there are two.

    Args:
        daypart: Of the sentence ("every evening at 6"); counts where the time itself says nothing.
    """
    if clock.problem:
        return clock
    if clock.minute > 59 or clock.hour > 23:
        return replace(clock, problem=f"There is no time {clock.text!r}; times run from 00:00 to 23:59.")
    part = clock.daypart or daypart
    if clock.meridiem:
        if not 1 <= clock.hour <= 12:
            return replace(clock, problem=f"{clock.text!r} mixes the 12-hour and the 24-hour clock; write 9 PM or 21:00.")
        hour = clock.hour % 12 + (12 if clock.meridiem == "p" else 0)
        clock = replace(clock, hour=hour, bare=False)
        return clock if not part or hour in _hours_of(part) else replace(clock, problem=_contradiction(clock, part))
    if not part or clock.fixed:
        return clock
    wanted = [h for h in (clock.hour, clock.hour + 12, clock.hour - 12) if h in _hours_of(part) and (h == clock.hour or clock.hour <= 12)]
    if not wanted:
        return replace(clock, problem=_contradiction(clock, part))
    return replace(clock, hour=wanted[0], bare=False)


def number(text: str) -> int:
    """The value of what `NUMBER` matched."""
    return int(text) if text.isdecimal() else NUMBER_WORDS[re.sub(r"\s+", " ", text.lower())]


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], ...]:
    """The ways to write a time that is one without a word before it."""
    forms = (
        rf"(?P<word>(?:12\s+|twelve\s+)?(?:noon|midday|midnight)){_TAIL}",
        rf"{_PAST}{_CLOCK}?{_MERIDIEM}?{_TAIL}",
        rf"(?P<hour>\d{{1,2}})\s?(?:[:.]|h)\s?(?P<minute>[0-9]\d)(?:[:.](?P<second>\d\d))?(?!\d|[.:]\d)(?:\s?(?:h|hrs|hours)\b|{_CLOCK})?{_MERIDIEM}?{_TAIL}",
        rf"(?P<hour>{_HOUR}|\d\d){_CLOCK}?{_MERIDIEM}{_TAIL}",
        rf"(?P<hour>{_HOUR}){_CLOCK}{_TAIL}",
        rf"(?P<hour>{_HOUR}){_DAYPART}{_EXACT}?",
        rf"(?P<hour>\d{{1,2}})\s?h(?:rs)?\b{_TAIL}",
        rf"(?P<hour>[0-2]\d)(?P<minute>[0-5]\d)\s?(?:h|hrs|hours)\b{_TAIL}",
        rf"(?P<hour>{'|'.join(_UNITS[12:0:-1])})\s+(?P<spoken>(?:twenty|thirty|forty|fifty)(?:[- ](?:five|{'|'.join(_UNITS[1:10])}))?"
        rf"|ten|eleven|twelve|fifteen)\b{_MERIDIEM}?{_TAIL}",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


@lru_cache(maxsize=1)
def _bare_forms() -> tuple[re.Pattern[str], ...]:
    """The ways to write a time that need a word such as "at" before them."""
    no_unit = r"(?![\d:]|\.\d|[- ]?(?:minutes?|mins?|hours?|past|st\b|nd\b|rd\b|th\b|times|days?|weeks?|months?)\b)"
    forms = (rf"(?P<hour>[0-2]\d)(?P<minute>[0-5]\d)(?!\d|[:.]\d){_TAIL}", rf"(?P<hour>{_HOUR}|\d\d){no_unit}{_TAIL}")
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


def _clock(match: re.Match[str]) -> Clock:
    group = {k: v for k, v in match.groupdict().items() if v}
    text = match[0].strip()
    if word := group.get("word"):
        return Clock(0 if word.lower().endswith("midnight") else 12, fixed=True, text=text)
    hour = number(group["hour"])
    minute = number(group["minute"] if "minute" in group else group.get("spoken", "0"))
    problem = f"Seconds cannot be scheduled ({text!r}); leave them out." if group.get("second", "00") != "00" else ""
    if part := group.get("part"):
        hour, minute = _shift(hour, part.lower(), back=group["side"].lower() in ("to", "before"))
    daypart = (group.get("daypart") or group.get("night") or "").lower()
    written_24h = "minute" in group or hour > 12 or hour == 0
    return Clock(hour, minute, group.get("meridiem", "").lower(), daypart, bare=not (written_24h or daypart or "meridiem" in group),
                 problem=problem, text=text)  # fmt: skip


def _shift(hour: int, part: str, *, back: bool) -> tuple[int, int]:
    """`quarter to 7` is 6:45; on the 12-hour clock 1 comes after 12."""
    minutes = 30 if part == "half" else 15 if part.endswith("quarter") else number(part)
    if not back:
        return hour, minutes
    earlier = hour - 1 if hour not in (0, 1) else {0: 23, 1: 12}[hour]
    return earlier, 60 - minutes


def _hours_of(daypart: str) -> frozenset[int]:
    return {
        MORNING: frozenset(range(1, 12)), AFTERNOON: frozenset(range(12, 19)), EVENING: frozenset(range(16, 24)),
        NIGHT: frozenset([*range(18, 24), *range(6)]),
    }[daypart]  # fmt: skip


def _contradiction(clock: Clock, daypart: str) -> str:
    return f"{clock.text!r} is not a time in the {daypart}; write it on the 24-hour clock, such as 18:30."
