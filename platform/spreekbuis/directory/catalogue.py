"""Fixed vocabularies with their words on screen: topics, categories, channels, and the rest of domain.md.

Codes are what the database, the facts and the URLs hold; labels are translated.
"""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Topic(StrEnum):
    WELLBEING = "wellbeing"
    INTEGRITY = "integrity"
    SAFETY = "safety"
    PRIVATE = "private"
    OTHER = "other"
    CITIZENS = "citizens"
    """What comes to 1700: the one that no report of staff has."""


TOPIC_LABELS: dict[Topic, LazyString] = {
    Topic.WELLBEING: _l("Welzijn"),
    Topic.INTEGRITY: _l("Integriteit"),
    Topic.SAFETY: _l("Veiligheid op het werk"),
    Topic.PRIVATE: _l("Privé"),
    Topic.OTHER: _l("Iets anders"),
}
"""The topics of staff."""


@dataclass(frozen=True, slots=True)
class Category:
    """What a report is about. `duty_to_speak`: the reporter is told of the spreekplicht first (decree on the duty
    to speak: integrity reports and occupational safety)."""

    code: str
    topic: Topic
    label: LazyString
    duty_to_speak: bool = False


CATEGORIES: dict[str, Category] = {
    c.code: c
    for c in (
        Category("bullying", Topic.WELLBEING, _l("Pesten")),
        Category("aggression", Topic.WELLBEING, _l("Agressie")),
        Category("sexual_behaviour", Topic.WELLBEING, _l("Ongewenst seksueel gedrag op het werk")),
        Category("discrimination", Topic.WELLBEING, _l("Racisme en discriminatie")),
        Category("conflict", Topic.WELLBEING, _l("Conflict")),
        Category("burnout", Topic.WELLBEING, _l("Burn-out")),
        Category("fraud", Topic.INTEGRITY, _l("Fraude"), duty_to_speak=True),
        Category("bribery", Topic.INTEGRITY, _l("Omkoping"), duty_to_speak=True),
        Category("theft", Topic.INTEGRITY, _l("Diefstal van werkmiddelen"), duty_to_speak=True),
        Category("conflict_of_interest", Topic.INTEGRITY, _l("Belangenvermenging"), duty_to_speak=True),
        Category("ict_misuse", Topic.INTEGRITY, _l("Misbruik van e-mail of internet"), duty_to_speak=True),
        Category("leak", Topic.INTEGRITY, _l("Vertrouwelijke informatie lekken"), duty_to_speak=True),
        Category("safety", Topic.SAFETY, _l("Veiligheid op het werk"), duty_to_speak=True),
        Category("private", Topic.PRIVATE, _l("Privé")),
        Category("other", Topic.OTHER, _l("Iets anders, of ik weet het niet zeker")),
    )
}
"""What staff can report."""

CITIZENS = Category("citizens", Topic.CITIZENS, _l("Bericht aan 1700"))
EVERY_CATEGORY: dict[str, Category] = {**CATEGORIES, CITIZENS.code: CITIZENS}
"""What a case can be about."""


class DeskKind(StrEnum):
    INTEGRITY = "integrity"
    WELLBEING = "wellbeing"
    CITIZENS = "citizens"
    """1700: at one entity, the host."""


DESK_LABELS: dict[DeskKind, LazyString] = {
    DeskKind.INTEGRITY: _l("loket Integriteit"),
    DeskKind.WELLBEING: _l("loket Welzijn"),
    DeskKind.CITIZENS: _l("loket 1700"),
}

DESK_OF_TOPIC: dict[Topic, DeskKind] = {
    Topic.WELLBEING: DeskKind.WELLBEING,
    Topic.INTEGRITY: DeskKind.INTEGRITY,
    Topic.SAFETY: DeskKind.INTEGRITY,
    Topic.PRIVATE: DeskKind.WELLBEING,
    Topic.OTHER: DeskKind.WELLBEING,
    Topic.CITIZENS: DeskKind.CITIZENS,
}
"""Which desk gets a new case. What may be psychosocial goes to the wellbeing compartment."""


class Channel(StrEnum):
    WEB = "web"
    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    VISIT = "visit"
    LETTER = "letter"


CHANNEL_LABELS: dict[Channel, LazyString] = {
    Channel.WEB: _l("Website"),
    Channel.PHONE: _l("Telefoon"),
    Channel.EMAIL: _l("E-mail"),
    Channel.CHAT: _l("Chat"),
    Channel.VISIT: _l("Bezoek"),
    Channel.LETTER: _l("Brief"),
}


