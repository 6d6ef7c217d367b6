"""Cron lines: what they say, when they fire, and which fire times were missed.

Daylight saving follows Debian's cron. A line with fixed minutes and hours (`30 2 * * *`) fires once a day: if the clock jumps over
its time, at the first minute after the jump; if the clock is set back and the time comes twice, at the first of the two. A line
whose minute or hour field starts with `*` (`*/30 * * * *`) follows elapsed time: it leaves out what the jump skips and fires
again in the hour that comes twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise, product
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim

from tidemill.domain.finding import Finding, error, warning
from tidemill.domain.nearest import nearest
from tidemill.domain.pipeline import MissedRuns
from tidemill.errors import InvalidInput

CATCH_UP_LIMIT = 1000
"""Most runs that `catchUp` makes up for; the newest are kept."""

ALIASES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
WEEKDAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_NAMES = {name[:3].lower(): i for i, name in enumerate(WEEKDAY_NAMES)}
_MONTHS = {name[:3].lower(): i for i, name in enumerate(MONTH_NAMES, 1)}
_FEW = 6
_SPANS_H = (1, 12, 24 * 7, 24 * 60, 24 * 365, 24 * 365 * 8, 24 * 365 * 60)


@dataclass(frozen=True)
class _Field:
    """One of the five fields of a cron line."""

    name: str
    low: int
    high: int
    cycle: int
    """How many units until it starts again."""
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, 60, {}),
    _Field("hour", 0, 23, 24, {}),
    _Field("day of month", 1, 31, 31, {}),
    _Field("month", 1, 12, 12, _MONTHS),
    _Field("day of week", 0, 7, 7, _NAMES),
)


@dataclass(frozen=True)
class Cron:
    """A cron line that was read."""

    text: str
    """The line with numbers instead of names and aliases, single spaces."""
    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday, 6 is Saturday."""
    either_day: bool
    """Day of month and day of week are both restricted: a day that fits one of them is enough."""

    def same_times(self, other: Cron) -> bool:
        """True if both fire at the same times, however they are written."""
        return (self.minutes, self.hours, self.months, self._days) == (other.minutes, other.hours, other.months, other._days)

    @property
    def _days(self) -> tuple[frozenset[int], frozenset[int], bool]:
        return self.month_days, self.weekdays, self.either_day


def parse_cron(text: str) -> Cron:
    """Reads a five-field cron line: minute, hour, day of month, month, day of week.

    Names (`mon`, `jan`) and `@daily` with its kin are read too.

    Raises:
        InvalidInput: With one finding for each field that is wrong.
    """
    line = ALIASES.get(text.strip().lower(), text.strip())
    fields = line.lower().split()
    if len(fields) != len(_FIELDS):
        raise _invalid(text, [_wrong_count(text, fields)])
    read: list[tuple[str, frozenset[int]]] = []
    findings: list[Finding] = []
    for kind, written in zip(_FIELDS, fields, strict=True):
        try:
            read.append(_read_field(kind, written))
        except ValueError as problem:
            findings.append(_bad_field(text, kind, written, str(problem)))
    if findings:
        raise _invalid(text, findings)
    texts = [t for t, _ in read]
    minutes, hours, month_days, months, weekdays = (values for _, values in read)
    either = not (texts[2].startswith("*") or texts[4].startswith("*"))
    return Cron(" ".join(texts), minutes, hours, month_days, months, frozenset(d % 7 for d in weekdays), either)


def never_fires(cron: Cron) -> bool:
    """True of a line whose days do not exist, such as 31 February."""
    return not cron.either_day and not any(day <= DAYS_IN_MONTH[month - 1] for month, day in product(cron.months, cron.month_days))


def next_fire_times(cron: Cron, timezone: str | None, *, after: datetime, count: int) -> tuple[datetime, ...]:
    """The next `count` times a line fires after `after`, in UTC, oldest first; fewer if it fires no more.

    Args:
        timezone: IANA name of the clock that the line is read by; UTC if None.
        after: Aware; a time equal to it is not among the answers.
    """
    return tuple(_fire_times(cron, timezone, after=after, until=None, count=count))


def missed_fire_times(cron: Cron, timezone: str | None, *, last: datetime, now: datetime, policy: MissedRuns) -> tuple[datetime, ...]:
    """The fire times after `last` and up to `now` that are still to be run, oldest first, in UTC.

    None with `skip`, the newest one with `runOnce`, all with `catchUp` (the newest `CATCH_UP_LIMIT` of them).
    """
    if policy is MissedRuns.SKIP or now <= last:
        return ()
    limit = 1 if policy is MissedRuns.RUN_ONCE else CATCH_UP_LIMIT
    times: list[datetime] = []
    # The looked-at past grows only as long as too few times were found, so that years of a minutely schedule stay cheap.
    for span_h in _SPANS_H:
        start = max(last, now - timedelta(hours=span_h))
        times = _fire_times(cron, timezone, after=start, until=now, count=None)
        if len(times) >= limit or start == last:
            break
    return tuple(times[-limit:])


