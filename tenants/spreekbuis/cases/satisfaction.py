"""How the reporter scores the service, once the case is closed."""

from flask_babel import lazy_gettext as _l

from spreekbuis.audit.trail import Audited
from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.models import Case
from spreekbuis.clock import now
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.vault.content import ContentKey

LOWEST, HIGHEST = 1, 5


def score_case(case: Case, key: ContentKey, score: int, comment: str) -> None:
    """Keep the reporter's score (1 to 5) and comment (may be empty, is sealed). Once, and only of a closed
    case that went on nowhere else: there it is scored.

    Raises Invalid for another score, Conflict when the case is open, goes on in another one, or was scored before.
    """
    if not LOWEST <= score <= HIGHEST:
        raise Invalid({"score": _l("Kies een score van 1 tot 5.")})
    if case.outcome == Outcome.REFERRED:
        raise Conflict(_l("Je melding loopt elders verder"), _l("Je geeft een score waar ze afgerond wordt."))
    if case.closed_at is None or case.outcome == Outcome.DUPLICATE:
        raise Conflict(
            _l("Je dossier is nog niet afgesloten"), _l("Je kunt een score geven zodra het is afgesloten.")
        )
    if case.score is not None:
        raise Conflict(_l("Je gaf al een score"), _l("Je eerste score is bewaard. Er is niets veranderd."))
    case.score = score
    case.scored_at = now()
    if comment:
        case.score_comment_sealed = key.seal("score_comment", comment)
    changed(case, Happened.SCORED, Audited.CASE_SCORED, score=score)
