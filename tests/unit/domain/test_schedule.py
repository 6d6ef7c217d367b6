"""Cron lines: reading, firing across clock changes, missed runs and wording (P15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tidemill.domain.finding import Finding, Severity
from tidemill.domain.pipeline import MissedRuns
from tidemill.domain.schedule import CATCH_UP_LIMIT, check_schedule, describe, missed_fire_times, never_fires, next_fire_times, parse_cron
from tidemill.errors import InvalidInput

BERLIN = ZoneInfo("Europe/Berlin")


def local_times(line: str, after: datetime, count: int, timezone: str = "Europe/Berlin") -> list[str]:
    """The next fire times on the clock of the zone, with their offset."""
    times = next_fire_times(parse_cron(line), timezone, after=after, count=count)
    return [t.astimezone(ZoneInfo(timezone)).strftime("%m-%d %H:%M %z") for t in times]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("0 9 * * *", "0 9 * * *"),
        ("  0   9 * *  * ", "0 9 * * *"),
        ("30 7 * * MON-FRI", "30 7 * * 1-5"),
        ("0 5 1 jan,Apr,JUL,oct *", "0 5 1 1,4,7,10 *"),
        ("0 9 * * 7", "0 9 * * 0"),
        ("0 9 * * fri-sun", "0 9 * * 5-7"),
        ("@daily", "0 0 * * *"),
        ("@HOURLY", "0 * * * *"),
        ("*/15 8-18/2 * * *", "*/15 8-18/2 * * *"),
    ],
)
def test_line_is_normalised(line: str, text: str) -> None:
    assert parse_cron(line).text == text


@pytest.mark.parametrize(
    ("line", "field", "fix"),
    [
        ("60 9 * * *", "minute field '60'", "0 to 59"),
        ("0 24 * * *", "hour field '24'", "0 to 23"),
        ("0 9 0 * *", "day of month field '0'", "1 to 31"),
        ("0 9 * 13 *", "month field '13'", "jan, feb"),
        ("0 9 * * 8", "day of week field '8'", "sun, mon"),
        ("0 9 * * monday", "day of week field", "Write `mon`"),
        ("0 9 ? * *", "day of month field", "`0 9 * * *`"),
        ("0 9 L * *", "day of month field", "do not exist"),
        ("0 9 * * 5#2", "day of week field", "do not exist"),
        ("*/0 9 * * *", "minute field", "a step"),
        ("30-10 9 * * *", "runs backwards", "a range"),
        ("0 0 9 * * *", "five fields", "Leave out the seconds: `0 9 * * *`"),
        ("0 0 9 * * ? *", "five fields", "`0 9 * * *`"),
        ("0 9 * *", "five fields", "five fields"),
        ("", "five fields", "five fields"),
        ("@reboot", "five fields", "@daily"),
        ("a b c d e", "minute field 'a'", "0 to 59"),
        ("٣ 9 * * *", "minute field", "0 to 59"),
    ],
)
def test_wrong_line_names_the_field_and_a_way_out(line: str, field: str, fix: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_cron(line)
    finding = caught.value.findings[0]
    assert isinstance(finding, Finding)
    assert field in finding.message
    assert fix in finding.fix


def test_every_wrong_field_is_a_finding() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_cron("61 25 * * *")
    assert len(caught.value.findings) == 2


@pytest.mark.parametrize(
    ("line", "never"), [("0 0 31 2 *", True), ("0 0 30 2 *", True), ("0 0 31 4,6,9,11 *", True), ("0 0 29 2 *", False), ("0 0 31 2 1", False)]
)
def test_days_that_do_not_exist(line: str, never: bool) -> None:
    assert never_fires(parse_cron(line)) is never


def test_a_line_that_never_fires_has_no_fire_times() -> None:
    assert next_fire_times(parse_cron("0 0 31 2 *"), "UTC", after=datetime(2026, 1, 1, tzinfo=UTC), count=3) == ()


def test_fire_times_are_utc_and_after_the_given_time() -> None:
    nine = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    times = next_fire_times(parse_cron("0 9 * * *"), "Europe/Berlin", after=nine, count=2)
    assert times == (nine + timedelta(days=1), nine + timedelta(days=2))
    assert {t.tzinfo for t in times} == {UTC}


def test_a_fire_time_within_the_second_is_not_skipped() -> None:
    almost = datetime(2026, 1, 5, 8, 59, 59, 500_000, tzinfo=UTC)
    assert next_fire_times(parse_cron("0 9 * * *"), None, after=almost, count=1) == (datetime(2026, 1, 5, 9, tzinfo=UTC),)


# Europe/Berlin jumps from 02:00 to 03:00 on 2026-03-29 and back from 03:00 to 02:00 on 2026-10-25.


def test_a_time_that_the_clock_jumps_over_fires_right_after_the_jump() -> None:
    assert local_times("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]


def test_two_times_within_the_jump_fire_once() -> None:
    assert local_times("0,30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2) == ["03-29 03:00 +0200", "03-30 02:00 +0200"]


def test_an_interval_leaves_out_what_the_clock_jumps_over() -> None:
    assert local_times("*/30 * * * *", datetime(2026, 3, 29, 1, 10, tzinfo=BERLIN), 3) == [
        "03-29 01:30 +0100",
        "03-29 03:00 +0200",
        "03-29 03:30 +0200",
    ]


def test_a_time_that_comes_twice_fires_the_first_time_only() -> None:
    assert local_times("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=BERLIN), 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]


def test_between_the_two_passes_the_next_is_tomorrow() -> None:
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert local_times("30 2 * * *", second_pass, 1) == ["10-26 02:30 +0100"]


def test_an_interval_fires_again_in_the_hour_that_comes_twice() -> None:
    times = local_times("0 * * * *", datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN), 3)
    assert times == ["10-25 02:00 +0200", "10-25 02:00 +0100", "10-25 03:00 +0100"]


def test_local_time_stays_over_the_year() -> None:
    winter, summer = (
        next_fire_times(parse_cron("0 9 * * *"), "America/New_York", after=datetime(2026, m, 10, tzinfo=UTC), count=1)[0] for m in (1, 7)
    )
    assert (winter.hour, summer.hour) == (14, 13)


@pytest.mark.parametrize(("policy", "hours"), [(MissedRuns.SKIP, []), (MissedRuns.RUN_ONCE, [11]), (MissedRuns.CATCH_UP, [9, 10, 11])])
def test_missed_runs_by_policy(policy: MissedRuns, hours: list[int]) -> None:
    last, now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC), datetime(2026, 1, 5, 11, 30, tzinfo=UTC)
    missed = missed_fire_times(parse_cron("0 * * * *"), None, last=last, now=now, policy=policy)
    assert [t.hour for t in missed] == hours


def test_a_time_that_is_now_is_missed_and_the_last_one_is_not() -> None:
    last, now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC), datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    assert missed_fire_times(parse_cron("0 * * * *"), None, last=last, now=now, policy=MissedRuns.CATCH_UP) == (now,)


def test_nothing_is_missed_when_the_clock_went_back() -> None:
    now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    assert missed_fire_times(parse_cron("* * * * *"), None, last=now + timedelta(hours=1), now=now, policy=MissedRuns.CATCH_UP) == ()


def test_catching_up_is_bounded_to_the_newest() -> None:
    now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    missed = missed_fire_times(parse_cron("* * * * *"), None, last=now - timedelta(days=900), now=now, policy=MissedRuns.CATCH_UP)
    assert missed == tuple(now - timedelta(minutes=CATCH_UP_LIMIT - 1 - i) for i in range(CATCH_UP_LIMIT))


def test_one_run_for_a_yearly_schedule_missed_long_ago() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    missed = missed_fire_times(parse_cron("0 4 2 1 *"), None, last=now - timedelta(days=3000), now=now, policy=MissedRuns.RUN_ONCE)
    assert missed == (datetime(2026, 1, 2, 4, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("30 7 * * 1-5", "every weekday at 07:30"),
        ("0 9 * * *", "every day at 09:00"),
        ("0 6,18 * * *", "every day at 06:00 and 18:00"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/30 9-16 * * 1-5", "every weekday, every 30 minutes from 09:00 to 16:30"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "every hour at minute 15"),
        ("0 */2 * * *", "every 2 hours from 00:00 to 22:00"),
        ("0 18 * * 1", "every Monday at 18:00"),
        ("0 6 * * 1,4", "on Mondays and Thursdays at 06:00"),
        ("0 6 * * 0,6", "on Saturdays and Sundays at 06:00"),
        ("0 6 1 * *", "on the 1st of every month at 06:00"),
        ("0 5 1,15 * *", "on the 1st and 15th of every month at 05:00"),
        ("0 5 1 1,4,7,10 *", "on the 1st of January, April, July and October at 05:00"),
        ("0 6 13 * 5", "on the 13th of every month and every Friday at 06:00"),
        ("0 6 */10 * 1", "on the 1st, 11th, 21st and 31st of every month if it is a Monday at 06:00"),
        ("7,9 1,2,3,9 * * *", "every day at the minutes 7 and 9 of the hours 1, 2, 3 and 9"),
    ],
)
def test_line_in_words(line: str, words: str) -> None:
    assert describe(parse_cron(line), "Europe/Berlin") == f"{words}, Europe/Berlin time"


def test_words_name_utc_when_no_zone_is_set() -> None:
    assert describe(parse_cron("0 9 * * *")) == "every day at 09:00, UTC"


@pytest.mark.parametrize(
    ("line", "timezone", "rules"),
    [
        ("0 9 * * *", None, []),
        ("0 9 * * *", "Europe/Berlin", []),
        ("0 9 * *", None, ["invalid-schedule"]),
        ("0 0 31 2 *", None, ["schedule-never-fires"]),
        ("*/7 * * * *", None, ["uneven-schedule-step"]),
        ("0 */5 * * *", None, ["uneven-schedule-step"]),
        ("*/15 */4 * * *", None, []),
        ("0 9 13 * 5", None, ["schedule-either-day"]),
        (None, "Europe/Berln", ["unknown-timezone"]),
        ("0 9 * * *", "berlin", ["unknown-timezone"]),
        (None, "../etc/passwd", ["unknown-timezone"]),
        (None, None, []),
    ],
)
def test_check_of_a_schedule(line: str | None, timezone: str | None, rules: list[str]) -> None:
    assert [f.rule for f in check_schedule(line, timezone)] == rules


@pytest.mark.parametrize("name", ["Europe/Berln", "berlin", "europe/berlin"])
def test_unknown_zone_names_the_nearest(name: str) -> None:
    (finding,) = check_schedule(None, name)
    assert "`Europe/Berlin`" in finding.fix


def test_surprises_are_warnings_and_impossible_days_are_errors() -> None:
    assert [f.severity for f in check_schedule("*/7 * * * *", None)] == [Severity.WARNING]
    assert [f.severity for f in check_schedule("0 0 30 2 *", None)] == [Severity.ERROR]


@pytest.mark.parametrize(
    ("one", "other", "same"), [("0 9 * * 1-5", "0 9 * * mon-fri", True), ("*/30 * * * *", "0,30 * * * *", True), ("0 9 * * *", "0 9 * * 1", False)]
)
def test_lines_that_fire_at_the_same_times(one: str, other: str, same: bool) -> None:
    assert parse_cron(one).same_times(parse_cron(other)) is same