def check_schedule(schedule: str | None, timezone: str | None) -> tuple[Finding, ...]:
    """What is wrong with a schedule and its time zone; either may be None."""
    findings: list[Finding] = []
    if schedule is not None:
        try:
            cron = parse_cron(schedule)
        except InvalidInput as invalid:
            findings += [f for f in invalid.findings if isinstance(f, Finding)]
        else:
            findings += _surprises(cron)
    if timezone is not None and not is_timezone(timezone):
        near = find_timezone(timezone)
        fix = f"Did you mean `{near}`?" if near else "Use an IANA name such as `Europe/Berlin`, `America/New_York` or `UTC`."
        findings.append(error("unknown-timezone", "timezone", f"There is no time zone {timezone!r}.", fix))
    return tuple(findings)


def is_timezone(name: str) -> bool:
    """True of a name of the IANA time zone database, exactly as written there."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name in timezone_names()


@lru_cache(maxsize=1)
def timezone_names() -> frozenset[str]:
    """All names of the IANA time zone database."""
    return frozenset(n for n in available_timezones() if not n.startswith(("posix/", "right/", "SystemV/"))) - {"localtime", "Factory", "posixrules"}


def find_timezone(name: str) -> str | None:
    """The IANA name most like `name`; a city alone finds its zone; None if nothing is near."""
    folded = name.strip().replace(" ", "_").lower()
    for known in sorted(timezone_names()):
        if folded in (known.lower(), known.lower().rsplit("/", 1)[-1]):
            return known
    return nearest(name, sorted(n for n in timezone_names() if "/" in n))


def describe(cron: Cron, timezone: str | None = None) -> str:
    """A line in words, such as `every weekday at 07:30, Europe/Berlin time`."""
    days, times = _describe_days(cron), _describe_times(cron)
    words = times if times.startswith("every") and days == "every day" else f"{days}{',' if times.startswith('every') else ''} {times}"
    return f"{words}, {timezone} time" if timezone and timezone != "UTC" else f"{words}, UTC"


def _read_field(kind: _Field, written: str) -> tuple[str, frozenset[int]]:
    texts: list[str] = []
    values: set[int] = set()
    for part in written.split(","):
        text, found = _read_part(kind, part)
        texts.append(text)
        values |= found
    return ",".join(texts), frozenset(values)


def _read_part(kind: _Field, part: str) -> tuple[str, set[int]]:
    """One term of a list: `*`, `5`, `1-5`, `*/15`, `10-40/5`."""
    body, slash, step_text = part.partition("/")
    if slash and not (step_text.isdecimal() and int(step_text) > 0):
        raise ValueError(f"the step {step_text!r} is not a number above 0")
    first, dash, last = body.partition("-")
    if body == "*":
        low, high = kind.low, 6 if kind.cycle == 7 else kind.high
    else:
        low = _number(kind, first)
        high = _number(kind, last) if dash else (kind.high if slash else low)
        if dash and kind.cycle == 7 and high == 0 and low > 0:
            high = 7
    if high < low:
        raise ValueError(f"the range {body!r} runs backwards; write it as two parts or list the values")
    text = body if body == "*" else f"{low}-{high}" if dash else str(low % 7 if kind.cycle == 7 and not slash else low)
    return f"{text}/{int(step_text)}" if slash else text, set(range(low, high + 1, int(step_text) if slash else 1))


def _number(kind: _Field, text: str) -> int:
    if text in kind.names:
        return kind.names[text]
    if not (text.isdecimal() and text.isascii()):
        raise ValueError(f"{text!r} is not a number" + (" or a three-letter name" if kind.names else ""))
    if not kind.low <= int(text) <= kind.high:
        raise ValueError(f"{text} is not between {kind.low} and {kind.high}")
    return int(text)


def _invalid(text: str, findings: list[Finding]) -> InvalidInput:
    return InvalidInput(f"{text!r} is not a cron line: {findings[0].message}", findings=findings)


def _wrong_count(text: str, fields: list[str]) -> Finding:
    message = f"The schedule {text!r} has not five fields (minute, hour, day of month, month, day of week) but {len(fields)}."
    fix = "Write five fields, such as `30 7 * * 1-5` (weekdays at 7:30)."
    if len(fields) == 6 and fields[0] in ("0", "00"):
        fix = f"Leave out the seconds: `{' '.join(fields[1:]).replace('?', '*')}`."
    elif len(fields) == 7 and fields[0] in ("0", "00") and fields[6] in ("*", "?"):
        fix = f"Leave out seconds and year: `{' '.join(fields[1:6]).replace('?', '*')}`."
    elif text.strip().startswith("@"):
        fix = f"The short names are {', '.join(f'`{a}`' for a in ALIASES)}."
    return error("invalid-schedule", "schedule", message, fix)


def _bad_field(text: str, kind: _Field, written: str, problem: str) -> Finding:
    allowed = f"{kind.low} to {kind.high}" + (f" or {', '.join(kind.names)}" if kind.names else "")
    fix = f"The {kind.name} may be {allowed}, `*`, a list `1,2`, a range `1-5` or a step `*/5`."
    if "?" in written:
        fix = f"Write `*` instead of `?`: `{text.strip().replace('?', '*')}`."
    elif re.search(r"[lw#]$|\d[l#]", written) and kind.name.startswith("day"):
        fix = "`L`, `W` and `#` (last day, nth weekday) do not exist in a five-field cron line; name days of the month or of the week."
    elif written[:3] in kind.names and written.isalpha():
        fix = f"Write `{written[:3]}`."
    return error("invalid-schedule", "schedule", f"The {kind.name} field {written!r} of the schedule {text!r} is wrong: {problem}.", fix)


def _surprises(cron: Cron) -> list[Finding]:
    if never_fires(cron):
        days = ", ".join(str(d) for d in sorted(cron.month_days))
        months = ", ".join(MONTH_NAMES[m - 1] for m in sorted(cron.months))
        return [error("schedule-never-fires", "schedule", f"The schedule `{cron.text}` never fires: there is no day {days} in {months}.",
                      "Choose a day that exists, such as day 28.")]  # fmt: skip
    found = [w for kind, text in zip(_FIELDS, cron.text.split(), strict=True) if (w := _uneven_step(kind, text))]
    if cron.either_day:
        message = f"The schedule `{cron.text}` names days of the month and days of the week: it fires on days that fit one of the two, not only both."
        found.append(warning("schedule-either-day", "schedule", message, "Set one of the two fields to `*` if that is not meant."))
    return found


def _uneven_step(kind: _Field, text: str) -> Finding | None:
    match = re.fullmatch(r"\*/(\d+)", text)
    step = int(match[1]) if match else 1
    if kind.cycle % step == 0:
        return None
    last = kind.low + (kind.cycle - 1) // step * step
    message = f"`{text}` as {kind.name} is not every {step}: it starts again at {kind.low} each time, so after {last} comes {kind.low}."
    return warning("uneven-schedule-step", "schedule", message, "Use a step that divides the whole evenly, or list the values.")


def _fire_times(cron: Cron, timezone: str | None, *, after: datetime, until: datetime | None, count: int | None) -> list[datetime]:
    times: list[datetime] = []
    if never_fires(cron):
        return times
    previous = after.astimezone(UTC)
    zone = UTC if timezone in (None, "UTC") else ZoneInfo(timezone)
    for local in CronSim(cron.text, after.astimezone(zone)):
        if count is not None and len(times) >= count:
            break
        fire = local.astimezone(UTC)
        # In the hour that comes twice the simulation answers in terms of the first pass, which may lie before `after`.
        if fire <= previous:
            continue
        if until is not None and fire > until:
            break
        times.append(fire)
        previous = fire
    return times


def _describe_days(cron: Cron) -> str:
    every_date, every_weekday = len(cron.month_days) == 31, len(cron.weekdays) == 7
    months = "" if len(cron.months) == 12 else _listed([MONTH_NAMES[m - 1] for m in sorted(cron.months)])
    weekdays, names = _describe_weekdays(cron.weekdays), [WEEKDAY_NAMES[d] for d in sorted(cron.weekdays)]
    dates = f"on the {_listed([ordinal(d) for d in sorted(cron.month_days)])} of {months or 'every month'}"
    if cron.either_day:
        return f"{dates} and {weekdays}" + (f" in {months}" if months else "")
    if every_date:
        return ("every day" if every_weekday else weekdays) + (f" in {months}" if months else "")
    return dates if every_weekday else f"{dates} if it is a {_listed(names, 'or')}"


def _describe_weekdays(weekdays: frozenset[int]) -> str:
    if weekdays == {1, 2, 3, 4, 5}:
        return "every weekday"
    names = [WEEKDAY_NAMES[d] for d in sorted(weekdays, key=lambda d: (d - 1) % 7)]
    return f"every {names[0]}" if len(names) == 1 else f"on {_listed([f'{n}s' for n in names])}"


def _describe_times(cron: Cron) -> str:
    minutes, hours = sorted(cron.minutes), sorted(cron.hours)
    span = "" if len(hours) == 24 else f" from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    if len(minutes) * len(hours) <= _FEW:
        return f"at {_listed([f'{h:02}:{m:02}' for h in hours for m in minutes])}"
    hour_step, minute_step = _even_step(hours), _even_step(minutes)
    if len(minutes) == 1 and hour_step:
        every = "every hour" if hour_step == 1 else f"every {hour_step} hours"
        return every + (span or (f" at minute {minutes[0]}" if minutes[0] else ""))
    if minute_step and 60 % minute_step == 0 and len(minutes) == 60 // minute_step and hour_step == 1:
        offset = f" from minute {minutes[0]}" if minutes[0] and not span else ""
        return ("every minute" if minute_step == 1 else f"every {minute_step} minutes") + offset + span
    which = "of every hour" if len(hours) == 24 else f"of the hours {_listed([str(h) for h in hours])}"
    return f"at the minutes {_listed([str(m) for m in minutes])} {which}"


def _even_step(values: list[int]) -> int | None:
    """The distance between neighbours, None if it varies or there is one value only."""
    steps = {b - a for a, b in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `13th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(words: list[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
