"""The sandbox answers what the gateway's description says, wherever the description is right."""

from __future__ import annotations

import mistakes
import verdict
from cases import CASES
from document import Document
from talk import Talk
from verdict import Known, compare


def test_every_listed_status_is_answered_and_checked(talk: Talk, operation: str, status: int) -> None:
    assert (operation, status) in CASES or status == 401, "no case brings it about"
    assert talk.checked[operation, status] > 0


def test_what_can_be_asked_wrongly_was(talk: Talk) -> None:
    assert verdict.unchecked(talk.document, talk.checked) == set()


def test_answers_fit_the_description_but_for_what_is_known(talk: Talk, known: Known) -> None:
    unknown, unneeded = compare(talk.problems, known.answers)
    assert not unknown
    assert not unneeded, "these are listed in wrong.yaml and not found any more"


def test_no_other_status_is_answered_than_the_known_ones(talk: Talk, known: Known) -> None:
    unknown, unneeded = compare(verdict.unlisted(talk.document, talk.checked), known.statuses)
    assert not unknown
    assert not unneeded, "these are listed in wrong.yaml and not found any more"


def test_every_error_is_one_that_the_list_of_errors_has(talk: Talk) -> None:
    listed = {(one["http"], one["code"], one["message"]) for one in talk.ask("getErrors", to_be=200).json()}
    assert len(talk.errors) > 10
    assert talk.errors <= listed


def test_every_property_and_every_listed_value_is_shown(talk: Talk) -> None:
    assert verdict.unshown(talk.document, talk.seen) == set()


def test_the_mistakes_of_the_description_are_the_known_ones(document: Document, known: Known) -> None:
    unknown, unneeded = compare(mistakes.all_of(document), known.mistakes)
    assert not unknown
    assert not unneeded, "these are listed in wrong.yaml and not found any more"
