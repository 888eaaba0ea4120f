"""The figures once more, slowly and simply, written from their definitions: the judge of the real ones.

Nothing of `webcare.measures` runs here; only its frozen values of what happened are read. Business time is counted
minute by minute, waits are found by letting everything happen again in order of time.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SOLVED = ("answered", "no_reply_needed", "solved_elsewhere")

#: (measure, version, at, value, business, person, share, counted, reason, changes_at, details)
Row = tuple[Any, ...]


class Minutes:
    """Which minutes are open, for one queue under all the decisions there ever were."""

    def __init__(self, clocks: Any, queue: str) -> None:
        self.own = clocks.hours.get(queue, ())
        self.every = clocks.hours.get("all", ())
        self.days: dict[datetime, list[bool]] = {}

    def hours(self, moment: datetime) -> Any:
        for decisions in (self.own, self.every):
            newest = None
            for one in decisions:
                if one.since <= moment:
                    newest = one.value
            if newest is not None:
                return newest
        return None

    def is_open(self, moment: datetime) -> bool:
        hours = self.hours(moment)
        if hours is None:
            return True
        local = moment.astimezone(hours.zone)
        if local.date() in hours.holidays:
            return False
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in hours.week.get(local.isoweekday(), ()))

    def day(self, midnight: datetime) -> list[bool]:
        if midnight not in self.days:
            self.days[midnight] = [self.is_open(midnight + minute * MINUTE) for minute in range(1440)]
        return self.days[midnight]

    def count(self, start: datetime, end: datetime) -> int:
        found, midnight = 0, _midnight(start)
        while midnight < end:
            since = max(0, (start - midnight) // MINUTE)
            until = min(1440, (end - midnight) // MINUTE)
            found += sum(self.day(midnight)[since:until])
            midnight += DAY
        return found

    def after(self, start: datetime, minutes: int) -> datetime | None:
        """The end of the minute that is the so-many-th open one."""
        midnight, left = _midnight(start), minutes
        since = (start - midnight) // MINUTE
        while midnight < start + timedelta(days=790):
            for number, is_open in enumerate(self.day(midnight)[since:], start=since + 1):
                left -= is_open
                if not left:
                    return midnight + number * MINUTE
            midnight, since = midnight + DAY, 0
        return None

    def end_of_open_day(self, moment: datetime, days: int) -> datetime:
        hours = self.hours(moment)
        zone = hours.zone if hours is not None else UTC
        day: date = moment.astimezone(zone).date()
        while days:
            day += DAY
            start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
            next_day = day + DAY
            end = datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone).astimezone(UTC)
            if self.count(start, end):
                days -= 1
        return end


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


_minutes: dict[tuple[int, str], tuple[Any, Minutes]] = {}


def minutes_of(clocks: Any, queue: str) -> Minutes:
    """Kept by the decisions they come from."""
    key = (id(clocks), queue)
    if key not in _minutes or _minutes[key][0] is not clocks:
        _minutes[key] = (clocks, Minutes(clocks, queue))
    return _minutes[key][1]


class Reference:
    """Counts one case at one moment."""

    def __init__(self, history: Any, clocks: Any, at: datetime) -> None:
        self.h, self.clocks, self.at = history, clocks, at
        self.minutes = minutes_of(clocks, history.queue)
        self.rows: list[Row] = []
        self.messages = [one for one in history.messages if one.collected_at <= at]
        self.answers = [one for one in history.answers if one.created_at <= at and one.posted_at <= at]
        self.standing = [one for one in self.answers if one.by_person and not self.past(one.retracted_at)]
        self.events = [one for one in history.events if one.at <= at]
        self.real_events = [one for one in self.events if not self.past(one.undone_at)]
        self.questions = [one for one in history.questions if one.asked_at <= at]
        self.waits = self.replay()
        self.first = next((wait for wait in self.waits if wait["how"] in ("answer", "open")), None)

    def past(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.at

    def labels(self, message: Any) -> list[Any]:
        return [label for label in message.labels if label.at <= self.at] or list(message.labels[:1])

    def needs(self, message: Any) -> bool:
        labels = self.labels(message)
        return not labels or labels[-1].values["needs_reply"] == "yes"

    # --- waits ---

    def closings(self) -> list[Any]:
        found = []
        for number, event in enumerate(self.real_events):
            if event.kind != "resolved":
                continue
            back = [one for one in self.real_events[number + 1 :] if one.kind in ("reopened", "reply_retracted")][:1]
            if not back or (back[0].kind == "reopened" and back[0].actor_id is None):
                found.append(event)
        return found

    def replay(self) -> list[dict[str, Any]]:
        """Let it all happen again: messages come, answers leave, customers delete, cases close."""
        steps: list[tuple[datetime, int, datetime, int, str, Any]] = []
        for message in self.messages:
            if self.needs(message):
                steps.append((message.collected_at, 0, message.posted_at, message.id, "message", message))
                if self.past(message.gone_at):
                    steps.append((message.gone_at, 2, message.gone_at, message.id, "gone", message))
        for answer in self.standing:
            steps.append((answer.created_at, 1, answer.created_at, answer.id, "answer", answer))
        for closing in self.closings():
            steps.append((closing.at, 3, closing.at, closing.id, "closing", closing))
        waiting: list[Any] = []
        waits: list[dict[str, Any]] = []
        for moment, _, _, _, what, thing in sorted(steps, key=lambda step: step[:4]):
            if what == "message":
                # A post that was gone before it came here never waited.
                waiting.append(thing)
                continue
            if what == "answer":
                ended = [one for one in waiting if not thing.by_hand or one.posted_at <= thing.posted_at]
                end = thing.posted_at
            elif what == "gone":
                ended, end = [one for one in waiting if one.id == thing.id], moment
            else:
                ended, end = list(waiting), moment
            if ended:
                waits.append({"messages": ended, "how": what, "thing": thing, "end": end, "known": moment})
                waiting = [one for one in waiting if one not in ended]
        if waiting:
            waits.append({"messages": waiting, "how": "open", "thing": None, "end": None, "known": None})
        order = [one.id for one in self.messages]
        waits.sort(key=lambda wait: min(order.index(one.id) for one in wait["messages"]))
        for wait in waits:
            wait["start"] = min(one.posted_at for one in wait["messages"])
            wait["came"] = min(one.collected_at for one in wait["messages"])
        return waits

    # --- rows ---

    def row(self, measure: str, at: datetime, value: float | None, **more: Any) -> None:
        fine = {"version": 1, "business": None, "person": None, "share": 1.0, "counted": True, "reason": ""} | more
        if measure in ("first_response", "csat") and "version" not in more:
            fine["version"] = 2
        parts = (fine["version"], at, value, fine["business"], fine["person"], fine["share"])
        details = fine.get("details", ())
        self.rows.append((measure, *parts, fine["counted"], fine["reason"], fine.get("changes_at"), details))

    def left(self, measure: str, at: datetime, reason: str, **more: Any) -> None:
        self.row(measure, at, None, counted=False, reason=reason, **more)

    def still(self, measure: str, at: datetime, **more: Any) -> None:
        self.row(measure, at, None, reason="open", **more)

    def time(self, measure: str, start: datetime, end: datetime, at: datetime | None = None, **more: Any) -> None:
        length = max((end - start).total_seconds(), 0.0)
        business = 60.0 * self.minutes.count(start, end)
        self.row(measure, at or start, length, business=business, **more)

    def all(self) -> Counter[Row]:
        for part in (
            *(self.incoming, self.answering, self.old_first_response, self.clocks_apart, self.in_time, self.closed),
            *(self.waited_for, self.enough, self.credit, self.second_line, self.promised, self.slipped),
            *(self.moods, self.moved, self.joked, self.asked, self.guarded, self.corrected),
        ):
            part()
        return Counter(self.rows)

    def incoming(self) -> None:
        for message in self.messages:
            self.row("volume", message.posted_at, 1.0)
            lag = (message.collected_at - message.posted_at).total_seconds()
            if lag < 0:
                self.left("collecting_lag", message.collected_at, "late_source")
            else:
                self.row("collecting_lag", message.collected_at, lag)

    def answering(self) -> None:
        if not self.messages:
            self.left("first_response", self.h.first_posted_at, "no_customer")
        before = True
        for wait in self.waits:
            measure = "first_response" if before else "next_response"
            if wait["how"] == "open":
                self.still(measure, wait["start"])
            elif wait["how"] == "answer":
                self.time(measure, wait["start"], wait["end"], person=wait["thing"].author_id)
            else:
                self.left(measure, wait["start"], self.unanswered(wait))
            before = before and wait is not self.first
        until = self.first["end"] if self.first is not None else None
        others = [(one.posted_at, "needs_no_reply") for one in self.messages if not self.needs(one)]
        others += [(one.posted_at, "outside") for one in self.h.outside if one.collected_at <= self.at]
        for answer in self.answers:
            if answer not in self.standing:
                others.append((answer.posted_at, "retracted" if answer.by_person else "machine"))
        for at, reason in others:
            self.left("next_response" if until is not None and at > until else "first_response", at, reason)

    def unanswered(self, wait: dict[str, Any]) -> str:
        return "closed_unanswered" if wait["how"] == "closing" else "message_gone"

    def old_first_response(self) -> None:
        if not self.answers:
            self.still("first_response", self.h.first_posted_at, version=1)
            return
        answer = sorted(self.answers, key=lambda one: (one.posted_at, one.id))[0]
        start = self.h.first_posted_at
        self.time("first_response", start, answer.posted_at, version=1, person=answer.author_id)

    def clocks_apart(self) -> None:
        for wait in self.waits:
            start, answered = wait["start"], wait["how"] == "answer"
            if answered and wait["end"] < wait["came"]:
                self.left("taking_up", start, "answered_before_collected")
                self.left("answering", start, "answered_before_collected")
                continue
            looks = [event.at for event in self.events if event.actor_id is not None]
            if self.past(self.h.first_look):
                looks.append(self.h.first_look)
            if answered:
                looks.append(wait["known"])
            last = wait["known"] if wait["known"] is not None else self.at
            looks = sorted(one for one in looks if wait["came"] <= one <= last)
            opened = looks[0] if looks else None
            if opened is not None and answered and wait["end"] < opened:
                opened = wait["end"]
            reason = self.unanswered(wait)
            if opened is not None:
                self.time("taking_up", wait["came"], opened, at=start)
            elif wait["how"] == "open":
                self.still("taking_up", start)
            else:
                self.left("taking_up", start, reason)
            if answered and opened is not None:
                self.time("answering", opened, wait["end"], at=start, person=wait["thing"].author_id)
            elif wait["how"] == "open":
                self.still("answering", start)
            else:
                self.left("answering", start, reason)

    # --- targets ---

    def due(self, kind: str, urgency: str, start: datetime) -> datetime | None:
        rows: Any = ()
        for one in self.clocks.targets:
            if one.since <= start:
                rows = one.value
        chosen, best = None, -1
        for row in rows or ():
            fits = row.urgency == urgency and row.queue in ("", self.h.queue) and row.channel in ("", self.h.channel)
            weight = 2 * (row.queue != "") + (row.channel != "")
            if fits and weight > best:
                chosen, best = row, weight
        if kind == "resolution":
            span = chosen.resolution if chosen else None
        else:
            span = (chosen.first if chosen else None) or self.clocks.defaults[urgency]
            if kind == "next" and chosen and chosen.next:
                span = chosen.next
        if span is None:
            return None
        if chosen and chosen.round_the_clock:
            return start + span
        return self.minutes.after(start, span // MINUTE)

    def urgency(self, message: Any) -> str:
        labels = self.labels(message)
        return labels[-1].values["urgency"] if labels else self.h.dims["urgency"]

    def in_time(self) -> None:
        answered = self.first is None
        passed = False
        for wait in self.waits:
            kind = "next" if passed and not answered else "first"
            passed = passed or wait is self.first
            measure, start = f"service_{kind}", wait["start"]
            dues = [self.due(kind, self.urgency(one), one.posted_at) for one in wait["messages"]]
            known = [due for due in dues if due is not None]
            if not known:
                self.left(measure, start, "no_target")
                continue
            due = min(known)
            if wait["how"] == "answer":
                self.row(measure, start, 1.0 if wait["end"] <= due else 0.0, person=wait["thing"].author_id)
            elif (wait["end"] or self.at) >= due:
                self.row(measure, start, 0.0)
            elif wait["how"] == "open":
                self.still(measure, start, changes_at=due)
            else:
                self.left(measure, start, self.unanswered(wait))

    # --- closing ---

    def closed(self) -> None:
        start, first, now_closed, closings, back = self.h.first_posted_at, None, None, 0, 0
        for event in self.real_events:
            if event.kind == "resolved":
                closings, now_closed = closings + 1, event
                if first is None and event.detail["resolution"] in SOLVED:
                    first = event
            elif now_closed is not None and self.opens_again(event):
                now_closed, back = None, back + 1
        for measure, closing in (("resolution_first", first), ("resolution_last", now_closed)):
            if closing is not None and closing.detail["resolution"] in SOLVED:
                self.time(measure, start, closing.at, person=closing.actor_id)
            elif now_closed is not None:
                self.left(measure, start, "not_solved", person=now_closed.actor_id)
            else:
                self.still(measure, start)
        if closings:
            self.row("reopened", start, float(back))
        else:
            self.still("reopened", start)
        self.solved_in_time(start, first, now_closed)

    def solved_in_time(self, start: datetime, first: Any, now_closed: Any) -> None:
        oldest = sorted(self.messages, key=lambda one: (one.posted_at, one.id))[:1]
        due = self.due("resolution", self.urgency(oldest[0]) if oldest else self.h.dims["urgency"], start)
        if due is None:
            self.left("service_resolution", start, "no_target")
        elif first is not None:
            self.row("service_resolution", start, 1.0 if first.at <= due else 0.0, person=first.actor_id)
        elif now_closed is not None:
            self.left("service_resolution", start, "not_solved", person=now_closed.actor_id)
        elif self.at >= due:
            self.row("service_resolution", start, 0.0)
        else:
            self.still("service_resolution", start, changes_at=due)

    def opens_again(self, event: Any) -> bool:
        if event.kind in ("reopened", "edited", "reply_failed"):
            return True
        if event.kind == "promise_broken":
            return event.actor_id is None
        if event.kind != "reply_retracted":
            return False
        left = [one for one in self.answers if one.posted_at <= event.at and not self.by(one.retracted_at, event.at)]
        for message in self.messages:
            there = message.collected_at <= event.at and not (
                self.past(message.gone_at) and message.gone_at <= event.at
            )
            if there and all(one.created_at < message.collected_at for one in left):
                return True
        return False

    def by(self, moment: datetime | None, at: datetime) -> bool:
        return self.past(moment) and moment is not None and moment <= at

    def waited_for(self) -> None:
        for number, wait in enumerate(self.waits):
            measures = ("waiting_first_line", "waiting_second_line", "waiting_approval", "waiting_closed")
            if wait["how"] == "gone":
                for measure in measures:
                    self.left(measure, wait["start"], "message_gone")
            elif wait["how"] == "open":
                for measure in measures:
                    self.still(measure, wait["start"])
            else:
                spent = Counter(self.whom(minute) for minute in _each(wait["start"], wait["end"]))
                for measure in measures:
                    self.row(measure, wait["end"], 60.0 * spent[measure])
            if wait["how"] == "answer":
                self.customers(wait, self.waits[number + 1 :][:1])

    def whom(self, minute: datetime) -> str:
        if not self.minutes.day(_midnight(minute))[(minute - _midnight(minute)) // MINUTE]:
            return "waiting_closed"
        for one in self.h.approvals:
            if one.asked_at <= minute and not self.by(one.decided_at, minute):
                return "waiting_approval"
        for one in self.questions:
            if one.asked_at <= minute and not self.by(one.closed_at, minute):
                return "waiting_second_line"
        return "waiting_first_line"

    def customers(self, wait: dict[str, Any], following: list[dict[str, Any]]) -> None:
        start = wait["end"]
        ends = [one["start"] for one in following]
        ends += [event.at for event in self.real_events if event.kind == "resolved" and event.at >= start]
        if not ends:
            self.still("waiting_customer", start)
        else:
            end = max(min(ends), start)
            self.row("waiting_customer", end, (end - start).total_seconds())

    def enough(self) -> None:
        measures = ("first_contact", "first_contact_alone")
        if self.first is None or self.first["how"] == "open":
            at = self.first["start"] if self.first else self.h.first_posted_at
            for measure in measures:
                self.left(measure, at, "no_answer")
            return
        answer = self.first["thing"]
        until = self.minutes.end_of_open_day(answer.posted_at, self.clocks.repeat_days)
        words = [one.posted_at for one in self.messages if self.needs(one)]
        words += [one.posted_at for one in self.h.contacts if one.needs_reply and one.collected_at <= self.at]
        back = any(answer.posted_at < at < until for at in words)
        asked = any(one.asked_at <= answer.created_at for one in self.questions)
        for measure, failed in zip(measures, (back, back or asked), strict=True):
            if failed:
                self.row(measure, answer.posted_at, 0.0, person=answer.author_id)
            elif self.at >= until:
                self.row(measure, answer.posted_at, 1.0, person=answer.author_id)
            else:
                self.still(measure, answer.posted_at, person=answer.author_id, changes_at=until)

    # --- people ---

    def credit(self) -> None:
        ordered = sorted(self.answers, key=lambda one: (one.created_at, one.id))
        for number, answer in enumerate(ordered):
            if answer not in self.standing:
                reason = "retracted" if answer.by_person else "machine"
                self.left("handled", answer.posted_at, reason, person=answer.author_id)
                continue
            earlier = [one.created_at for one in ordered[:number] if one in self.standing]
            parts = {answer.author_id: "wrote"}
            if answer.approver_id not in parts:
                parts[answer.approver_id] = "approved"
            for question in self.questions:
                came = question.closed_at
                if question.outcome != "answered" or not self.past(came) or came > answer.created_at:
                    continue
                if (not earlier or came > max(earlier)) and question.closed_by not in parts:
                    parts[question.closed_by] = "checked"
            for person, part in parts.items():
                share = 1.0 if len(parts) == 1 else 0.5 if part == "wrote" else 0.5 / (len(parts) - 1)
                self.row("handled", answer.posted_at, 1.0, person=person, share=round(share, 9), details=(part,))

    def second_line(self) -> None:
        start = self.h.first_posted_at
        self.row("handovers", start, float(len(self.questions)))
        if self.questions:
            self.row("ping_pong", start, 1.0 if len(self.questions) >= 2 else 0.0)
        hours = minutes_of(self.clocks, "second_line")
        for one in self.questions:
            if not self.past(one.closed_at):
                self.still("question_answered", one.asked_at)
            elif one.outcome in ("answered", "replied"):
                length = (one.closed_at - one.asked_at).total_seconds()
                business = 60.0 * hours.count(one.asked_at, one.closed_at)
                self.row("question_answered", one.asked_at, length, business=business, person=one.closed_by)
            else:
                self.left("question_answered", one.asked_at, "not_answered")

    def promised(self) -> None:
        for one in self.h.promises:
            if one.found_at > self.at:
                continue
            settled = one.state if one.settled_at is None or self.past(one.settled_at) else "open"
            if settled == "dropped":
                self.left("promises_kept", one.due_at, "dropped")
            elif one.due_at > self.at:
                self.still("promises_kept", one.due_at, changes_at=one.due_at)
            elif settled == "open":
                self.left("promises_kept", one.due_at, "nobody_said")
            else:
                kept = settled == "kept" and one.settled_at <= one.due_at
                self.row("promises_kept", one.due_at, 1.0 if kept else 0.0)

    def slipped(self) -> None:
        slips = [one.delivery_id for one in self.h.slips if one.at <= self.at]
        for answer in self.answers:
            person = answer.author_id
            if not answer.by_person:
                self.left("slips", answer.posted_at, "machine", person=person)
            else:
                self.row("slips", answer.posted_at, 1.0 if set(slips) & set(answer.parts) else 0.0, person=person)
            if self.past(answer.retracted_at):
                self.time("retraction", answer.posted_at, answer.retracted_at, at=answer.retracted_at, person=person)

    # --- tone ---

    def around(self) -> list[tuple[Any, Any, Any, Any]]:
        """Each standing answer with the message before it, the one after it, and the next answer."""
        found = []
        ordered = sorted(self.standing, key=lambda one: (one.posted_at, one.id))
        by_post = sorted(self.messages, key=lambda one: (one.posted_at, one.id))
        for number, answer in enumerate(ordered):
            before = [one for one in by_post if one.collected_at <= answer.created_at][-1:]
            after = [one for one in by_post if one.posted_at > answer.posted_at][:1]
            found.append((answer, *(before or [None]), *(after or [None]), *(ordered[number + 1 :][:1] or [None])))
        return found

    def moods(self) -> None:
        score = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
        for answer, before, after, following in self.around():
            at, person, reason = answer.posted_at, answer.author_id, ""
            if before is None:
                reason = "no_customer"
            elif after is None:
                reason = "no_further_message"
            elif following is not None and following.posted_at <= after.posted_at:
                reason = "wrote_again"
            elif not self.labels(before) or not self.labels(after):
                reason = "no_label"
            if reason:
                self.left("recovery", at, reason, person=person)
                self.left("sentiment_shift", at, reason, person=person)
                continue
            was = self.labels(before)[-1].values["sentiment"]
            became = self.labels(after)[-1].values["sentiment"]
            self.row("sentiment_shift", at, score[became] - score[was], person=person)
            if was == "negative":
                self.row("recovery", at, 0.0 if became == "negative" else 1.0, person=person)
            else:
                self.left("recovery", at, "not_negative", person=person)

    def moved(self) -> None:
        for answer, before, _, following in self.around():
            at, person = answer.posted_at, answer.author_id
            if before is None or before.private:
                continue
            self.row("moved_private", at, 1.0 if answer.private else 0.0, person=person)
            if not answer.private:
                continue
            words = [
                one.personal for one in self.messages if following is None or one.posted_at < following.posted_at
            ] + [answer.personal]
            if not self.h.public_way:
                self.left("moved_needlessly", at, "no_public_way", person=person)
            elif True in words:
                self.row("moved_needlessly", at, 0.0, person=person)
            elif None in words:
                self.left("moved_needlessly", at, "words_removed", person=person)
            else:
                self.row("moved_needlessly", at, 1.0, person=person)

    def joked(self) -> None:
        for joke in self.h.jokes:
            if joke.posted_at > self.at:
                continue
            for measure, mood in (("jokes_liked", "positive"), ("jokes_disliked", "negative")):
                if self.past(joke.answered_at):
                    self.row(measure, joke.posted_at, 1.0 if joke.sentiment == mood else 0.0)
                else:
                    self.still(measure, joke.posted_at)

    def asked(self) -> None:
        for survey in self.h.surveys:
            if survey.considered_at > self.at:
                continue
            closed, person = survey.resolved_at, survey.agent_id
            if survey.left_out:
                self.left("csat", closed, survey.left_out, person=person)
                continue
            if not self.past(survey.asked_at):
                continue
            score = None
            for mark in survey.marks:
                if mark.at <= self.at:
                    score = mark.score
            over = survey.asked_at + 3 * DAY
            if score is not None:
                self.row("csat", closed, 1.0 if score in (4, 5) else 0.0, person=person)
                self.row("csat_response", closed, 1.0, person=person)
            elif self.at >= over:
                self.left("csat", closed, "no_rating", person=person)
                self.row("csat_response", closed, 0.0, person=person)
            else:
                self.still("csat", closed, changes_at=over, person=person)
                self.still("csat_response", closed, changes_at=over, person=person)

    # --- the machine ---

    def guarded(self) -> None:
        for one in self.h.findings:
            if one.at > self.at:
                continue
            for measure, outcome in (("guard_caught", "changed"), ("guard_overridden", "overridden")):
                if one.level == "suggestion" or one.outcome == "sent":
                    self.left(measure, one.at, "only_suggested", person=one.agent_id)
                elif not one.outcome:
                    self.left(measure, one.at, "nothing_sent", person=one.agent_id)
                else:
                    self.row(measure, one.at, 1.0 if one.outcome == outcome else 0.0, person=one.agent_id)

    def corrected(self) -> None:
        worked_on = [event for event in self.events if event.actor_id is not None]
        for message in self.messages:
            kept: list[Any] = []
            for label in self.labels(message):
                kept = kept[:-1] if label.taken_back and kept else [*kept, label]
            if not message.labels:
                continue
            kept = kept or [message.labels[0]]
            machine = [label for label in kept if not label.by_person]
            said = machine[-1] if machine else kept[0]
            for question in ("sentiment", "urgency", "topic", "needs_reply", "line"):
                details = (question, said.values[question])
                if not worked_on:
                    self.left("corrected", message.labels[0].at, "nobody_looked", details=details)
                    continue
                changed = 0.0
                for number in range(1, len(kept)):
                    if kept[number].by_person and kept[number].values[question] != kept[number - 1].values[question]:
                        changed = 1.0
                self.row("corrected", message.labels[0].at, changed, details=details)


def _each(start: datetime, end: datetime) -> Any:
    while start < end:
        yield start
        start += MINUTE
