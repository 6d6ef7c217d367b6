"""Reads time zones: IANA names, cities, countries, abbreviations, offsets from UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tidemill.domain.schedule import find_timezone, timezone_names

_BY_ABBREVIATION = {
    "utc": "UTC", "gmt": "GMT", "zulu": "UTC", "cet": "CET", "cest": "CET", "met": "MET", "eet": "EET", "eest": "EET", "wet": "WET",
    "west": "WET", "et": "America/New_York", "pt": "America/Los_Angeles", "mt": "America/Denver", "jst": "Asia/Tokyo",
    "kst": "Asia/Seoul", "hkt": "Asia/Hong_Kong",
    "sgt": "Asia/Singapore", "pht": "Asia/Manila", "msk": "Europe/Moscow", "nzst": "Pacific/Auckland", "nzdt": "Pacific/Auckland",
    "sast": "Africa/Johannesburg", "brt": "America/Sao_Paulo", "hst": "Pacific/Honolulu", "eat": "Africa/Nairobi", "wib": "Asia/Jakarta",
}  # fmt: skip
_AMBIGUOUS = {
    "ist": "India, Ireland or Israel: `Asia/Kolkata`, `Europe/Dublin` or `Asia/Jerusalem`",
    "cst": "Chicago, China or Cuba: `America/Chicago`, `Asia/Shanghai` or `America/Havana`",
    "bst": "British summer time or Bangladesh: `Europe/London` or `Asia/Dhaka`",
    "ast": "Halifax or Arabia: `America/Halifax` or `Asia/Riyadh`",
    "ct": "Chicago or elsewhere: `America/Chicago`",
    "est": "five hours behind UTC all year, or New York with its summer time: `Etc/GMT+5` or `America/New_York`",
    "edt": "four hours behind UTC all year, or New York with its winter time: `Etc/GMT+4` or `America/New_York`",
    "cdt": "five hours behind UTC all year, or Chicago with its winter time: `Etc/GMT+5` or `America/Chicago`",
    "mst": "seven hours behind UTC all year (Phoenix), or Denver with its summer time: `America/Phoenix` or `America/Denver`",
    "mdt": "six hours behind UTC all year, or Denver with its winter time: `Etc/GMT+6` or `America/Denver`",
    "pst": "eight hours behind UTC all year, or Los Angeles with its summer time: `Etc/GMT+8` or `America/Los_Angeles`",
    "pdt": "seven hours behind UTC all year, or Los Angeles with its winter time: `Etc/GMT+7` or `America/Los_Angeles`",
    "aest": "Brisbane, or Sydney with its summer time: `Australia/Brisbane` or `Australia/Sydney`",
    "aedt": "Sydney or Melbourne with its winter time: `Australia/Sydney`",
    "acst": "Darwin, or Adelaide with its summer time: `Australia/Darwin` or `Australia/Adelaide`",
}
_NAMED = {
    "central european": "CET", "eastern european": "EET", "western european": "WET", "eastern": "America/New_York",
    "us eastern": "America/New_York",
    "pacific": "America/Los_Angeles", "us pacific": "America/Los_Angeles", "us central": "America/Chicago", "us mountain": "America/Denver",
    "german": "Europe/Berlin", "germany": "Europe/Berlin", "french": "Europe/Paris", "france": "Europe/Paris", "italian": "Europe/Rome",
    "italy": "Europe/Rome", "dutch": "Europe/Amsterdam", "netherlands": "Europe/Amsterdam",
    "belgian": "Europe/Brussels", "belgium": "Europe/Brussels",
    "swiss": "Europe/Zurich", "switzerland": "Europe/Zurich", "austrian": "Europe/Vienna", "austria": "Europe/Vienna", "polish": "Europe/Warsaw",
    "poland": "Europe/Warsaw", "swedish": "Europe/Stockholm", "sweden": "Europe/Stockholm", "danish": "Europe/Copenhagen",
    "denmark": "Europe/Copenhagen", "norwegian": "Europe/Oslo", "norway": "Europe/Oslo", "finnish": "Europe/Helsinki", "finland": "Europe/Helsinki",
    "uk": "Europe/London", "british": "Europe/London", "irish": "Europe/Dublin", "ireland": "Europe/Dublin", "greek": "Europe/Athens",
    "greece": "Europe/Athens",
    "turkish": "Europe/Istanbul", "turkey": "Europe/Istanbul", "japan": "Asia/Tokyo",
    "japanese": "Asia/Tokyo",
    "india": "Asia/Kolkata", "indian": "Asia/Kolkata", "indian standard": "Asia/Kolkata", "china": "Asia/Shanghai", "chinese": "Asia/Shanghai",
    "korea": "Asia/Seoul", "korean": "Asia/Seoul", "israel": "Asia/Jerusalem", "singapore": "Asia/Singapore", "hong kong": "Asia/Hong_Kong",
    "czech": "Europe/Prague", "hungarian": "Europe/Budapest", "hungary": "Europe/Budapest", "south african": "Africa/Johannesburg",
    "south africa": "Africa/Johannesburg", "moscow": "Europe/Moscow", "coordinated universal": "UTC", "universal": "UTC", "greenwich mean": "GMT",
}  # fmt: skip
_CITIES = {
    "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin", "cologne": "Europe/Berlin", "stuttgart": "Europe/Berlin",
    "düsseldorf": "Europe/Berlin", "dusseldorf": "Europe/Berlin", "leipzig": "Europe/Berlin", "dresden": "Europe/Berlin", "münchen": "Europe/Berlin",
    "geneva": "Europe/Zurich", "zürich": "Europe/Zurich", "basel": "Europe/Zurich", "bern": "Europe/Zurich", "milan": "Europe/Rome",
    "naples": "Europe/Rome", "turin": "Europe/Rome", "florence": "Europe/Rome", "barcelona": "Europe/Madrid", "seville": "Europe/Madrid",
    "lyon": "Europe/Paris", "marseille": "Europe/Paris", "nice": "Europe/Paris", "antwerp": "Europe/Brussels", "rotterdam": "Europe/Amsterdam",
    "the hague": "Europe/Amsterdam", "utrecht": "Europe/Amsterdam", "edinburgh": "Europe/London", "manchester": "Europe/London",
    "liverpool": "Europe/London", "glasgow": "Europe/London", "leeds": "Europe/London", "cardiff": "Europe/London", "porto": "Europe/Lisbon",
    "krakow": "Europe/Warsaw", "gothenburg": "Europe/Stockholm", "saint petersburg": "Europe/Moscow", "kyiv": "Europe/Kyiv",
    "salzburg": "Europe/Vienna",
    "san francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles", "san diego": "America/Los_Angeles", "las vegas": "America/Los_Angeles",
    "silicon valley": "America/Los_Angeles", "boston": "America/New_York", "washington": "America/New_York", "washington dc": "America/New_York",
    "atlanta": "America/New_York", "miami": "America/New_York", "philadelphia": "America/New_York", "nyc": "America/New_York",
    "houston": "America/Chicago", "dallas": "America/Chicago", "austin": "America/Chicago", "minneapolis": "America/Chicago",
    "montreal": "America/Toronto", "ottawa": "America/Toronto", "calgary": "America/Edmonton", "rio de janeiro": "America/Sao_Paulo",
    "rio": "America/Sao_Paulo",
    "delhi": "Asia/Kolkata", "new delhi": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "bengaluru": "Asia/Kolkata",
    "chennai": "Asia/Kolkata", "hyderabad": "Asia/Kolkata", "pune": "Asia/Kolkata", "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai",
    "guangzhou": "Asia/Shanghai", "osaka": "Asia/Tokyo", "kyoto": "Asia/Tokyo", "tel aviv": "Asia/Jerusalem", "abu dhabi": "Asia/Dubai",
    "hanoi": "Asia/Ho_Chi_Minh", "cape town": "Africa/Johannesburg", "wellington": "Pacific/Auckland", "canberra": "Australia/Sydney",
    "doha": "Asia/Qatar", "islamabad": "Asia/Karachi", "lahore": "Asia/Karachi", "ankara": "Europe/Istanbul",
}  # fmt: skip
_REGIONS = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")

_WORD = r"[A-Za-zÀ-ž][\w.'’-]*"
_IANA = r"[A-Za-z]+(?:/[A-Za-z_]+(?:[-+]?[A-Za-z0-9_]+)*)+"
_OFFSET = r"(?:(?:UTC|GMT)\s?(?P<sign>[+-−])\s?(?P<offset>\d{1,2})(?::?(?P<minutes>\d\d))?\b)"
# In small letters most of them are words (met, west, eat).
_ABBREVIATION = rf"(?:utc|gmt|cet|cest|(?-i:{'|'.join(sorted({*_BY_ABBREVIATION, *_AMBIGUOUS}, key=len, reverse=True)).upper()}))"
_LABEL = re.compile(r"(?:(?:in|using|with|for)\s+)?(?:the\s+)?(?:time\s?zone|tz)(?:\s+is|\s+should\s+be|\s+of)?\s*[:=]?\s*(?:the\s+)?", re.IGNORECASE)
_OPEN = re.compile(
    r"[(\[\"'`“]*(?:all\s+times\s+(?:are\s+)?)?(?:(?:in|on|by|according\s+to|as|per)\s+(?:the\s+)?)?(?:local\s+(?:time\s+(?:in|"
    r"of)\s+)?(?!time))?",
    re.IGNORECASE,
)
_CLOSE = re.compile(r"(?:\s+(?:standard\s+|local\s+)?time(?:\s?zone)?\b|\s+tz\b|\s+zone\b)?[)\]\"'`”]*", re.IGNORECASE)
_EXACT_FORMS = re.compile(rf"(?P<iana>{_IANA})|{_OFFSET}|(?P<abbreviation>{_ABBREVIATION})\b(?![-+/]\w)", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?:in\s+)?(?:(?:my|our|your|their|the)\s+)?(?:own\s+)?(?:local|server|office|system|company)\s+time(?:\s?zone)?\b"
    r"|(?:in\s+)?(?:my|our)\s+time(?:\s?zone)?\b",
    re.IGNORECASE,
)
_EXAMPLE = "Name the time zone by its IANA name, such as `Europe/Berlin` or `America/New_York`."


@dataclass(frozen=True)
class ZoneReading:
    """A time zone found in a text."""

    zone: str = ""
    problem: str = ""
    note: str = ""


def read_zone(text: str, position: int) -> tuple[ZoneReading, int] | None:
    """The time zone that stands at `position`, and where it ends; a zone that is not known is a `problem`."""
    if local := _LOCAL.match(text, position):
        after = re.compile(r"\s+(?:in|of|for)\s+", re.IGNORECASE).match(text, local.end())
        named = _read_place(text, after.end(), signed=True) if after else None
        return named or (ZoneReading(problem=f"{local[0].strip()!r} does not say which time zone. {_EXAMPLE}"), local.end())
    label = _LABEL.match(text, position)
    start = label.end() if label else position
    opened = _OPEN.match(text, start)
    begin = opened.end() if opened else start
    if found := _EXACT_FORMS.match(text, begin):
        closed = _CLOSE.match(text, found.end())
        reading = _exact(found)
        return (reading, closed.end() if closed else found.end()) if reading else None
    place = _read_place(text, begin, signed=bool(label) or bool(re.search(r"\b(?:in|of)\s+(?:the\s+)?$", text[start:begin], re.IGNORECASE)))
    if place or not label:
        return place
    end = len(text.rstrip(" .!"))
    return ZoneReading(problem=f"{text[begin:end]!r} is not a time zone. {_EXAMPLE}"), len(text)


def _exact(found: re.Match[str]) -> ZoneReading | None:
    if found["offset"]:
        return _offset(found)
    if word := found["abbreviation"]:
        return _abbreviation(word)
    name = _by_folded().get(found["iana"].lower())
    if name:
        return ZoneReading(name)
    if not found["iana"].title().startswith(_REGIONS):
        return None
    near = find_timezone(found["iana"])
    return ZoneReading(problem=f"There is no time zone {found['iana']!r}." + (f" Did you mean `{near}`?" if near else f" {_EXAMPLE}"))


def _offset(found: re.Match[str]) -> ZoneReading:
    hours, minutes, behind = int(found["offset"]), int(found["minutes"] or 0), found["sign"] != "+"
    if minutes or hours > (12 if behind else 14):
        return ZoneReading(problem=f"{found[0]!r} is not a whole offset that a time zone has. {_EXAMPLE}")
    if not hours:
        return ZoneReading("UTC")
    # The Etc zones count the other way round: Etc/GMT-2 is two hours ahead of UTC.
    zone = f"Etc/GMT{'+' if behind else '-'}{hours}"
    return ZoneReading(zone, note=f"{found[0]} is the zone `{zone}`, which knows no daylight saving.")


def _abbreviation(word: str) -> ZoneReading:
    if either := _AMBIGUOUS.get(word.lower()):
        return ZoneReading(problem=f"{word!r} can mean {either}. Name the one you want.")
    zone = _BY_ABBREVIATION[word.lower()]
    if zone in ("UTC", "GMT"):
        return ZoneReading(zone)
    summer = " with its summer time" if zone in ("CET", "EET", "WET", "MET") else ""
    return ZoneReading(zone, note=f"{word} was read as the time zone `{zone}`{summer}.")


def _read_place(text: str, begin: int, *, signed: bool) -> tuple[ZoneReading, int] | None:
    """A city or country by up to three words.

    Args:
        signed: A word before it says that a place follows, so that no "time" is needed after it.
    """
    places = re.compile(rf"{_WORD}(?:[ _]{_WORD}){{0,2}}").match(text, begin)
    if not places:
        return None
    words = re.split(r"[ _]", places[0])
    for count in range(len(words), 0, -1):
        length = len(" ".join(words[:count]))
        name = " ".join(words[:count]).rstrip(".").lower().removesuffix("'s").removesuffix("’s")
        closed = _CLOSE.match(text, begin + length)
        end = closed.end() if closed else begin + length
        has_time = bool(closed and "time" in closed[0].lower())
        zone = _place_zone(name, adjective=has_time)
        if zone and (has_time or signed or text[begin - 1 : begin] == "("):
            if len(zone) > 1:
                return ZoneReading(problem=f"{name!r} can be any of {', '.join(f'`{z}`' for z in sorted(zone))}. Name the one you want."), end
            return ZoneReading(next(iter(zone))), end
    return _unknown_place(text, begin, signed=signed)


def _unknown_place(text: str, begin: int, *, signed: bool) -> tuple[ZoneReading, int] | None:
    """A capitalised name followed by "time", or after "in": a place we do not know is said, not skipped."""
    named = re.compile(r"(?P<name>[A-ZÀ-Ž][\w'’-]*(?: [A-ZÀ-Ž][\w'’-]*){0,2})(?P<time>\s+time\b)?").match(text, begin)
    if not named or not (named["time"] or signed):
        return None
    return ZoneReading(problem=f"The time zone of {named['name']!r} is not known. {_EXAMPLE}"), named.end()


def _place_zone(name: str, *, adjective: bool) -> frozenset[str]:
    if adjective and name in _NAMED:
        return frozenset([_NAMED[name]])
    if name in _CITIES:
        return frozenset([_CITIES[name]])
    if name in _NAMED and name not in ("eastern", "pacific", "universal"):
        return frozenset([_NAMED[name]])
    return _by_city().get(name, frozenset())


@lru_cache(maxsize=1)
def _by_folded() -> dict[str, str]:
    return {name.lower(): name for name in timezone_names()}


@lru_cache(maxsize=1)
def _by_city() -> dict[str, frozenset[str]]:
    cities: dict[str, frozenset[str]] = {}
    for name in timezone_names():
        if name.startswith(_REGIONS):
            city = name.rsplit("/", 1)[-1].replace("_", " ").lower()
            shorter = min((*cities.get(city, ()), name), key=len)
            # America/Louisville and America/Kentucky/Louisville are one place under two names.
            cities[city] = frozenset([shorter]) if name.startswith("America/") else cities.get(city, frozenset()) | {name}
    return cities
