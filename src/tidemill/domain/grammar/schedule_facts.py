"""What single phrases of a sentence say about a schedule, before they are put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidemill.domain.grammar.clock_times import Clock
from tidemill.domain.pipeline import MissedRuns

_PARTS = ("times", "minutes", "window", "start", "weekdays", "month_days", "months", "daypart")
"""What a sentence says once; said twice with other words in between, it speaks of two schedules."""


@dataclass
class ScheduleFacts:
    """Collected phrase by phrase while a sentence is scanned."""

    times: list[Clock] = field(default_factory=list)
    minutes: set[int] = field(default_factory=set)
    """Minutes of every hour."""
    intervals: list[tuple[int, str]] = field(default_factory=list)
    """`every 15 minutes` is (15, "minute"), `monthly` is (1, "month")."""
    counts: list[tuple[int, str]] = field(default_factory=list)
    """`twice a day` is (2, "day")."""
    start: Clock | None = None
    window: tuple[Clock, Clock] | None = None
    weekdays: set[int] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)
    month_days: set[int] = field(default_factory=set)
    months: set[int] = field(default_factory=set)
    dates: set[tuple[int, int]] = field(default_factory=set)
    """(day, month), where both are named together; the parts are in `month_days` and `months` too."""
    daypart: str = ""
    crons: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    manual: bool = False
    missed: MissedRuns | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    recurring: bool = False
    """Something says that it happens again and again: every, daily, Mondays."""
    latest: tuple[str, ...] = field(default=(), compare=False)
    """The parts that the phrase before named."""

    @property
    def any(self) -> bool:
        """True if anything was found."""
        return self != ScheduleFacts()

    @property
    def strong(self) -> bool:
        """True if it can only be a schedule: it comes again, at a stated time, day or short interval; or it is a cron line or an event."""
        short = any(unit in ("minute", "hour") for _, unit in self.intervals)
        return bool(self.crons or self.events or (self.recurring and (self.times or self.window or short or self.weekdays or self.month_days)))

    def add(self, phrase: ScheduleFacts) -> None:
        """Takes over what a further phrase says.

        "Weekdays at 7 and Saturdays at 9" is two schedules, which cannot be told from "weekdays and Saturdays at 7 and 9" once it is
        put together; so a part that comes back after another one is a problem.
        """
        named = tuple(part for part in _PARTS if getattr(phrase, part))
        for part in named:
            before = getattr(self, part)
            joined = part in self.latest and isinstance(before, set | list)
            if before and before != getattr(phrase, part) and not joined:
                self.problems.append("More than one schedule is named; a pipeline has one. Give all days and all times together, such as "
                                     "\"on Mondays and Thursdays at 6:00 and 18:00\".")  # fmt: skip
        self.latest = named or self.latest
        for name in ("times", "intervals", "counts", "crons", "zones", "events", "problems", "notes"):
            ours = getattr(self, name)
            ours += [value for value in getattr(phrase, name) if name != "times" or value not in ours]
        for name in ("minutes", "weekdays", "excluded", "month_days", "months", "dates"):
            getattr(self, name).update(getattr(phrase, name))
        self.start, self.window, self.missed = phrase.start or self.start, phrase.window or self.window, phrase.missed or self.missed
        self.daypart = phrase.daypart or self.daypart
        self.manual, self.recurring = self.manual or phrase.manual, self.recurring or phrase.recurring
