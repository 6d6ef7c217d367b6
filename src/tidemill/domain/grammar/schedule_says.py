"""What each kind of schedule phrase adds to the facts of a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

from tidemill.domain.grammar.clock_times import number
from tidemill.domain.grammar.schedule_facts import ScheduleFacts
from tidemill.domain.grammar.schedule_words import ORDINAL, WEEKDAY, months_of, ordinal_number, ordinals_of, unit_of, weekdays_of
from tidemill.domain.pipeline import MissedRuns

Match = re.Match[str]
Says = Callable[[Match, ScheduleFacts], None]

EXAMPLE = 'Say for example "every weekday at 7:30" or "every 15 minutes".'
NTH_WEEKDAY = ("{0} cannot be said by a cron line, which knows weekdays and days of the month but not the two together. "
               "Name a weekday (\"every Monday at 6:00\") or a day of the month (\"on the 1st of each month at 6:00\").")  # fmt: skip
LAST_DAY = ("{0} cannot be said by a cron line, as months differ in length. Use a day that each month has, such as \"on the 28th of each "
            "month at 6:00\", or the first day of the next: \"on the 1st of each month at 0:05\".")  # fmt: skip
EVERY_OTHER = ("{0} cannot be said by a cron line, which does not count weeks or days over the end of a month. "
               "Say \"every Monday at 6:00\", or \"on the 1st and 15th of each month at 6:00\".")  # fmt: skip
ARRIVES = ("{0} needs the name of an event that says so: write 'run on the event \"orders-landed\"', and whatever brings the data sends that "
           "event; or look regularly: \"every 15 minutes\".")  # fmt: skip
ONE_OFF = '{0} is a single time, and a schedule repeats. Start the run by hand, or say how it repeats, such as "every Monday at 9:00".'
FIRST_AND_LAST = "{0}: a schedule has no first or last day. Leave that out, and switch the schedule on and off by hand."
HOLIDAYS = '{0}: a cron line knows no holidays. Name weekdays only, such as "every weekday at 7:30".'

_ADVERBS = {"daily": "day", "hourly": "hour", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annually": "year"}


def problem(message: str) -> Says:
    """A phrase that no cron line can say; `{0}` in the message stands for it."""
    repeats = message in (NTH_WEEKDAY, LAST_DAY, EVERY_OTHER)

    def says(match: Match, facts: ScheduleFacts) -> None:
        facts.problems.append(message.replace("{0}", repr(match[0].strip())))
        facts.recurring = repeats or _every(match[0])

    return says


def interval(count: int, unit: str, daypart: str = "") -> Says:
    """A phrase that is an interval by itself, such as `hourly`."""

    def says(_: Match, facts: ScheduleFacts) -> None:
        facts.intervals.append((count, unit))
        facts.recurring = True
        facts.daypart = daypart

    return says


def cron(match: Match, facts: ScheduleFacts) -> None:
    """`0 9 * * *`"""
    facts.crons.append(match["cron"].strip())


def manual(_: Match, facts: ScheduleFacts) -> None:
    """`on demand`"""
    facts.manual = True


def event(match: Match, facts: ScheduleFacts) -> None:
    """`on the event orders.landed`"""
    facts.events.append(match["event"])


def missed(match: Match, facts: ScheduleFacts) -> None:
    """`skip missed runs`"""
    words = match[0].lower()
    catch_up = re.search(r"catch|caught|make\s+up|run\s+all", words)
    facts.missed = MissedRuns.RUN_ONCE if "once" in words else MissedRuns.CATCH_UP if catch_up else MissedRuns.SKIP


def counted_interval(match: Match, facts: ScheduleFacts) -> None:
    """`every 15 minutes`, `every third hour`"""
    word = match["count"].lower()
    word = "second" if word in ("other", "alternate") else word
    count = ordinal_number(word) if re.fullmatch(ORDINAL, word, re.IGNORECASE) else number(word)
    unit = unit_of(match["unit"])
    facts.recurring = True
    if unit == "second" or count == 0:
        facts.problems.append(f"{match[0].strip()!r} is not possible: a schedule counts in minutes. {EXAMPLE}")
    else:
        facts.intervals.append((count, unit))


def times_per(match: Match, facts: ScheduleFacts) -> None:
    """`twice a day`, `once weekly`"""
    count = {"once": 1, "twice": 2, "thrice": 3}[match["word"].lower()] if match["word"] else number(match["count"])
    unit = (match["unit"] or _ADVERBS[match["adverb"].lower()]).lower()
    facts.recurring = True
    facts.intervals.append((1, unit))
    if count != 1:
        facts.counts.append((count, unit))


def daypart(match: Match, facts: ScheduleFacts) -> None:
    """`every morning`, `in the evening`"""
    facts.daypart = (match["part"] or match["part_alone"]).lower()
    facts.recurring = _every(match[0]) or match[0].lower().rstrip().endswith("s")
    if _every(match[0]):
        facts.intervals.append((1, "day"))


def daypart_of_days(match: Match, facts: ScheduleFacts) -> None:
    """The `morning` of `every Monday morning`."""
    facts.daypart = match["part"].lower()
    facts.recurring = match[0].lower().endswith("s")


def working_days(match: Match, facts: ScheduleFacts) -> None:
    """`every weekday`, `on business days`"""
    facts.weekdays |= {1, 2, 3, 4, 5}
    facts.recurring = True
    if re.search(r"business|work", match[0], re.IGNORECASE):
        facts.notes.append(f"{match[0].strip()!r} is Monday to Friday; public holidays are not left out.")


def weekend(_: Match, facts: ScheduleFacts) -> None:
    """`on weekends`"""
    facts.weekdays |= {0, 6}
    facts.recurring = True


def day_list(match: Match, facts: ScheduleFacts) -> None:
    """`Mondays and Thursdays`, `every Mon-Fri`"""
    days = match["days"]
    facts.weekdays |= weekdays_of(days)
    plural = re.search(r"days\b|\b(?:mon|tue|wed|thu|fri|sat|sun)s\b", days, re.IGNORECASE)
    several = len(re.findall(WEEKDAY, days, re.IGNORECASE)) > 1
    facts.recurring = bool(plural or several or _every(match[0]) or re.search(r"week", match[0], re.IGNORECASE))


def except_days(match: Match, facts: ScheduleFacts) -> None:
    """`except on Sundays`"""
    days = match["days"].lower()
    facts.excluded |= {0, 6} if "weekend" in days else {1, 2, 3, 4, 5} if "weekday" in days else weekdays_of(days)


def month_days(match: Match, facts: ScheduleFacts) -> None:
    """`on the 1st and 15th of each month`"""
    facts.month_days |= ordinals_of(match["dates"])
    facts.recurring = _every(match[0]) or bool(re.search(r"month", match[0], re.IGNORECASE))


def numbered_days(match: Match, facts: ScheduleFacts) -> None:
    """`on day 15`"""
    facts.month_days |= {int(n) for n in re.findall(r"\d+", match["dates"])}
    facts.recurring = bool(re.search(r"month", match[0], re.IGNORECASE))


def first_day_of(match: Match, facts: ScheduleFacts) -> None:
    """`on the first day of each quarter`, `at the start of the month`"""
    unit = match["unit"].lower()
    facts.recurring = True
    if unit == "week":
        facts.problems.append(f'{match[0].strip()!r}: a week may begin on Sunday or Monday; name the day, such as "every Monday at 6:00".')
        return
    facts.month_days.add(1)
    facts.intervals.append((1, unit))
    if unit == "year":
        facts.months.add(1)
    if "day" not in match[0].lower():
        facts.notes.append(f"{match[0].strip()!r} was read as its first day.")


def month_list(match: Match, facts: ScheduleFacts) -> None:
    """`in January and July`"""
    facts.months |= months_of(match["months"])
    facts.recurring = _every(match[0])


def date(match: Match, facts: ScheduleFacts) -> None:
    """`every January 2nd`, `on 2 January`"""
    day = match["before"] or match["after"]
    facts.month_days |= {int(day) if day.isdecimal() else ordinal_number(day)}
    facts.months |= months_of(match["month"] or match["month_first"])
    facts.recurring = _every(match[0])
    facts.dates |= set(product(facts.month_days, facts.months))


def dates_of_months(match: Match, facts: ScheduleFacts) -> None:
    """`on the 1st of January and July`"""
    facts.month_days |= ordinals_of(match["dates"])
    facts.months |= months_of(match["months"])
    facts.recurring = _every(match[0]) or len(facts.months) > 1
    facts.dates |= set(product(facts.month_days, facts.months))


def minutes_past(match: Match, facts: ScheduleFacts) -> None:
    """`at quarter past every hour`"""
    word = match["minute"].lower()
    minute = 30 if word == "half" else 15 if word == "quarter" else number(word)
    if minute > 59:
        facts.problems.append(f"{match[0].strip()!r}: an hour has the minutes 0 to 59.")
    facts.minutes.add((60 - minute) % 60 if match["side"].lower() in ("to", "before") else minute)
    _hour_if_said(match, facts)


def minute_list(match: Match, facts: ScheduleFacts) -> None:
    """`at :00 and :30`, `at minute 5`"""
    minutes = {int(n) for n in re.findall(r"\d+", match["minutes"])}
    if max(minutes) > 59:
        facts.problems.append(f"{match[0].strip()!r}: an hour has the minutes 0 to 59.")
    facts.minutes |= minutes
    _hour_if_said(match, facts)


def half_hour(_: Match, facts: ScheduleFacts) -> None:
    """`on the half hour`"""
    facts.minutes.add(30)


def full_hour(match: Match, facts: ScheduleFacts) -> None:
    """`at the top of every hour`"""
    facts.minutes.add(0)
    _hour_if_said(match, facts)


def _hour_if_said(match: Match, facts: ScheduleFacts) -> None:
    if re.search(r"\bhour", match[0], re.IGNORECASE):
        facts.recurring = True
        facts.intervals.append((1, "hour"))


def _every(text: str) -> bool:
    return bool(re.match(r"\s*(?:(?:on|once)\s+)?(?:every|each|all)\b", text, re.IGNORECASE))