class Identity(StrEnum):
    ANONYMOUS = "anonymous"
    CONFIDENTIAL = "confidential"
    """The desk knows the name and tells nobody."""
    NAMED = "named"


IDENTITY_LABELS: dict[Identity, LazyString] = {
    Identity.ANONYMOUS: _l("Zonder naam"),
    Identity.CONFIDENTIAL: _l("Vertrouwelijk"),
    Identity.NAMED: _l("Met naam"),
}


class ReporterClass(StrEnum):
    STAFF = "staff"
    APPLICANT = "applicant"
    CONSULTANT = "consultant"
    SUPPLIER = "supplier"
    FORMER_STAFF = "former_staff"
    OTHER = "other"
    CITIZEN = "citizen"
    """A citizen or a business, who came by 1700: counted apart, wherever the case goes."""


REPORTER_CLASS_LABELS: dict[ReporterClass, LazyString] = {
    ReporterClass.STAFF: _l("Personeelslid"),
    ReporterClass.APPLICANT: _l("Sollicitant"),
    ReporterClass.CONSULTANT: _l("Consultant"),
    ReporterClass.SUPPLIER: _l("Leverancier"),
    ReporterClass.FORMER_STAFF: _l("Gewezen personeelslid"),
    ReporterClass.OTHER: _l("Andere band met het werk"),
    ReporterClass.CITIZEN: _l("Burger of onderneming"),
}
WORK_RELATED: dict[ReporterClass, LazyString] = {
    c: label for c, label in REPORTER_CLASS_LABELS.items() if c is not ReporterClass.CITIZEN
}
"""Who can report to Spreekbuis."""


class CaseKind(StrEnum):
    NEW = "new"
    """Not yet marked by a handler."""
    REPORT = "report"
    INFORMATION_REQUEST = "information_request"


CASE_KIND_LABELS: dict[CaseKind, LazyString] = {
    CaseKind.NEW: _l("Nog niet bepaald"),
    CaseKind.REPORT: _l("Melding"),
    CaseKind.INFORMATION_REQUEST: _l("Infovraag"),
}


class Outcome(StrEnum):
    FOUNDED = "founded"
    PARTLY_FOUNDED = "partly_founded"
    UNFOUNDED = "unfounded"
    INSUFFICIENT = "insufficient"
    NOT_EXAMINED = "not_examined"
    ANSWERED = "answered"
    """The outcome of an information request."""
    REFERRED = "referred"
    """Handed over to another desk, entity or actor. It is counted where it is handled."""
    DUPLICATE = "duplicate"
    """Handled together with another case of the desk, which is the one that counts."""


OUTCOME_LABELS: dict[Outcome, LazyString] = {
    Outcome.FOUNDED: _l("Gegrond"),
    Outcome.PARTLY_FOUNDED: _l("Deels gegrond"),
    Outcome.UNFOUNDED: _l("Ongegrond"),
    Outcome.INSUFFICIENT: _l("Onvoldoende elementen"),
    Outcome.NOT_EXAMINED: _l("Niet onderzocht"),
    Outcome.ANSWERED: _l("Beantwoord"),
    Outcome.REFERRED: _l("Doorverwezen"),
    Outcome.DUPLICATE: _l("Duplicaat"),
}


class FollowUp(StrEnum):
    """What a central actor did with a case."""

    FORENSIC_AUDIT = "forensic_audit"
    PRE_INVESTIGATION = "pre_investigation"
    NO_CONCRETE_INDICATIONS = "no_concrete_indications"
    CANNOT_BE_INVESTIGATED = "cannot_be_investigated"
    EXAMINED_BY_ENTITY = "examined_by_entity"
    OUTSIDE_REMIT = "outside_remit"
    IMPROVEMENT_LETTER = "improvement_letter"
    WITH_COURT = "with_court"
    BY_OMBUDSMAN = "by_ombudsman"


FOLLOW_UP_LABELS: dict[FollowUp, LazyString] = {
    FollowUp.FORENSIC_AUDIT: _l("Forensische audit"),
    FollowUp.PRE_INVESTIGATION: _l("Vooronderzoek"),
    FollowUp.NO_CONCRETE_INDICATIONS: _l("Geen concrete aanwijzingen"),
    FollowUp.CANNOT_BE_INVESTIGATED: _l("Niet te onderzoeken"),
    FollowUp.EXAMINED_BY_ENTITY: _l("Onderzocht door de entiteit, na advies"),
    FollowUp.OUTSIDE_REMIT: _l("Niet bevoegd"),
    FollowUp.IMPROVEMENT_LETTER: _l("Verbeterbrief"),
    FollowUp.WITH_COURT: _l("Bij het gerecht of een andere instantie"),
    FollowUp.BY_OMBUDSMAN: _l("Opgenomen door de Vlaamse Ombudsdienst"),
}


