"""The words for days, dates and intervals that schedules are written with, as parts of patterns and as numbers."""

from __future__ import annotations

import re
from collections.abc import Callable

from tidemill.domain.schedule import MONTH_NAMES, WEEKDAY_NAMES

WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:r|rs)?|fri|sat(?:ur)?|sun)(?:days?|(?<=[a-z]{3})\.|s)?(?:['’]s)?(?![a-z])"
MONTH = (r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
         r"dec(?:ember)?)\b\.?")  # fmt: skip
_BELOW_TEN = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TEENS = ("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth")
_ORDINALS = {word: n for n, word in enumerate(_BELOW_TEN + _TEENS, 1)} | {"twentieth": 20, "thirtieth": 30, "thirty-first": 31}
_ORDINALS |= {f"twenty-{word}": 20 + n for n, word in enumerate(_BELOW_TEN, 1)}
ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|(?:(?:twenty|thirty)[- ])?(?:{'|'.join(_BELOW_TEN)})|{'|'.join(_TEENS)}|twentieth|thirtieth)\b"

EVERY = r"(?:(?:(?:on|once)\s+)?(?:every|each)(?:\s+(?:single|and\s+every))?)"
OF_EACH = r"(?:\s+(?:of|in)\s+(?:(?:the|every|each|a)\s+)?)"
AND = r"(?:\s*(?:,\s*(?:and\b|&)?|and\b|&|\+|/|plus\b|as\s+well\s+as\b)\s*(?:on\s+)?(?:the\s+)?(?:every\s+|each\s+)?)"
TO = r"(?:\s*(?:[-–—]|to|through|thru|until|till|til)\s*)"
DAY_LIST = rf"{WEEKDAY}(?:{TO}{WEEKDAY})?(?:{AND}{WEEKDAY}(?:{TO}{WEEKDAY})?)*"
ORDINAL_LIST = rf"{ORDINAL}(?:{AND}{ORDINAL})*"
MONTH_LIST = rf"{MONTH}(?:{TO}{MONTH})?(?:{AND}{MONTH}(?:{TO}{MONTH})?)*"
UNIT = r"(?:minutes?|mins?|hours?|hrs?|days?|weeks?|months?|quarters?|years?|seconds?|secs?|business\s+days?|working\s+days?|weekdays?|h|m)\b"


def weekdays_of(listed: str) -> set[int]:
    """The days that a list such as `Mon-Wed and Friday` names, Sunday being 0; a range may run over the end of the week."""
    return _ranged(listed, WEEKDAY, _weekday, first=0, count=7)


def months_of(listed: str) -> set[int]:
    """The months, 1 to 12, that a list such as `April to June, December` names."""
    return _ranged(listed, MONTH, _month, first=1, count=12)


def ordinals_of(listed: str) -> set[int]:
    """The numbers that a list such as `1st and fifteenth` names."""
    return {ordinal_number(word) for word in re.findall(ORDINAL, listed, re.IGNORECASE)}


def ordinal_number(word: str) -> int:
    """The number of what `ORDINAL` matched."""
    digits = re.match(r"\d+", word)
    return int(digits[0]) if digits else _ORDINALS[re.sub(r"[\s-]+", "-", word.lower())]


def unit_of(word: str) -> str:
    """`mins` is `minute`."""
    word = re.sub(r"\s+", " ", word.lower()).rstrip("s")
    return {"min": "minute", "m": "minute", "hr": "hour", "h": "hour", "sec": "second"}.get(word, word)


def _weekday(word: str) -> int:
    return next(i for i, name in enumerate(WEEKDAY_NAMES) if name[:3].lower() == word[:3].lower())


def _month(word: str) -> int:
    return next(i for i, name in enumerate(MONTH_NAMES, 1) if name[:3].lower() == word[:3].lower())


def _ranged(listed: str, name: str, value: Callable[[str], int], *, first: int, count: int) -> set[int]:
    found: set[int] = set()
    for match in re.finditer(rf"(?P<from>{name})(?:{TO}(?P<to>{name}))?", listed, re.IGNORECASE):
        low, high = value(match["from"]), value(match["to"] or match["from"])
        found |= {first + (low - first + i) % count for i in range((high - low) % count + 1)}
    return found
