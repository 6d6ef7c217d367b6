"""The phrases that schedules are made of.

A sentence is scanned from left to right; at each place the first phrase of `PHRASES` that stands there is taken. What no phrase
covers ends the scan, so that no word of a schedule is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tidemill.domain.grammar import schedule_says as says
from tidemill.domain.grammar.clock_times import NUMBER, Clock, read_clock, settle
from tidemill.domain.grammar.schedule_facts import ScheduleFacts
from tidemill.domain.grammar.schedule_words import AND, DAY_LIST, EVERY, MONTH, MONTH_LIST, OF_EACH, ORDINAL, ORDINAL_LIST, UNIT, WEEKDAY
from tidemill.domain.grammar.zone_names import read_zone
from tidemill.domain.schedule import ALIASES


@dataclass(frozen=True)
class Phrase:
    """One form of words and what it says."""

    pattern: str
    says: says.Says
    needs: str = ""
    """Parts of words of which a sentence has at least one where the phrase can stand; spares the others the costly pattern."""

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE)

    def may_stand_in(self, lowered: str) -> bool:
        return not self.needs or any(part in lowered for part in self.needs.split())


def scan(text: str, start: int) -> tuple[ScheduleFacts, int]:
    """All that the phrases from `start` on say, and where the first word stands that belongs to none."""
    lowered = text.lower()
    phrases = [p for p in PHRASES if p.may_stand_in(lowered)]
    facts, position = ScheduleFacts(), start
    while position < len(text):
        after = _read_phrase(text, _skip(text, position), facts, phrases)
        if after is None:
            break
        position = after
    return facts, _skip(text, position) if position > start else start


_FILLER = re.compile(
    r"(?:[\s,;:()\[\]\"'`“”=–—.!?-]+|(?:schedule|frequency|cadence|timing|time|times|start\s+time|run\s+time|days?|when|runs?)\s*[:=]\s*"
    r"|(?:and|&|then|please|pls|automatically|always|exactly|precisely|sharp|i\.?e\.?|that\s+is|also|too|unattended|thanks|thank\s+you|as\s+well|basis"
    r"|(?:in\s+)?cron(?:\s+(?:notation|terms|syntax|format))?|on\s+an?(?=\s+(?:daily|weekly|monthly|hourly|quarterly|yearly|annual|nightly)\b))\b)*",
    re.IGNORECASE,
)


def _skip(text: str, position: int) -> int:
    filler = _FILLER.match(text, position)
    return filler.end() if filler else position


def _read_phrase(text: str, position: int, facts: ScheduleFacts, phrases: Sequence[Phrase]) -> int | None:
    for phrase in phrases:
        if (match := phrase.regex.match(text, position)) and match.end() > position:
            said = ScheduleFacts()
            phrase.says(match, said)
            facts.add(said)
            return match.end()
    for read in (_read_window, _read_times, _read_zone):
        said = ScheduleFacts()
        if (after := read(text, position, said, facts.daypart)) is not None:
            facts.add(said)
            return after
    return None


_WINDOW_OPEN = re.compile(r"(?:only\s+)?(?P<word>between|from|during)\s+(?:the\s+hours?\s+(?:of\s+)?)?", re.IGNORECASE)
_DASHED = re.compile(r"\d{1,2}(?:[:.]\d\d)?\s?(?:[ap]m)?\s?[-–—]\s?\d", re.IGNORECASE)
_WINDOW_TO = re.compile(r"\s*(?:-|–|—|to|and|until|till|til|through)\s*", re.IGNORECASE)


def _read_window(text: str, position: int, facts: ScheduleFacts, daypart: str) -> int | None:
    """`between 8 and 18`, `from 9am to 5pm`, `9:00-17:00`; `from 6:00` alone is a start."""
    opened = _WINDOW_OPEN.match(text, position)
    bare = bool(opened or _DASHED.match(text, position))
    one = read_clock(text, opened.end() if opened else position, bare=bare, span=bare)
    if one is None:
        return None
    through = _WINDOW_TO.match(text, one[1])
    other = read_clock(text, through.end(), bare=True, span=True) if through else None
    if other is None or (through and not opened and "and" in through[0].lower()):
        if opened and opened["word"].lower() != "between":
            facts.start = _settled(one[0], facts, daypart)
            return one[1]
        return None
    first, last = one[0], other[0]
    if last.meridiem and first.bare:
        words = text[position : other[1]].strip()
        facts.problems.append(f"{words!r} does not say whether it begins in the morning; write both times in full, such as 09:00 to 17:00.")
    facts.window = (_settled(first, facts, daypart), _settled(last, facts, daypart))
    return other[1]


_AT = re.compile(r"(?:at|@|for(?=\s+\d))\s*(?:exactly\s+)?", re.IGNORECASE)
_START = re.compile(r"(?:start(?:ing|s)?|begin(?:ning|s)?|counting|first\s+(?:run|one))\s+(?:at\s+|from\s+|with\s+|@\s*)?(?:the\s+)?", re.IGNORECASE)
_LOOSE = re.compile(
    r"(?:at\s+)?(?:around|about|approximately|approx\.?|roughly|circa|ca\.|~|by|before|after|no\s+later\s+than|not\s+later\s+than|until|till|up\s+to|"
    r"past|sometime\s+(?:after|before|around))\s*(?:at\s+)?",
    re.IGNORECASE,
)
_TIME_AND = re.compile(r"\s*(?:,\s*(?:and\s+|&\s*)?|and\s+|&\s*|as\s+well\s+as\s+)(?:(?:again\s+)?at\s+|@\s*)?", re.IGNORECASE)


def _read_times(text: str, position: int, facts: ScheduleFacts, daypart: str) -> int | None:
    """`at 6:00 and 18:00`, `starting at 6:00`; `around 6` is told to be inexact."""
    if started := _START.match(text, position):
        clock = read_clock(text, started.end(), bare=True)
        facts.start = _settled(clock[0], facts, daypart) if clock else facts.start
        return clock[1] if clock else None
    if loose := _LOOSE.match(text, position):
        clock = read_clock(text, loose.end(), bare=True)
        if clock:
            words = text[position : clock[1]].strip()
            facts.problems.append(f'{words!r} is not an exact time; a schedule needs one, such as "at {settle(clock[0], daypart)}".')
        return clock[1] if clock else None
    at = _AT.match(text, position)
    first = read_clock(text, at.end() if at else position, bare=bool(at))
    if first is None:
        return None
    clocks, end = [first[0]], first[1]
    while (joined := _TIME_AND.match(text, end)) and (more := read_clock(text, joined.end(), bare=bool(at))):
        clocks.append(more[0])
        end = more[1]
    if clocks[-1].meridiem == "p" and any(c.bare for c in clocks[:-1]):
        words = text[position:end].strip()
        facts.problems.append(f"{words!r} does not say which times are in the morning; write am or pm at each, or 24-hour times.")
    facts.times += clocks
    return end


def _read_zone(text: str, position: int, facts: ScheduleFacts, _daypart: str) -> int | None:
    found = read_zone(text, position)
    if found is None:
        return None
    reading, end = found
    facts.zones += [reading.zone] if reading.zone else []
    facts.problems += [reading.problem] if reading.problem else []
    facts.notes += [reading.note] if reading.note else []
    return end


def _settled(clock: Clock, facts: ScheduleFacts, daypart: str) -> Clock:
    settled = settle(clock, daypart)
    if settled.problem:
        facts.problems.append(settled.problem)
    return settled


_PART = r"(?:morning|afternoon|evening|night)"
_CRON_FIELD = (
    r"(?:\*|\?|\d{1,2}|(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}|l\b|lw\b)"
    r"(?:[-/,#](?:\d{1,3}|[a-z]{3,9}))*[lw]?"
)
_CRON = rf"{_CRON_FIELD}(?:[ \t]+{_CRON_FIELD}){{4,6}}(?![\w*/])"
_CRON_WORD = (r"(?:(?:as\s+|in\s+|use\s+|using\s+|with\s+)?(?:the\s+|a\s+)?cron(?:tab)?(?:[- ](?:expression|line|schedule|string|syntax|spec|job))?"
              r"(?:\s+of)?\s*[:=]?\s*)")  # fmt: skip
_QUOTE, _UNQUOTE = r"[\"'`“”’(\[]*\s*", r"\s*[\"'`“”’)\]]*"
_EVENT_NAME = r"[\"'`“]?(?P<event>[A-Za-z0-9][\w.-]*[A-Za-z0-9]|[A-Za-z0-9])[\"'`”]?"
_HAPPENS = (r"(?:\s+(?:event\s+)?(?:(?:is|was|has\s+been|gets|are)\s+)?(?:received|raised|fired|emitted|published|sent|triggered|seen|fires|arrives|"
            r"occurs|"
            r"happens|comes(?:\s+in)?|arrived|occurred))")  # fmt: skip
_NO_EVENT = r"(?!(?:is|are|was|log|file|data|arrives?|occurs?|happens?|table|that|from|based|driven)\b)"
_UPON = r"(?:(?:on|upon|by|for|after|when|whenever|once|every\s+time|each\s+time|as\s+soon\s+as)\s+)"
_ARRIVAL = (
    r"(?:when(?:ever)?|once|as\s+soon\s+as|every\s+time|each\s+time|any\s*time|after|upon|on)\s+(?:(?:the|a|an|any|some|new|each|every|our)\s+)*"
    r"(?:[\w./-]+\s+){0,3}?(?:(?:file|data|row|record|order|upload|version|source|input|table|export|[\w-]+\.\w+)s?)\s+"
    r"(?:(?:is|are|has|have|was|gets?|becomes?)\s+)?(?:been\s+)?(?:arriv\w*|land\w*|upload\w*|change[sd]?|updated?|available|dropped|comes?|appears?|"
    r"added|delivered|ready|there|refreshed|published|created|written)\b(?:\s+in)?"
)
_VAGUE = (
    r"(?:regularly|often|frequently|periodically|occasionally|sometimes|from\s+time\s+to\s+time|now\s+and\s+then|routinely|constantly|continuously|"
    r"continually|(?:in\s+)?real[- ]?time|as\s+often\s+as\s+(?:possible|needed|necessary)|(?:a\s+few|several|many|multiple|some)\s+times\s+(?:a|per|"
    r"every|each)\s+\w+|at\s+regular\s+intervals|on\s+a\s+regular\s+basis|"
    r"all\s+the\s+time|"
    r"around\s+the\s+clock|24/7|as\s+soon\s+as\s+possible|asap|every\s+(?:now\s+and\s+then|so\s+often|few\s+\w+|couple\s+of\s+\w+))\b"
)
_LOOSE_TIME = (
    r"(?:first\s+thing(?:\s+in\s+the\s+morning)?|(?:at\s+)?(?:the\s+)?(?:end|close|start|beginning)\s+of\s+(?:the\s+|each\s+|every\s+)?"
    r"(?:business|day|work(?:ing)?\s*day|shift)|eod|cob|after\s+(?:hours|work|close|lunch)|before\s+(?:work|lunch|the\s+market\s+opens|"
    r"anyone\s+arrives)|"
    r"(?:at\s+|over\s+)?lunch(?:\s*time)?|overnight|(?:at\s+)?(?:dawn|dusk|sunrise|sunset)|off[- ]?peak(?:\s+hours)?|"
    r"(?:during|in|within|outside)\s+(?:\w+\s+)?(?:business|office|working|opening|school)\s+hours)\b"
)
_MISSED = (
    r"(?:skip|ignore)\s+(?:any\s+|all\s+)?missed\s+runs?|(?:if|when)\s+(?:a|any)?\s*runs?\s+(?:is|was|are|were|has\s+been)\s+missed,?\s*"
    r"(?:skip\s+it|ignore\s+it|(?:run|do)\s+it\s+once|run\s+once|catch\s+up|run\s+all(?:\s+of\s+them)?)|"
    r"catch\s+up\s+(?:on\s+)?(?:all\s+)?missed\s+runs?|"
    r"make\s+up\s+for\s+(?:all\s+)?missed\s+runs?|missed\s*runs?\s*[:=]?\s*(?:should\s+be\s+)?(?:skip(?:ped)?|run\s*once|catch\s*up|caught\s+up)|"
    r"run\s+once\s+for\s+(?:all\s+)?missed\s+runs?"
)
_MANUAL = (
    r"(?:only\s+)?(?:manual(?:ly)?(?:\s+(?:only|runs?|trigger(?:ed|s)?|start(?:ed|s)?))*|on[- ]demand(?:\s+only)?|by\s+hand(?:\s+only)?|ad[- ]hoc|"
    r"as\s+needed|"
    r"if\s+needed|when(?:ever)?\s+(?:needed|required|necessary|asked|requested)|on\s+request|"
    r"when(?:ever)?\s+(?:I|we|you|someone|somebody)\s+(?:ask|need|start|say|want|run|call|trigger|press|click)s?\b[^.,;]*|"
    r"(?:has\s+|with\s+|there\s+is\s+)?no\s+(?:fixed\s+|regular\s+|automatic\s+)?schedule|(?:is\s+)?not\s+(?:be\s+)?scheduled|unscheduled|"
    r"without\s+a\s+schedule|no\s+automatic\s+runs?|not\s+automatically)\b(?:\s+(?:needed|required|necessary|yet|for\s+now|only|please)\b)*"
)
_SINGLE_TIME = (
    r"(?:today|tomorrow|tonight|just\s+once|only\s+once|one[- ]time(?!\s+(?:per|an?|each|every)\b)|one[- ]off|once\s+only|"
    r"right\s+(?:now|away)|immediately|straight\s+away|"
    rf"(?:next|this|coming)\s+(?:week|month|year|{WEEKDAY}|morning|evening|afternoon)|(?:on\s+)?\d{{4}}-\d\d-\d\d|(?:once|now)(?=\s*[.!]?\s*$))\b"
)
_START_DATE = (
    r"(?:start(?:ing|s)?|begin(?:ning|s)?|effective)\s+(?:on\s+|from\s+|in\s+)?(?:the\s+)?(?:today|tomorrow|next\s+\w+|now|"
    rf"{WEEKDAY}|{ORDINAL}|{MONTH}|\d{{4}}-\d\d-\d\d|\d{{1,2}}\s+{MONTH})(?:\s+(?:of\s+)?{MONTH}|\s+\d{{1,2}})?"
    rf"|(?:until|till|through)\s+(?:the\s+)?(?:end\s+of|next|{MONTH}|\d{{4}}|{WEEKDAY})[^.,;]*|for\s+(?:the\s+next\s+)?{NUMBER}\s+(?:days|weeks|"
    rf"months|years)"
)
_HOUR_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_MINUTE = rf"(?:at\s+|on\s+)?(?:a\s+)?(?P<minute>half|quarter|{NUMBER})(?:\s+minutes?|\s*mins?)?\s+"
_PER_UNIT = r"(?:(?:of|in)\s+(?:every|each|the|a)\s+)"
_WORKDAY = r"(?:business|working|work|week)[- ]?day"

PHRASES: tuple[Phrase, ...] = (
    Phrase(rf"{_CRON_WORD}?{_QUOTE}(?P<cron>(?=[^\n]*\*){_CRON}){_UNQUOTE}", says.cron, "*"),
    Phrase(rf"{_CRON_WORD}{_QUOTE}(?P<cron>{_CRON}){_UNQUOTE}", says.cron, "cron"),
    Phrase(rf"{_CRON_WORD}?{_QUOTE}(?P<cron>@(?:{'|'.join(a[1:] for a in ALIASES)})\b){_UNQUOTE}", says.cron, "@"),
    Phrase(r"@reboot\b", says.problem("{0} is not a time of the clock. " + says.EXAMPLE), "@"),
    Phrase(_MISSED, says.missed, "missed"),
    Phrase(_MANUAL, says.manual, "manual demand hand hoc need request schedul automatic when required necessary"),
    Phrase(rf"{_UPON}?(?:the\s+|an?\s+)?events?(?:\s+(?:named|called|"
           rf"of\s+type))?\s*[:=]?\s*{_NO_EVENT}{_EVENT_NAME}{_HAPPENS}?", says.event, "event"),
    Phrase(rf"{_UPON}(?:the\s+|an?\s+)?{_EVENT_NAME}\s+event{_HAPPENS}?", says.event, "event"),
    Phrase(_ARRIVAL, says.problem(says.ARRIVES), "when once soon time after upon on"),
    Phrase(_VAGUE, says.problem("{0} does not say when. " + says.EXAMPLE)),
    Phrase(_LOOSE_TIME, says.problem("{0} is not an exact time. Say for example \"daily at 18:00\".")),
    # Days that a cron line cannot name
    Phrase(rf"(?:on\s+)?(?:the\s+)?(?:{EVERY}\s+)?(?:first|last|1st|final|second|2nd|third|3rd|\d+th)(?:\s+to\s+last)?\s+{_WORKDAY}"
           rf"(?:{OF_EACH}(?:month|quarter|week|year))?", says.problem(says.NTH_WEEKDAY), "day"),
    Phrase(rf"(?:on\s+)?(?:the\s+)?(?:{EVERY}\s+)?(?:{ORDINAL_LIST}(?:{AND}last)?|last|final)\s+{WEEKDAY}(?:{OF_EACH}(?:month|quarter|year))?"
           rf"|(?:on\s+)?(?:{EVERY}\s+|the\s+)?{WEEKDAY}\s+(?:of\s+(?:the|each|every)\s+month|every\s+(?:other|second|two|2)\s+weeks?)",
           says.problem(says.NTH_WEEKDAY), "last final st nd rd th second month week"),
    Phrase(rf"(?:on\s+)?(?:the\s+)?(?:{EVERY}\s+)?(?:last|final)\s+(?:calendar\s+)?day(?:{OF_EACH}(?:month|quarter|year|week))?|(?:at\s+)?(?:the\s+)?"
           r"(?:month|quarter|year)[- ]?end|(?:at\s+|on\s+)?(?:the\s+)?end\s+of\s+(?:(?:the|each|every|a)\s+)?(?:month|quarter|year|week)|eom\b",
           says.problem(says.LAST_DAY), "last final end eom"),
    Phrase(rf"{EVERY}\s+(?:other|second|2nd|alternate|third|3rd|two|three)\s+(?:{WEEKDAY}|weekdays?|weekends?|{_PART}s?)|alternate\s+\w+|"
           r"(?:on\s+)?(?:every\s+)?(?:even|odd)(?:[- ]numbered)?\s+(?:days|weeks|months|hours)|"
           r"(?:bi|semi)[- ]?(?:week|month|annual|year|quarter|hour|dai?)\w*|biannually|biennial\w*|fortnightly|(?:every|each)\s+fortnight|"
           r"once\s+a\s+fortnight",
           says.problem(says.EVERY_OTHER), "other second 2nd alternate third 3rd two three even odd bi semi fortnight"),
    Phrase(_SINGLE_TIME, says.problem(says.ONE_OFF), "to once one right immediate straight next this coming - now"),
    Phrase(_START_DATE, says.problem(says.FIRST_AND_LAST), "start begin effective until till through for"),
    Phrase(r"(?:except|excluding|but\s+not|not|skip(?:ping)?|other\s+than|apart\s+from)\s+(?:for\s+|on\s+|during\s+)?(?:the\s+|any\s+)?(?:\w+\s+)?"
           r"(?:holidays?|vacations?|christmas|easter)(?:\s+season)?|(?:on|every|each)\s+(?:\w+\s+)?holidays?",
           says.problem(says.HOLIDAYS), "holiday vacation christmas easter"),
    Phrase(r"(?:except(?:ing)?|excluding|but\s+not|not|other\s+than|apart\s+from|skipping|without|excl\.?)\s+(?:for\s+)?(?:on\s+)?(?:the\s+)?"
           rf"(?P<days>{DAY_LIST}|weekends?|weekdays?)", says.except_days, "exc not other apart skip without"),
    # Intervals
    Phrase(rf"{EVERY}\s+(?:half[- ](?:an\s+)?hour|1/2\s+hour)|half[- ]?hourly", says.interval(30, "minute"), "half 1/2"),
    Phrase(rf"{EVERY}\s+quarter(?:[- ]|\s+of\s+an\s+|\s+)hour|quarter[- ]hourly", says.interval(15, "minute"), "quarter"),
    Phrase(rf"{EVERY}\s+(?P<count>other|alternate|{ORDINAL}|{NUMBER})\s*-?\s*(?P<unit>{UNIT})(?!\s+(?:past|after|of\s+(?:the|each|every)\s+month))",
           says.counted_interval),
    Phrase(rf"{EVERY}\s+(?P<count>\d{{1,4}})(?P<unit>mins?|m|h|hrs?|d|s|sec)\b", says.counted_interval),
    Phrase(rf"(?:at|in|with)\s+(?:intervals\s+of\s+)?(?P<count>{NUMBER})[- ](?P<unit>{UNIT})(?:\s+intervals?)", says.counted_interval, "interval"),
    Phrase(rf"(?:(?P<word>once|twice|thrice)|(?P<count>{NUMBER})\s*(?:times?|x))[\s-]+(?:(?:a|an|per|every|each)\s+"
           r"(?P<unit>minute|hour|day|week|month|quarter|year)|(?P<adverb>daily|hourly|weekly|monthly|quarterly|yearly|annually))\b",
           says.times_per, "once twice thrice time x"),
    Phrase(rf"{EVERY}\s+(?:minute|min)\b|minutely|by\s+the\s+minute", says.interval(1, "minute"), "min"),
    Phrase(rf"{EVERY}\s+(?:second|sec)\b", says.problem("{0} is not possible: a schedule counts in minutes. " + says.EXAMPLE), "sec"),
    # Minutes of the hour
    Phrase(rf"{_MINUTE}(?P<side>past|after|to|before|into)\s+(?:{EVERY}\s+(?:full\s+)?hour|the\s+(?:full\s+)?hour|hour)(?:,?\s+{EVERY}\s+hour)?",
           says.minutes_past, "hour"),
    Phrase(rf"{_MINUTE}(?P<side>past)\b(?!\s+(?:\d|{_HOUR_WORDS}))", says.minutes_past, "past"),
    Phrase(rf"(?:at\s+|on\s+|@\s*)?(?:the\s+)?(?P<minutes>:[0-5]\d(?:{AND}:[0-5]\d)*)(?:\s+past)?(?:\s+(?:of\s+)?(?:{EVERY}|the)\s+hour)?",
           says.minute_list, ":"),
    Phrase(rf"(?:at\s+|on\s+)?(?:the\s+)?minutes?\s+(?P<minutes>\d{{1,2}}(?:{AND}\d{{1,2}})*)(?:\s+(?:of|past|in)\s+(?:{EVERY}|the)\s+hour)?",
           says.minute_list, "minute"),
    Phrase(r"(?:on|at)\s+the\s+half[- ]hour(?:\s+mark)?", says.half_hour, "half"),
    Phrase(rf"(?:on|at)\s+the\s+(?:full\s+)?hour(?:,?\s+{EVERY}\s+hour)?|(?:at\s+)?(?:the\s+)?(?:top|start|beginning)\s+of\s+(?:{EVERY}|the)\s+hour|"
           rf"on\s+{EVERY}\s+full\s+hour|{EVERY}\s+(?:full\s+)?hour\s+on\s+the\s+hour", says.full_hour, "hour"),
    Phrase(rf"{EVERY}\s+(?:full\s+)?(?:hour|hr)\b|hourly|hour\s+by\s+hour", says.interval(1, "hour"), "hour hr"),
    # Days
    Phrase(rf"nightly|{EVERY}\s+night\b|nights\b", says.interval(1, "day", "night"), "night"),
    Phrase(rf"(?:in\s+the\s+|at\s+)?(?:{EVERY}\s+)?(?P<part>{_PART})s?\b(?=\s+(?:at|@)|\s*[,.]?\s*$|\s*,|\s+\d|\s+\()|"
           rf"{EVERY}\s+(?P<part_alone>{_PART})\b", says.daypart, "morning afternoon evening night"),
    Phrase(rf"(?P<part>{_PART})s?\b", says.daypart_of_days, "morning afternoon evening night"),
    Phrase(rf"{EVERY}\s+(?:calendar\s+)?day(?:\s+of\s+the\s+(?:week|month|year))?\b|daily|everyday\b|day\s+by\s+day|(?:7|seven)\s+days\s+(?:a|"
           rf"per)\s+week|"
           r"all\s+days\b", says.interval(1, "day"), "dai day"),
    Phrase(rf"(?:on\s+|from\s+)?(?:all\s+)?(?:{EVERY}\s+)?(?:the\s+)?(?:weekdays?|week[- ]days?|work(?:ing)?[- ]?days?|"
           rf"business[- ]days?)\b(?:\s+only)?",
           says.working_days, "day"),
    Phrase(rf"(?:on\s+|at\s+)?(?:{EVERY}\s+)?(?:the\s+)?weekends?(?:\s+days?)?\b(?:\s+only)?", says.weekend, "weekend"),
    Phrase(rf"(?:(?:on|every|each|from|only|weekly)\s+)*(?:the\s+)?(?P<days>{DAY_LIST})(?:\s+only)?"
           r"(?:\s+(?:of\s+)?(?:every|each)\s+week\b|\s+weekly\b)?", says.day_list, "mon tue wed thu fri sat sun"),
    # Dates
    Phrase(rf"(?:on\s+)?(?:{EVERY}\s+)?(?:the\s+)?(?P<dates>{ORDINAL_LIST})(?:\s+days?)?\s+(?:of|in)\s+(?:{EVERY}\s+)?(?P<months>{MONTH_LIST})",
           says.dates_of_months, "jan feb mar apr may jun jul aug sep oct nov dec"),
    Phrase(rf"(?:on\s+)?(?:{EVERY}\s+)?(?:the\s+)?(?:(?P<before>\d{{1,2}}|{ORDINAL})(?:\s+of)?\s+(?P<month>{MONTH})|"
           rf"(?P<month_first>{MONTH})\s+(?:the\s+)?(?P<after>{ORDINAL}|\d{{1,2}}(?!\d|[:.]\d|\s?[ap]\.?m)))",
           says.date, "jan feb mar apr may jun jul aug sep oct nov dec"),
    Phrase(r"(?:on\s+|at\s+)?(?:the\s+)?(?:first\s+day|1st\s+day|start|beginning)\s+of\s+(?:the|each|every|a)?\s*(?:calendar\s+)?"
           r"(?P<unit>month|quarter|year|week)\b", says.first_day_of, "first 1st start beginning"),
    Phrase(rf"(?:on\s+)?(?:{EVERY}\s+)?(?:the\s+)?(?P<dates>{ORDINAL_LIST})(?:\s+days?)?(?:{OF_EACH}(?:calendar\s+)?month)?(?!\s+(?:{MONTH}|"
           rf"{WEEKDAY}))",
           says.month_days, "st nd rd th second"),
    Phrase(rf"(?:on\s+)?(?:the\s+)?days?\s+(?P<dates>\d{{1,2}}(?:{AND}\d{{1,2}})*)(?![:.]\d)(?:{OF_EACH}(?:calendar\s+)?month)?",
           says.numbered_days, "day"),
    Phrase(rf"(?:(?:in|of|during|from|only\s+in)\s+)?(?:{EVERY}\s+)?(?P<months>{MONTH_LIST})",
           says.month_list, "jan feb mar apr may jun jul aug sep oct nov dec"),
    Phrase(rf"weekly|{EVERY}\s+week\b|{_PER_UNIT}week\b", says.interval(1, "week"), "week"),
    Phrase(rf"monthly|{EVERY}\s+(?:calendar\s+)?month\b|{_PER_UNIT}(?:calendar\s+)?month\b", says.interval(1, "month"), "month"),
    Phrase(rf"quarterly|{EVERY}\s+(?:calendar\s+)?quarter\b|{_PER_UNIT}quarter\b", says.interval(1, "quarter"), "quarter"),
    Phrase(rf"yearly|annually|{EVERY}\s+(?:calendar\s+)?year\b|{_PER_UNIT}year\b", says.interval(1, "year"), "year annual"),
)  # fmt: skip
"""In order of precedence: the longer and more exact form before the shorter one it begins with."""