class ContactEnd(StrEnum):
    """How a contact with the front office ended."""

    ANSWERED = "answered"
    CASE = "case"
    REFERRED = "referred"
    NO_SERVICE = "no_service"
    """The entity takes no reports: the other person heard where else to go."""
    ADDED = "added"


CONTACT_END_LABELS: dict[ContactEnd, LazyString] = {
    ContactEnd.ANSWERED: _l("Meteen beantwoord"),
    ContactEnd.CASE: _l("Nieuw dossier"),
    ContactEnd.REFERRED: _l("Doorverwezen"),
    ContactEnd.NO_SERVICE: _l("Entiteit niet aangesloten"),
    ContactEnd.ADDED: _l("Bij een bestaand dossier"),
}


class PersonRole(StrEnum):
    """What somebody is in a case."""

    CONCERNED = "concerned"
    """Named in the report as who did it, or had a part in it."""
    WITNESS = "witness"
    VICTIM = "victim"
    REPORTER = "reporter"
    OTHER = "other"


PERSON_ROLE_LABELS: dict[PersonRole, LazyString] = {
    PersonRole.CONCERNED: _l("Betrokkene"),
    PersonRole.WITNESS: _l("Getuige"),
    PersonRole.VICTIM: _l("Slachtoffer"),
    PersonRole.REPORTER: _l("Melder"),
    PersonRole.OTHER: _l("Iemand anders"),
}


class ExclusionReason(StrEnum):
    """Why a case does not exist for a member."""

    NAMED = "named"
    REPORTING_LINE = "reporting_line"
    DECLARED = "declared"
    BY_REPORTER = "by_reporter"


EXCLUSION_REASON_LABELS: dict[ExclusionReason, LazyString] = {
    ExclusionReason.NAMED: _l("Komt voor in de melding"),
    ExclusionReason.REPORTING_LINE: _l("Staat in de hiërarchische lijn"),
    ExclusionReason.DECLARED: _l("Meldde zelf een belangenconflict"),
    ExclusionReason.BY_REPORTER: _l("De melder vroeg het"),
}


class Spoken(StrEnum):
    """A language in which one can be helped (ISO 639)."""

    DUTCH = "nl"
    FRENCH = "fr"
    ENGLISH = "en"
    GERMAN = "de"
    FLEMISH_SIGN = "vgt"


SPOKEN_LABELS: dict[Spoken, LazyString] = {
    Spoken.DUTCH: _l("Nederlands"),
    Spoken.FRENCH: _l("Frans"),
    Spoken.ENGLISH: _l("Engels"),
    Spoken.GERMAN: _l("Duits"),
    Spoken.FLEMISH_SIGN: _l("Vlaamse Gebarentaal"),
}


class Region(StrEnum):
    """Where one can be helped: a Flemish province, or Brussels."""

    ANTWERP = "antwerp"
    LIMBURG = "limburg"
    EAST_FLANDERS = "east_flanders"
    FLEMISH_BRABANT = "flemish_brabant"
    WEST_FLANDERS = "west_flanders"
    BRUSSELS = "brussels"


REGION_LABELS: dict[Region, LazyString] = {
    Region.ANTWERP: _l("Antwerpen"),
    Region.LIMBURG: _l("Limburg"),
    Region.EAST_FLANDERS: _l("Oost-Vlaanderen"),
    Region.FLEMISH_BRABANT: _l("Vlaams-Brabant"),
    Region.WEST_FLANDERS: _l("West-Vlaanderen"),
    Region.BRUSSELS: _l("Brussel"),
}


class TrainingKind(StrEnum):
    """What contact persons can follow."""

    COURSE = "course"
    """One day, for new contact persons."""
    MASTER_CLASS = "master_class"
    SUPERVISION = "supervision"
    E_COACHING = "e_coaching"
    INTERVISION = "intervision"


TRAINING_LABELS: dict[TrainingKind, LazyString] = {
    TrainingKind.COURSE: _l("Eendaagse opleiding voor nieuwe contactpersonen"),
    TrainingKind.MASTER_CLASS: _l("Masterclass"),
    TrainingKind.SUPERVISION: _l("Supervisie"),
    TrainingKind.E_COACHING: _l("E-coaching"),
    TrainingKind.INTERVISION: _l("Intervisie"),
}
