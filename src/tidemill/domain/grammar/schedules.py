"""Reads when a pipeline runs out of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidemill.domain.grammar.schedule_cron import Unclear, cron_of
from tidemill.domain.grammar.schedule_facts import ScheduleFacts
from tidemill.domain.grammar.schedule_phrases import scan
from tidemill.domain.pipeline import MissedRuns, Trigger


@dataclass(frozen=True)
class ScheduleReading:
    """What a sentence says about when the pipeline runs.

    Several sentences may each say a part (one the time, one the time zone); a reading with neither `trigger` nor `problem` only
    adds what it holds to the others.
    """

    trigger: Trigger | None = None
    """What starts a run, if the sentence says so."""
    cron: str | None = None
    """Five-field cron line, with `Trigger.SCHEDULED`."""
    timezone: str | None = None
    """IANA name."""
    event: str | None = None
    """Name of the event, with `Trigger.EVENT`."""
    missed_runs: MissedRuns | None = None
    problem: str = ""
    """Not empty: the sentence speaks of a schedule that cannot be read exactly; why, and an example that can be."""
    note: str = ""
    """What the words were taken to mean, where that is worth a word."""
    rest: str = ""
    """What the sentence says besides, without the words about the schedule; empty if it says nothing else."""


def find_schedule(sentence: str, *, expected: bool = False) -> ScheduleReading | None:
    """The schedule a sentence speaks of, None if it speaks of none.

    Nothing is approximated: what a five-field cron line cannot say exactly, or what can be read in two ways, is a `problem`.
    Lines under one "Schedule" heading that say a part each (frequency, time, time zone) are read together when joined by `; `.

    Args:
        expected: The sentence stands under a heading or label such as "Schedule", so that "Mondays at 9" needs no further sign.
    """
    if not (expected or _TALK.search(sentence)):
        return None
    start = _end(_BULLET, sentence, 0)
    label = _LABEL.match(sentence, start)
    if label and not sentence[label.end() :].strip(" .*_"):
        return None
    if label:
        return _labelled(sentence, label)
    if expected and (found := _expected(sentence, start)):
        return found
    return _whole(sentence, start) or _framed(sentence) or _first(sentence, start) or _last(sentence, start)


_TALK = re.compile(
    r"\*|@|\b(?:every|each|daily|everyday|nightly|hourly|minutely|weekly|monthly|quarterly|yearly|annually|fortnight\w*|bi-?\w+ly|semi-?\w+ly|once|"
    r"twice|thrice|"
    r"\d\s+times|when\w*|weekdays?|weekends?|work(?:ing)?[- ]?days?|business\s+days?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|schedul\w+|"
    r"cron\w*|run\w*|"
    r"trigger\w*|execut\w+|refresh\w*|update\w*|repeat\w*|launch\w*|event\w*|manual\w*|(?:on|by)[- ](?:demand|hand|request|event)|ad[- ]hoc|"
    r"as\s+needed|"
    r"time\s?zone|tz|all\s+times|missed|frequency|cadence|timing|interval|recurrence|mornings?|evenings?|start|kick|(?:of|in)\s+(?:the|"
    r"a)\s+(?:month|quarter)|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)\s*[-–,])\b",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\s*(?:[-*•>+]\s+|\d{1,2}[.)]\s+|[a-z][.)]\s+)*[*_]*", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:(?:run|execution|refresh|pipeline|job|proposed)\s+)?(?P<word>schedul(?:e|ing)(?:\s*(?:/|and|&)\s*trigger)?|trigger(?:\s*(?:/|and|"
    r"&)\s*schedule)?|frequency|cadence|timing|"
    r"recurrence|how\s+often|interval|when(?:\s+to\s+run)?|runs?(?:\s+(?:at|on|time|times))?|execution|execute|cron(?:tab)?(?:\s+(?:expression|line|"
    r"schedule))?|"
    r"time\s?zone|tz|event|missed\s+runs?)\s*[*_]*\s*(?::|=|\s[-–—]\s)\s*[*_]*\s*",
    re.IGNORECASE,
)
_SELF_READING = ("time", "tz", "event", "missed")
"""Labels that belong to the phrase itself (`time zone: UTC`), so that the phrase is read from the label on."""

_THING = (r"(?:(?:all\s+(?:of\s+)?)?(?:this|it)|everything|(?:the|this|our|my)\s+(?:(?:whole|entire|complete|full|new|data)\s+){0,2}"
          r"(?:pipeline|job|workflow|process|flow|script|report|thing|run|summary|result|output|table|file|dashboard|extract|etl)s?)")  # fmt: skip
_DO = r"(?:run|execute|schedule|trigger|repeat|launch|start|kick\s+off|refresh|update|rebuild|regenerate|rerun|re-run|do)"
_DONE = (r"(?:run|runs|running|executed?|executes|scheduled?|triggered?|launched|started?|starts|kicked\s+off|refreshed|refreshes|refresh|updated?|"
         r"updates|rebuilt|"
         r"regenerated|repeated|repeats?|recomputed|happen|happens|done|produced|ready|there|available|finished|in\s+place|up\s+to\s+date|"
         r"fresh)")  # fmt: skip
_MODAL = (r"(?:should|must|needs?\s+to|has\s+to|have\s+to|shall|will|is\s+to|ought\s+to|can|is\s+supposed\s+to|is\s+meant\s+to|is\s+expected\s+to|"
          r"would|may|is|are|gets?|"
          r"should\s+only|must\s+only|will\s+only)")  # fmt: skip
_EXTRA = r"(?:\s+(?:be|get|only|always|automatically|itself|to\s+be|to\s+run|run|unattended|once\s+more))*"
_FRAME = re.compile(
    rf"\b(?:(?:please\s+|only\s+|then\s+|and\s+|also\s+)*{_DO}(?:\s+(?:{_THING}|that))?{_EXTRA}"
    rf"|{_THING}\s+(?:{_MODAL}\s+)?(?:be\s+|get\s+|to\s+be\s+|only\s+|always\s+|automatically\s+|to\s+)*{_DONE}{_EXTRA}"
    rf"|(?:{_MODAL}|to)\s+(?:be\s+|only\s+)*{_DONE}{_EXTRA}"
    rf"|(?:I|we)(?:['’]d|\s+would)?\s+(?:like|want|need|prefer)\s+(?:{_THING}\s+)?(?:to\s+)?(?:be\s+)?(?:{_DONE})?{_EXTRA}"
    rf"|(?:have|let|make|set|get)\s+{_THING}(?:\s+up)?\s+(?:to\s+)?{_DONE}{_EXTRA}"
    rf"|(?P<bare>runs|running|scheduled|triggered|executed|executes)|use\s+(?:the\s+)?(?:schedule|cron)|(?:the\s+)?(?:schedule|cron(?:\s+(?:line|"
    rf"expression))?|trigger)\s+(?:is|should\s+be|to))"
    r"(?=[\s:,(]|$)[:,]?\s*(?:(?:for|as|with|to)\s+(?=[\"'`(@*]|(?:every|each|daily|the\s+cron)\b))?",
    re.IGNORECASE,
)
_DESCRIBES = re.compile(
    r"\b(?:which|who|whose|that|where|upstream|system|they|is|are|was|were|be|been|being|of|for|per|by|from|over|in|if|than|within|the|a|an|"
    r"taken|recorded|measured|logged|exported|written|produced|generated|updated|refreshed|arriving|made|placed|created|received|sent|collected|"
    r"delivered)\s*$"
    r"|\b(?:which|who|whose|that)\s+(?:is|are|was|were|gets?|has|have|runs?|comes?|arrives?|lands?)\b|\bthat\s+\w+s\b",
    re.IGNORECASE,
)
_ACTIONS = (r"(?:please\s+|then\s+|and\s+|finally,?\s+|(?:we|i|you)\s+(?:should|must|need\s+to|want\s+to)\s+)*"
            r"(?:load|read|fetch|take|pull|import|get|grab|refresh|rebuild|run|produce|create|generate|send|export|deliver|publish|build|write|save|"
            r"update|download|"
            r"collect|copy|move|sync|extract|store|put|output|join|combine|merge|append|make|compute|calculate|prepare|ingest|report|"
            r"summari[sz]e)\b")  # fmt: skip
_CONTINUES = re.compile(rf"\s*(?:[,;:.–—-]+\s*|and\s+|then\s+|to\s+|we\s+|i\s+)*(?:{_ACTIONS}|{_THING}\s+{_MODAL}\b)", re.IGNORECASE)
_IMPERATIVE = re.compile(_ACTIONS, re.IGNORECASE)
_OPENER = re.compile(
    r"\b(?:every|each|daily|nightly|hourly|weekly|monthly|quarterly|yearly|annually|once\s+(?:a|per)|twice|on\s+(?:weekdays|weekends|the\s+\d|"
    r"the\s+first|\w+days\b)|"
    r"at\s+\d|(?:mon|tues|wednes|thurs|fri|satur|sun)days|weekdays|(?:up)?on\s+(?:the\s+)?event|when(?:ever)?\s)",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[\s.!,;:*_)\]\"'`”]*")


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _labelled(text: str, label: re.Match[str]) -> ScheduleReading:
    """What stands after "Schedule:" is one, or is said to be unreadable."""
    word = label["word"].lower()
    start = label.start() if word.startswith(_SELF_READING) else label.end()
    content = text[label.end() :].strip(" .*_`\"'").lower()
    if re.fullmatch(r"(?:none|no|n/?a|-+|never|not\s+(?:needed|required|scheduled)|nothing)(?:\s+(?:needed|required|yet|for\s+now|"
                    r"schedule))*", content):
        return ScheduleReading(Trigger.MANUAL)
    if word.startswith("trigger") and content in ("scheduled", "schedule", "cron", "time", "timer"):
        return ScheduleReading(Trigger.SCHEDULED)
    found = _expected(text, start)
    if found is None or (found.trigger is None and not (found.problem or found.timezone or found.missed_runs)):
        return ScheduleReading(problem=f"{text[label.end() :].strip()!r} is not a schedule that can be read. {_EXAMPLE}")
    return found


_EXAMPLE = 'Say for example "every weekday at 7:30", "every 15 minutes", "on the 1st of each month at 6:00" or a cron line "0 9 * * *".'


def _expected(text: str, start: int) -> ScheduleReading | None:
    """The sentence is to hold a schedule; what is left over is told."""
    frame = _FRAME.match(text, start)
    begins = [frame.end(), start] if frame else [start]
    for begin in begins:
        facts, end = scan(text, begin)
        if facts.any:
            return _reading(text, facts, 0, end)
    return None


def _whole(text: str, start: int) -> ScheduleReading | None:
    """The sentence is a schedule and nothing else."""
    facts, end = scan(text, start)
    zone_only = facts.zones and re.search(r"time\s?zone|all\s+times", text, re.IGNORECASE)
    says = facts.recurring or facts.crons or facts.events or facts.manual or facts.missed or zone_only
    return _reading(text, facts, 0, end) if says and _at_end(text, end) else None


def _framed(text: str) -> ScheduleReading | None:
    """`run it`, `it should run`, `schedule` … directly followed by a schedule."""
    for frame in _FRAME.finditer(text):
        before = text[: frame.start()]
        # "Runs daily" speaks of this pipeline; "the export job runs daily" does not.
        if _DESCRIBES.search(before) or _quoted(text, frame.start()) or (frame["bare"] and not re.search(r"(?:^|[.;:,)•*-])\s*(?:and\s+)?$", before)):
            continue
        facts, end = scan(text, frame.end())
        if facts.any and (facts.recurring or facts.problems or facts.manual or facts.events or facts.crons or facts.times or facts.month_days or facts.weekdays):
            return _reading(text, facts, frame.start(), end)
    return None


def _first(text: str, start: int) -> ScheduleReading | None:
    """`Every weekday at 7:30, load orders.csv.`"""
    facts, end = scan(text, start)
    opened = re.compile(r"(?:on\s+)?(?:every|each|daily|nightly|weekly|monthly|at|when\w*|upon|"
                        r"on\s+(?:the\s+)?event)\b", re.IGNORECASE).match(text, start)
    timed = facts.times or facts.events or facts.weekdays or facts.problems or any(n > 1 for n, _ in facts.intervals)
    if not (opened and timed and (facts.strong or facts.problems)) or not _CONTINUES.match(text, end):
        return None
    return _reading(text, facts, start, end)


def _last(text: str, start: int) -> ScheduleReading | None:
    """`Save the table to out.csv every day at 6:00.`"""
    imperative = _IMPERATIVE.match(text, start)
    if not imperative:
        return None
    for opener in _OPENER.finditer(text, start):
        facts, end = scan(text, opener.start())
        if not _at_end(text, end) or not (facts.crons or facts.events or (facts.recurring and (facts.times or facts.problems))):
            continue
        if _DESCRIBES.search(text[start : opener.start()]) or _quoted(text, opener.start()):
            return None
        return _reading(text, facts, opener.start(), end)
    return None


def _at_end(text: str, position: int) -> bool:
    return _end(_BLANK, text, position) == len(text)


def _quoted(text: str, position: int) -> bool:
    return text[:position].count('"') % 2 == 1


def _reading(text: str, facts: ScheduleFacts, start: int, end: int) -> ScheduleReading:
    """The facts as a reading; words after them that no phrase covers are a problem, unless they begin something new."""
    tail = text[end:] if not _at_end(text, end) else ""
    if tail and not _CONTINUES.match(tail):
        rest = _tidy(text[:start], "")
        words = tail.strip(" .,;:")
        return ScheduleReading(problem=f"In {text[start:].strip()!r} the words {words!r} are not understood as part of a schedule. "
                                       f"{_EXAMPLE}", rest=rest)
    rest = _tidy(text[:start], tail)
    try:
        return _settled(facts, rest)
    except Unclear as unclear:
        return ScheduleReading(problem=str(unclear), rest=rest)


def _settled(facts: ScheduleFacts, rest: str) -> ScheduleReading:
    cron = cron_of(facts)
    zones = list(dict.fromkeys(facts.zones))
    if len(zones) > 1:
        raise Unclear(f"Two time zones are named, {zones[0]!r} and {zones[1]!r}; a pipeline has one.")
    kinds = [bool(cron), bool(facts.events), facts.manual]
    if sum(kinds) > 1 or len(set(facts.events)) > 1:
        raise Unclear("More than one way to start a run is named; a pipeline is started by hand, by one schedule, or by one event.")
    trigger = Trigger.SCHEDULED if cron else Trigger.EVENT if facts.events else Trigger.MANUAL if facts.manual else None
    notes = " ".join(dict.fromkeys(cron.notes if cron else facts.notes))
    return ScheduleReading(trigger, cron.cron.text if cron else None, zones[0] if zones else None, _event(facts), facts.missed, note=notes, rest=rest)


def _event(facts: ScheduleFacts) -> str | None:
    if not facts.events:
        return None
    name = facts.events[0]
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,99}", name):
        slug = re.sub(r"[^a-z0-9._-]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()).strip("-")
        raise Unclear(f"{name!r} cannot be the name of an event: small letters, digits, dots and hyphens only, such as {slug!r}.")
    return name


def _tidy(before: str, after: str) -> str:
    """What is left of a sentence when the schedule is taken out, without dangling commas and ands."""
    before = re.sub(r"(?:[\s,;:–—-]|\b(?:and|then|please|also)\b)+$", "", before, flags=re.IGNORECASE)
    after = re.sub(r"^(?:[\s,;:.–—-]|\b(?:and|then)\b)+", "", after, flags=re.IGNORECASE)
    if re.fullmatch(r"[\s\d.)(*_>+•-]*|\s*[a-z][.)]\s*", before):
        return after.strip()
    return f"{before.rstrip()}, {after.strip()}" if re.search(r"\w", after) else before.strip()
