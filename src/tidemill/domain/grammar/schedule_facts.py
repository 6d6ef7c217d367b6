"""What single phrases of a sentence say about a schedule, before they are put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidemill.domain.grammar.clock_times import Clock
from tidemill.domain.pipeline import MissedRuns


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
    dated: bool = False
    """A day of a month is named together with the month."""

    @property
    def any(self) -> bool:
        """True if anything was found."""
        return self != ScheduleFacts()

    @property
    def strong(self) -> bool:
        """True if it can only be a schedule: it comes again, at a stated time, weekday or short interval; or it is a cron line."""
        short = any(unit in ("minute", "hour") for _, unit in self.intervals)
        day = self.weekdays or self.month_days
        return bool(self.crons or self.events or (self.recurring and (self.times or self.window or short or day)))
