"""The words of the measures, and the reasons of what is left out. A row: name, version, unit, dating, better, words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from webcare.domain import N_
from webcare.measures.values import Dating, Unit

_Row = tuple[str, int, Unit, Dating, Literal["low", "high", ""], str, str]

FIGURES: tuple[_Row, ...] = (
    ("volume", 1, "count", "event", "", N_("Messages of customers"),
     N_("Every message of a customer that became part of a case, dated when it was posted.")),
    ("first_response", 2, "s", "cohort", "low", N_("First response"),
     N_("From the customer's first message that needs an answer, as it stood on the network, to our first public or "
        "private answer by a person that still stands. Notes, posts made outside Webcare and answers we took back do "
        "not count.")),
    ("first_response", 1, "s", "cohort", "low", N_("First response"),
     N_("From the first message of the case to our first answer, also one that we took back later, whether or not the "
        "message needed one.")),
    ("next_response", 1, "s", "cohort", "low", N_("Next response"),
     N_("After our first answer: from the first message that nobody answered yet, not the last one, to the answer to "
        "it.")),
    ("resolution_first", 1, "s", "cohort", "low", N_("First resolution"),
     N_("From the first message of the case to the first time it was closed as dealt with. An answer is not yet a "
        "solution.")),
    ("resolution_last", 1, "s", "cohort", "low", N_("Final resolution"),
     N_("From the first message of the case to the last time it was closed; open while it is not closed.")),
    ("reopened", 1, "count", "cohort", "low", N_("Reopened"),
     N_("How often a case that was closed came back, by the customer or by a colleague.")),
    ("waiting_customer", 1, "s", "event", "", N_("Waiting for the customer"),
     N_("From our answer to the customer's next message that needs one, or to the closing of the case.")),
    ("waiting_first_line", 1, "s", "event", "low", N_("Waiting for the first line"),
     N_("The part of a customer's wait in opening hours in which the case lay with the first line.")),
    ("waiting_second_line", 1, "s", "event", "low", N_("Waiting for the second line"),
     N_("The part of a customer's wait in opening hours in which a question lay with the second line.")),
    ("waiting_approval", 1, "s", "event", "low", N_("Waiting for approval"),
     N_("The part of a customer's wait in opening hours in which a written reply waited for a colleague's yes.")),
    ("waiting_closed", 1, "s", "event", "", N_("Waiting while we were closed"),
     N_("The part of a customer's wait outside the opening hours that were in force then.")),
    ("collecting_lag", 1, "s", "event", "low", N_("Posted to collected"),
     N_("From the moment a message stood on the network to the moment Webcare had it. Nobody at the desk could answer "
        "in that time.")),
    ("taking_up", 1, "s", "cohort", "low", N_("Collected to opened"),
     N_("From the collecting of the first unanswered message to the first look of a colleague at the case, or their "
        "first act on it where no look is kept.")),
    ("answering", 1, "s", "cohort", "low", N_("Opened to answered"),
     N_("From that first look or act to the answer.")),
    ("service_first", 1, "share", "cohort", "high", N_("First response in time"),
     N_("The share of first responses by the target in force when the customer wrote. Without an answer past the "
        "target is late, also when the case was closed after it.")),
    ("service_next", 1, "share", "cohort", "high", N_("Next response in time"),
     N_("The same for every later answer.")),
    ("service_resolution", 1, "share", "cohort", "high", N_("Resolution in time"),
     N_("The share of cases first closed by the target for resolution in force when the customer wrote; still open "
        "past it is late.")),
    ("first_contact", 1, "share", "event", "high", N_("First contact completion"),
     N_("The share of first answers after which the customer did not come back within three business days, in this "
        "case or another one, on any network linked to them. Thanks is no coming back; asking the second line is "
        "allowed.")),
    ("first_contact_alone", 1, "share", "event", "high", N_("First contact completion without help"),
     N_("The same, and nobody asked the second line before that answer.")),
    ("handled", 1, "count", "event", "", N_("Answers"),
     N_("Answers that stand on the network, credited to who wrote them. Where others gave the facts or the approval, "
        "half is the writer's and they share the other half. Who has the case now does not matter.")),
    ("handovers", 1, "count", "cohort", "low", N_("Questions to the second line"),
     N_("How often a case went to the second line with a question.")),
    ("ping_pong", 1, "share", "cohort", "low", N_("To and fro"),
     N_("Of the cases that went to the second line, the share that went there more than once.")),
    ("question_answered", 1, "s", "event", "low", N_("Answer of the second line"),
     N_("From a question to the second line to its answer, dated when it was asked.")),
    ("promises_kept", 1, "share", "event", "high", N_("Promises kept"),
     N_("Of the promises that fell due, the share that somebody marked as kept by then. Late and never are broken.")),
    ("recovery", 1, "share", "event", "high", N_("Recovery"),
     N_("Of our answers to negative messages after which the customer wrote again, the share whose next message was "
        "not negative, by the labels in force.")),
    ("sentiment_shift", 1, "score", "event", "high", N_("Change of sentiment"),
     N_("The sentiment of the customer's next message less that of the last one before our answer: negative is -1, "
        "neutral 0, positive 1.")),
    ("moved_private", 1, "share", "event", "", N_("Moved to private"),
     N_("Of our answers to public messages, the share that went out privately.")),
    ("moved_needlessly", 1, "share", "event", "low", N_("Moved to private without need"),
     N_("Of the answers moved to private where the network takes public ones, the share where neither the "
        "customer wrote personal data before or after it, nor the answer had or asked for any. Other good reasons are "
        "not seen.")),
    ("jokes_liked", 1, "share", "event", "high", N_("Jokes that were liked"),
     N_("Of our jokes that the customer answered, the share answered positively.")),
    ("jokes_disliked", 1, "share", "event", "low", N_("Jokes that went wrong"),
     N_("Of our jokes that the customer answered, the share answered negatively.")),
    ("guard_caught", 1, "share", "event", "", N_("Caught by the guard"),
     N_("Of the findings that asked for something, the share after which the text was changed.")),
    ("guard_overridden", 1, "share", "event", "", N_("Guard overridden"),
     N_("Of the findings that asked for something, the share in spite of which the text was sent.")),
    ("slips", 1, "share", "event", "low", N_("Slips"),
     N_("The share of our answers that somebody later reported as a slip; read it as so many per 1,000 replies.")),
    ("retraction", 1, "s", "event", "low", N_("Time to retract"),
     N_("From the moment an answer stood on the network to the moment we had taken it back.")),
    ("corrected", 1, "share", "event", "low", N_("Labels corrected"),
     N_("Of the labels the model gave in cases that a colleague worked on, the share a colleague changed. A label that "
        "nobody changed is not proved right.")),
    ("backlog_age", 1, "s", "cohort", "low", N_("Age of the backlog"),
     N_("At one moment: how long each customer who waits for an answer has been waiting.")),
    ("csat", 1, "score", "event", "high", N_("Customer satisfaction"),
     N_("Marks that customers gave after a private question. No network connected to Webcare carries such a question "
        "yet, so there are none.")),
    ("csat", 2, "share", "cohort", "high", N_("Customer satisfaction"),
     N_("Of the customers who were asked privately how we helped them, on a scale of 1 to 5, and gave a rating within "
        "72 hours, the share of 4 and 5; the newest rating counts. Dated when the case was closed, credited to who "
        "wrote the newest answer by then. Who gives no rating is not zero. Those who were not asked are left out with "
        "the reason: read it beside them and beside the share that answered, never alone.")),
    ("csat_response", 1, "share", "cohort", "", N_("Asked customers who gave a rating"),
     N_("Of the customers who were asked privately how we helped them, the share that gave a rating within 72 hours. "
        "Dated when the case was closed.")),
)  # fmt: skip

#: Why a fact is left out of a measure, by the code that stands in it.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "open": N_("still open"),
        "needs_no_reply": N_("the message needs no answer"),
        "closed_unanswered": N_("closed without an answer"),
        "message_gone": N_("the customer removed the message before it was answered"),
        "outside": N_("posted outside Webcare; nobody knows whether a person wrote it"),
        "machine": N_("not written by a person"),
        "retracted": N_("taken back by us"),
        "no_answer": N_("the case has no answer of ours"),
        "no_customer": N_("the case has no message of a customer"),
        "not_solved": N_("closed as spam, as a duplicate, or because the message is gone"),
        "no_target": N_("no target was set"),
        "answered_before_collected": N_("answered on the network before Webcare had the message"),
        "late_source": N_("the network's clock says it was posted after it was collected"),
        "not_answered": N_("the question was withdrawn, or came back without an answer"),
        "dropped": N_("it was no promise"),
        "nobody_said": N_("past due, and nobody said whether it was kept"),
        "no_rating": N_("asked, and no rating came within 72 hours"),
        "survey_critical": N_("not asked: danger, or a legal matter"),
        "survey_angry": N_("not asked: the customer was negative"),
        "survey_incident": N_("not asked: part of an incident that is going on"),
        "survey_ours": N_("not asked: a colleague, a program or an account of ours"),
        "survey_asked_before": N_("not asked: asked not long ago"),
        "survey_opted_out": N_("not asked: they want no such questions"),
        "survey_no_answer": N_("not asked: nobody answered in the case"),
        "survey_language": N_("not asked: no question in their language"),
        "survey_still_writing": N_("not asked: something of theirs is still open"),
        "survey_too_late": N_("not asked: the private conversation was over"),
        "survey_not_sent": N_("not asked: the network or the guard did not let the question through"),
        "no_further_message": N_("the customer did not write again"),
        "wrote_again": N_("we wrote again before the customer did"),
        "not_negative": N_("the message before was not negative"),
        "no_label": N_("the message has no label"),
        "no_public_way": N_("the network takes no public answer"),
        "words_removed": N_("the words were removed by now"),
        "nothing_sent": N_("no text was sent after it"),
        "only_suggested": N_("a suggestion that asks for nothing"),
        "nobody_looked": N_("no colleague worked on the case"),
    }
)
