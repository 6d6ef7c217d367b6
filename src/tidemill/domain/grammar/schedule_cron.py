"""Puts the phrases of a schedule together into one cron line, or says why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from tidemill.domain.grammar.clock_times import AFTERNOON, EVENING, MORNING, NIGHT, Clock, settle
from tidemill.domain.grammar.schedule_facts import ScheduleFacts
from tidemill.domain.schedule import MONTH_NAMES, Cron, never_fires, ordinal, parse_cron
from tidemill.errors import InvalidInput

_DAY_MINUTES = 24 * 60
_EXAMPLE = 'Say for example "every weekday at 7:30" or "every 15 minutes".'
_LONG = ("day", "week", "month", "quarter", "year")


class Unclear(Exception):
    """The phrases do not make up one exact schedule; the message says why and how to say it."""


@dataclass(frozen=True)
class WordsCron:
    """The cron line that the words of a sentence amount to."""

    cron: Cron
    notes: tuple[str, ...] = ()
    time_is_said: bool = True
    """False if midnight was taken because no time is named."""


def cron_of(facts: ScheduleFacts) -> WordsCron | None:
    """The cron line of a sentence, None if it says nothing about days and times.

    Raises:
        Unclear: If it says something that no cron line can say exactly, or that has more than one meaning.
    """
    if facts.problems:
        raise Unclear(facts.problems[0])
    written = _written_cron(facts)
    if not _speaks_of_times(facts):
        return WordsCron(written) if written else None
    if written and _fits(written, facts):
        return WordsCron(written)
    words = _cron_of_words(facts)
    if written and not _agree(words, written):
        raise Unclear(f"The words say `{words.cron.text}`, but the cron line given is `{written.text}`. Leave one of them out.")
    return WordsCron(written, words.notes) if written else words


def _written_cron(facts: ScheduleFacts) -> Cron | None:
    if not facts.crons:
        return None
    try:
        crons = [parse_cron(text) for text in facts.crons]
    except InvalidInput as invalid:
        raise Unclear(f"{invalid.message} {getattr(invalid.findings[0], 'fix', '')}".strip()) from invalid
    if any(not c.same_times(crons[0]) for c in crons):
        raise Unclear("More than one cron line is given; a pipeline has one schedule.")
    if never_fires(crons[0]):
        raise Unclear(f"`{crons[0].text}` names a day that does not exist, so it never fires.")
    return crons[0]


def _speaks_of_times(facts: ScheduleFacts) -> bool:
    return bool(facts.times or facts.minutes or facts.intervals or facts.start or facts.window or facts.weekdays or facts.excluded or facts.month_days
                or facts.months or facts.daypart)  # fmt: skip


def _agree(words: WordsCron, written: Cron) -> bool:
    """True if the words say what the cron line says, as far as they go: they may leave the time to it."""
    if words.time_is_said:
        return words.cron.same_times(written)
    fields = written.text.split()[:2] + words.cron.text.split()[2:]
    return parse_cron(" ".join(fields)).same_times(written)


def _fits(written: Cron, facts: ScheduleFacts) -> bool:
    """True if the words alone are too vague ("weekly", "every morning") and the cron line beside them is one of the things they can mean."""
    only_unit = not (facts.times or facts.minutes or facts.start or facts.window) and not (
        facts.weekdays or facts.month_days or facts.months or facts.excluded)  # fmt: skip
    if not only_unit or facts.counts or len(set(facts.intervals)) != 1 or facts.intervals[0][0] != 1:
        return False
    unit = facts.intervals[0][1]
    one_time = len(written.minutes) == len(written.hours) == 1
    any_date, any_month, any_weekday = len(written.month_days) == 31, len(written.months) == 12, len(written.weekdays) == 7
    if unit == "day" and facts.daypart:
        hour = min(written.hours)
        of_day = settle(Clock(hour, 1), facts.daypart)
        return one_time and any_date and any_month and any_weekday and not of_day.problem and of_day.hour == hour
    return one_time and {
        "week": any_date and any_month and len(written.weekdays) == 1,
        "month": any_weekday and any_month and len(written.month_days) == 1,
        "quarter": any_weekday and len(written.month_days) == 1 and written.months in ({1, 4, 7, 10}, {2, 5, 8, 11}, {3, 6, 9, 12}),
        "year": any_weekday and len(written.month_days) == len(written.months) == 1,
    }.get(unit, False)


def _cron_of_words(facts: ScheduleFacts) -> WordsCron:
    short = sorted({_in_minutes(i) for i in facts.intervals if i[1] in ("minute", "hour")})
    if len(short) > 1:
        raise Unclear("Two intervals are named; a pipeline has one schedule. " + _EXAMPLE)
    notes = list(facts.notes)
    days = _days(facts, notes, has_interval=bool(short))
    time_is_said = bool(short or facts.times or facts.start or facts.minutes)
    slots = _interval_slots(facts, short[0], notes) if short else _time_slots(facts, notes)
    minutes, hours = {s % 60 for s in slots}, {s // 60 for s in slots}
    if {h * 60 + m for h, m in product(hours, minutes)} != slots:
        raise Unclear(_uneven(facts, slots))
    cron = parse_cron(f"{_steps(minutes, 60) or _list(minutes)} {_hours_text(hours)} {days}")
    if never_fires(cron):
        raise Unclear(f"There is no such day: `{cron.text}` never fires.")
    return WordsCron(cron, tuple(notes), time_is_said)


def _in_minutes(interval: tuple[int, str]) -> int:
    return interval[0] * (60 if interval[1] == "hour" else 1)


def _uneven(facts: ScheduleFacts, slots: set[int]) -> str:
    if facts.window:
        first, last = facts.window[0], max(slots)
        step = next((_in_minutes(i) for i in facts.intervals if i[1] in ("minute", "hour")), 60)
        before = last // 60 * 60 - step + first.minutes % step
        return (f"One cron line cannot say that the last run is at {_clock(last)}: it says the same minutes for each hour. "
                f"Say \"from {first} to {_clock(before)}\" or \"from {first} to {_clock(before + 60)}\".")  # fmt: skip
    times = ", ".join(_clock(s) for s in sorted(slots))
    return f"One cron line cannot say the times {times}: it says the same minutes for each hour. Use the same minute for all, or a pipeline for each."


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _interval_slots(facts: ScheduleFacts, step: int, notes: list[str]) -> set[int]:
    """The minutes of the day at which `every 15 minutes` or `every 4 hours` fires."""
    if _DAY_MINUTES % step or (step > 60 and step % 60) or (step < 60 and 60 % step):
        raise Unclear(f"Every {_interval_text(step)} cannot be said by a cron line, which starts anew each hour and each day. "
                      f"Say \"every {_nearest_step(step)}\".")  # fmt: skip
    minute = min(facts.minutes, default=0)
    if facts.minutes and step < 60 and (minute >= step or len(facts.minutes) > 1):
        raise Unclear(f'"Every {_interval_text(step)}" and "at minute {minute}" contradict each other. ' + _EXAMPLE)
    if facts.minutes and step > 60 and len(facts.minutes) > 1:
        raise Unclear("Two minutes of the hour are named. " + _EXAMPLE)
    if facts.window:
        return _window_slots(facts, step, minute)
    start = _start(facts, step, notes)
    if start is None:
        return {m for first in (facts.minutes or {0}) for m in range(first, _DAY_MINUTES, step)}
    if step > 60 and start.minutes >= step:
        notes.append(f"Every {_interval_text(step)} through {start}, around the clock.")
    return {(start.minutes + k * step) % _DAY_MINUTES for k in range(_DAY_MINUTES // step)}


def _start(facts: ScheduleFacts, step: int, notes: list[str]) -> Clock | None:
    """The time that an interval is counted from, None if it is counted from midnight."""
    start, every = facts.start, f"every {_interval_text(step)}"
    if facts.times:
        if start or len(facts.times) > 1 or step <= 60:
            at = _settled(facts.times[0], facts, [])
            raise Unclear(f'"{every.capitalize()}" and "at {at}" contradict each other: name an interval or times. {_EXAMPLE}')
        start = _settled(facts.times[0], facts, notes)
    if start and facts.minutes:
        raise Unclear("A start and a minute of the hour are named; leave one of them out. " + _EXAMPLE)
    if start and step <= 60 and start.hour:
        raise Unclear(f'"{every.capitalize()} from {start}" does not say until when: say "{every} from {start} to 17:59", or leave the start out.')
    return start


def _window_slots(facts: ScheduleFacts, step: int, minute: int) -> set[int]:
    assert facts.window
    first, last = (c.minutes for c in facts.window)
    if facts.times or facts.start:
        raise Unclear("A span and a time of day are named; leave one of them out. " + _EXAMPLE)
    if facts.minutes and first % 60 == 0 and step >= 60:
        # "hourly at :15 from 9 to 17": the span names hours.
        first, last = first + minute, last + minute if last % 60 == 0 else last
    elif facts.minutes:
        raise Unclear("A span and a minute of the hour are named; leave one of them out. " + _EXAMPLE)
    if last <= first:
        if facts.weekdays or facts.month_days or facts.excluded:
            raise Unclear("A span over midnight on certain days can be read in two ways. Name the hours of one day, such as 18:00 to 23:00.")
        last += _DAY_MINUTES
    return {slot % _DAY_MINUTES for slot in range(first, last + 1, step)}


def _time_slots(facts: ScheduleFacts, notes: list[str]) -> set[int]:
    """The minutes of the day that are named; midnight if there are none."""
    if facts.window:
        raise Unclear('A span of hours is named, but not how often within it. Say for example "every hour from 8:00 to 18:00".')
    if facts.minutes:
        raise Unclear('A minute is named, but not of which hours. Say for example "every hour at minute 15" or "daily at 6:15".')
    times = [_settled(t, facts, notes) for t in facts.times] or ([facts.start] if facts.start else [])
    _check_count(facts, "day", len({t.minutes for t in times}), "times", "at 6:00 and 18:00")
    if times:
        return {t.minutes for t in times}
    if facts.daypart:
        example = {MORNING: "7:00", AFTERNOON: "15:00", EVENING: "19:00", NIGHT: "23:00"}[facts.daypart]
        raise Unclear(f'"{facts.daypart.capitalize()}" is not a time. Say for example "every {facts.daypart} at {example}".')
    notes.append("No time is named; midnight (00:00) was taken.")
    return {0}


def _settled(clock: Clock, facts: ScheduleFacts, notes: list[str]) -> Clock:
    settled = settle(clock, facts.daypart)
    if settled.problem:
        raise Unclear(settled.problem)
    if settled.bare:
        notes.append(f"{clock.text!r} was read as {settled}.")
    return settled


def _check_count(facts: ScheduleFacts, unit: str, named: int, what: str, example: str) -> None:
    for count, of in facts.counts:
        if of == unit and count != named:
            number = {2: "Twice", 3: "Three times"}.get(count, f"{count} times")
            if named:
                raise Unclear(f"{number} a {unit}, but {named} of the {what} {'is' if named == 1 else 'are'} named.")
            raise Unclear(f'{number} a {unit}: name the {what}, such as "{"twice" if count == 2 else f"{count} times"} a {unit} {example}".')


def _days(facts: ScheduleFacts, notes: list[str], *, has_interval: bool) -> str:
    """The last three fields of the cron line."""
    units = {unit for _, unit in facts.intervals} & set(_LONG)
    for count, unit in facts.intervals:
        if count > 1 and unit in ("day", "week", "year", "business day", "working day", "weekday"):
            raise Unclear(f"Every {count} {unit}s cannot be said by a cron line, which does not count {unit}s over the end of a month. "
                          "Say \"every Monday at 6:00\", or \"on the 1st and 15th of each month at 6:00\".")  # fmt: skip
    if any(u == "hour" and c > 1 for c, u in facts.counts):
        raise Unclear('How the runs are spread over the hour is not said. Say "every 30 minutes".')
    if facts.month_days or facts.months or units & {"month", "quarter", "year"}:
        return _dates(facts, units, notes)
    weekdays = _weekdays(facts)
    _check_count(facts, "week", len(weekdays) if facts.weekdays else 0, "days", "on Monday and Thursday")
    if not facts.weekdays and "week" in units:
        raise Unclear('"Weekly" does not say on which day. Say for example "every Monday at 6:00".')
    if not (facts.weekdays or facts.excluded or units or has_interval or (facts.daypart and facts.recurring)):
        raise Unclear(f'A time is named, but not on which days. Say for example "daily at {_some_time(facts)}".')
    if "week" in units and "day" in units:
        raise Unclear("Both daily and weekly are named. " + _EXAMPLE)
    if "day" in units and len(facts.weekdays) == 1:
        raise Unclear("Both every day and one day of the week are named. " + _EXAMPLE)
    return f"* * {_weekdays_text(weekdays)}"


def _some_time(facts: ScheduleFacts) -> str:
    times = facts.times or ([facts.start] if facts.start else [])
    return str(settle(times[0], facts.daypart)) if times else "6:00"


def _weekdays(facts: ScheduleFacts) -> set[int]:
    weekdays = (facts.weekdays or set(range(7))) - facts.excluded
    if not weekdays:
        raise Unclear("All days are left out. " + _EXAMPLE)
    return weekdays


def _dates(facts: ScheduleFacts, units: set[str], notes: list[str]) -> str:
    months = _months(facts, units)
    if facts.weekdays or facts.excluded:
        if facts.month_days or units & {"month", "quarter", "year"}:
            raise Unclear("A cron line with a day of the month and a weekday fires on either of them. Name one of the two: "
                          "\"every Monday at 6:00\" or \"on the 1st of each month at 6:00\".")  # fmt: skip
        return f"* {_list(months)} {_weekdays_text(_weekdays(facts))}"
    _check_count(facts, "month", len(facts.month_days), "days", "on the 1st and 15th")
    _check_count(facts, "year", len(months) * len(facts.month_days) if facts.months else 0, "dates", "on the 1st of January and July")
    if not facts.month_days:
        if "day" in units or (facts.months and any(u in ("minute", "hour") for _, u in facts.intervals)):
            if units & {"month", "quarter", "year"}:
                raise Unclear("Both daily and monthly are named. " + _EXAMPLE)
            return f"* {_list(months)} *"
        raise Unclear(_which_day(facts, units))
    if facts.dates and facts.dates != set(product(facts.month_days, months)):
        raise Unclear("One cron line cannot say these dates: it says the same days for each month. Use a pipeline for each.")
    if "week" in units or (facts.dates and not facts.recurring):
        raise Unclear('A date is named, but not that it comes again. Say "every year on 2 January at 4:00".')
    if bad := [d for d in facts.month_days if not 1 <= d <= 31]:
        raise Unclear(f"No month has a {ordinal(bad[0])} day.")
    if (late := [d for d in sorted(facts.month_days) if d > 28]) and not facts.dates:
        notes.append(f"Months without a {_or(late)} are left out.")
    return f"{_list(facts.month_days)} {_list(months) if len(months) < 12 else '*'} *"


def _months(facts: ScheduleFacts, units: set[str]) -> set[int]:
    if facts.months:
        return facts.months
    steps = {count for count, unit in facts.intervals if unit == "month"}
    if "quarter" in units:
        if any(c > 1 for c, u in facts.intervals if u == "quarter") or facts.month_days - {1}:
            raise Unclear("Only the first day of each quarter can be named so. Name the months: "
                          "\"on the 15th of January, April, July and October at 6:00\".")  # fmt: skip
        return {1, 4, 7, 10}
    if "year" in units:
        raise Unclear('"Yearly" does not say on which date. Say for example "every year on 2 January at 4:00".')
    step = max(steps, default=1)
    if 12 % step:
        raise Unclear(f"Every {step} months cannot be said by a cron line, which starts anew each year. Name the months.")
    if step > 1:
        raise Unclear(f'Every {step} months does not say which. Name them: "on the 1st of {_example_months(step)} at 6:00".')
    return set(range(1, 13))


def _example_months(step: int) -> str:
    names = MONTH_NAMES[::step]
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _which_day(facts: ScheduleFacts, units: set[str]) -> str:
    if facts.months:
        return 'A month is named, but not on which day. Say for example "every year on 2 January at 4:00".'
    if "quarter" in units:
        return '"Quarterly" does not say on which day. Say for example "on the first day of each quarter at 5:00".'
    return '"Monthly" does not say on which day. Say for example "on the 1st of each month at 6:00".'


def _interval_text(step: int) -> str:
    if step % 60 == 0:
        return "hour" if step == 60 else f"{step // 60} hours"
    return "minute" if step == 1 else f"{step} minutes"


def _nearest_step(step: int) -> str:
    steps = [d for d in range(1, 61) if 60 % d == 0] + [h * 60 for h in range(2, 25) if 24 % h == 0]
    return _interval_text(min(steps, key=lambda s: abs(s - step)))


def _hours_text(hours: set[int]) -> str:
    values = sorted(hours)
    if steps := _steps(hours, 24):
        return steps
    contiguous = values == list(range(values[0], values[-1] + 1))
    return f"{values[0]}-{values[-1]}" if contiguous and len(values) > 2 else _list(hours)


def _steps(values: set[int], cycle: int) -> str:
    """`*`, or `*/15` where the values are all its multiples within the cycle; else nothing."""
    if len(values) == cycle:
        return "*"
    step = cycle // len(values)
    return f"*/{step}" if values == set(range(0, cycle, step)) and step <= cycle // 2 else ""


def _weekdays_text(weekdays: set[int]) -> str:
    if len(weekdays) == 7:
        return "*"
    values = sorted(weekdays)
    contiguous = values == list(range(values[0], values[-1] + 1)) and len(values) > 2
    return f"{values[0]}-{values[-1]}" if contiguous else _list(weekdays)


def _list(values: set[int]) -> str:
    return ",".join(str(v) for v in sorted(values))


def _or(days: list[int]) -> str:
    return " or ".join(ordinal(d) for d in days)
