"""Reads when a pipeline runs out of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidemill.domain.grammar import schedule_frames as frames
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
    if len(sentence) > _LONGEST or not (expected or frames.TALK.search(sentence)):
        return None
    start = _end(frames.BULLET.regex, sentence, 0)
    label = frames.LABEL.regex.match(sentence, start)
    if label and not sentence[label.end() :].strip(" .*_"):
        return None
    if label and (expected or label["word"].lower() != "event"):
        return _labelled(sentence, label, expected=expected)
    if frames.UNSCHEDULED.regex.match(sentence, start):
        return ScheduleReading(Trigger.MANUAL)
    if expected and (found := _expected(sentence, start)):
        return found
    return _whole(sentence, start) or _framed(sentence) or _first(sentence, start) or _last(sentence, start)


_LONGEST = 2_000
"""Characters; nobody says when to run in more, and the search for it grows with the square of the length."""
_EXAMPLE = 'Say for example "every weekday at 7:30", "every 15 minutes", "on the 1st of each month at 6:00" or a cron line "0 9 * * *".'


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _labelled(text: str, label: re.Match[str], *, expected: bool) -> ScheduleReading | None:
    """What stands after "Schedule:" is one, or is said to be unreadable; after "Frequency:" or "Interval =" it may be a column."""
    word, content = label["word"].lower(), text[label.end() :].strip(" .*_`\"'")
    if frames.NOTHING.regex.fullmatch(content):
        return ScheduleReading(Trigger.MANUAL)
    if word.startswith("trigger") and content.lower() in ("scheduled", "schedule", "cron", "time", "timer"):
        return ScheduleReading(Trigger.SCHEDULED)
    found = _expected(text, label.start() if word.startswith(frames.SELF_READING) else label.end())
    if "=" in label[0] and not expected and (found is None or found.problem):
        return None
    if found is None or (found.trigger is None and not (found.problem or found.timezone or found.missed_runs)):
        if found is None and not (expected or frames.SURE_LABEL.regex.match(word)):
            return None
        return ScheduleReading(problem=f"{content!r} is not a schedule that can be read. {_EXAMPLE}")
    return found


def _expected(text: str, start: int) -> ScheduleReading | None:
    """The sentence is to hold a schedule; what is left over is told."""
    frame = frames.FRAME.regex.match(text, start)
    scans = [scan(text, begin) for begin in ([start, frame.end()] if frame else [start])]
    found = [(facts, end) for facts, end in scans if facts.any]
    facts, end = next((pair for pair in found if _at_end(text, pair[1])), found[0] if found else (ScheduleFacts(), start))
    return _reading(text, facts, 0, end) if facts.any else None


def _whole(text: str, start: int) -> ScheduleReading | None:
    """The sentence is a schedule and nothing else."""
    facts, end = scan(text, start)
    zone_only = facts.zones and re.search(r"time\s?zone|all\s+times", text, re.IGNORECASE)
    event = facts.events and re.search(r"\b(?:on|upon|when\w*|trigger\w*|after|once|as\s+soon)\b", text, re.IGNORECASE)
    says = facts.recurring or facts.crons or event or facts.manual or facts.missed or zone_only
    return _reading(text, facts, 0, end) if says and _at_end(text, end) else None


def _framed(text: str) -> ScheduleReading | None:
    """`run it`, `it should run`, `schedule` … directly followed by a schedule."""
    for frame in frames.FRAME.regex.finditer(text):
        before = text[: frame.start()]
        # "Runs daily" speaks of this pipeline; "the export job runs daily" does not.
        if frame["bare"] and not frames.CLAUSE_START.regex.search(before):
            continue
        if (
            frames.DESCRIBES.regex.search(before)
            or _quoted(text, frame.start())
            or frames.FOR_EACH.regex.search(text[frame.start() : frame.end() + 6])
        ):
            continue
        facts, end = scan(text, frame.end())
        if facts.any and (facts != ScheduleFacts(zones=facts.zones)):
            if frames.NEGATED.regex.search(before):
                return ScheduleReading(problem=f"{text.strip()!r} says when not to run. Say when to run. {_EXAMPLE}", rest=_tidy(before, ""))
            return _reading(text, facts, frame.start(), end)
    return None


def _first(text: str, start: int) -> ScheduleReading | None:
    """`Every weekday at 7:30, load orders.csv.`"""
    opened = frames.FIRST_OPENER.regex.match(text, start)
    if not opened:
        return None
    facts, end = scan(text, start)
    timed = facts.times or facts.events or facts.problems or any(n > 1 for n, _ in facts.intervals) or (facts.weekdays and not opened["on"])
    if not (timed and (facts.strong or facts.problems)) or not frames.CONTINUES.regex.match(text, end):
        return None
    return _reading(text, facts, start, end)


def _last(text: str, start: int) -> ScheduleReading | None:
    """`Save the table to out.csv every day at 6:00.`"""
    if not frames.IMPERATIVE.regex.match(text, start):
        return None
    for opener in frames.OPENER.regex.finditer(text, start):
        facts, end = scan(text, opener.start())
        if not _at_end(text, end) or not (facts.crons or facts.events or facts.recurring):
            continue
        before = text[start : opener.start()]
        if frames.DESCRIBES.regex.search(before) or _quoted(text, opener.start()):
            return None
        if facts.crons or facts.events or facts.times or facts.problems:
            return _reading(text, facts, opener.start(), end)
        if frames.WRITES.regex.match(before) and not frames.TARGET.regex.search(before):
            words = text[opener.start() :].strip(" .!")
            problem = f'It is not clear whether {words!r} says when the pipeline runs. If it does, say "Run it {words}", with the time of day.'
            return ScheduleReading(problem=problem, rest=_tidy(before, ""))
    return None


def _at_end(text: str, position: int) -> bool:
    return _end(frames.BLANK.regex, text, position) == len(text)


def _quoted(text: str, position: int) -> bool:
    return text[:position].count('"') % 2 == 1


def _reading(text: str, facts: ScheduleFacts, start: int, end: int) -> ScheduleReading:
    """The facts as a reading; words after them that no phrase covers are a problem, unless they begin something new.

    Args:
        start: Where the words about the schedule begin; what stands before is left over.
        end: Where they end.
    """
    tail = text[end:] if not _at_end(text, end) else ""
    if tail and not frames.CONTINUES.regex.match(tail):
        whole, words = text[start:].strip(), tail.strip(" .,;:")
        problem = f"In {whole!r} the words {words!r} are not understood as part of a schedule. {_EXAMPLE}"
        return ScheduleReading(problem=problem, rest=_tidy(text[:start], ""))
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
    if re.fullmatch(r"[\s\d.)(*_>+•-]*|\s*[a-z][.)]\s*", before) or frames.POLITE.regex.fullmatch(before.strip()):
        return after.strip()
    return f"{before.rstrip()}, {after.strip()}" if re.search(r"\w", after) else before.strip()
