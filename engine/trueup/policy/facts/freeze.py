"""Freeze windows of the environment: which are open now, and which nobody can read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from trueup.core.durations import parse_duration
from trueup.core.json import Json
from trueup.diff.masks import masked


def freeze_facts(settings: Json, now: datetime) -> Json:
    """Return the windows of the Environment's *settings* that are open at *now*, and those that cannot be read."""
    declared = settings.get("freezeWindows") if isinstance(settings, Mapping) else None
    active: list[Json] = []
    unreadable: list[Json] = []
    for index, window in enumerate(declared if isinstance(declared, list | tuple) else ()):
        try:
            until = _open_until(window if isinstance(window, Mapping) else {}, now)
        except ValueError as error:
            unreadable.append({"index": index, "problem": str(error)})
            continue
        if until is not None:
            active.append(
                {
                    "name": masked(window.get("name") or ""),
                    "until": until.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                    "allowRollback": window.get("allowRollback", True) is not False,
                    "reason": masked(window.get("reason") or ""),
                }
            )
    return {"active": active, "unreadable": unreadable}


def _open_until(window: Mapping[str, Json], now: datetime) -> datetime | None:
    """Return the end of the window when it is open at *now*.

    Raises:
        ValueError: It cannot be told when the window is; the words say why.
    """
    match window:
        case {"schedule": str(schedule), "duration": str(duration)}:
            start = _last_start(schedule, window.get("timeZone") or "UTC", now)
            end = start + _length(duration)
            return end if now < end else None
        case {"start": str(start), "end": str(end)}:
            first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
            if first.tzinfo is None or last.tzinfo is None:
                raise ValueError("its times have no zone")
            return last if first <= now <= last else None
        case _:
            raise ValueError("it has neither `start` and `end` nor `schedule` and `duration`")


def _length(duration: str) -> timedelta:
    try:
        length = parse_duration(duration)
    except OverflowError:
        length = None
    if length is None:
        raise ValueError(f"its duration {duration!r} is none")
    return length


def _last_start(schedule: str, zone: Json, now: datetime) -> datetime:
    """Return the newest start of *schedule* that is not after *now*.

    Raises:
        ValueError: Schedule or time zone cannot be read.
    """
    from zoneinfo import ZoneInfo

    from cronsim import CronSim, CronSimError

    try:
        local = now.astimezone(ZoneInfo(str(zone)))
    except (KeyError, ValueError, OSError):  # names that are folders or devices of the time zone data, too
        raise ValueError(f"its time zone {str(zone)!r} is unknown") from None
    try:
        # Backwards from the next minute: a window that starts in this one is open.
        starts = (s.astimezone(UTC) for s in CronSim(schedule, local + timedelta(minutes=1), reverse=True))
        return next(start for start in starts if start <= now)
    except (CronSimError, StopIteration):
        raise ValueError(f"its schedule {schedule!r} never starts or is no cron expression") from None
