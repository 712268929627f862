"""The questionnaires that come with the product, until the central office writes its own.

Nothing is required. People are asked for by their role and not by name; nobody is asked to tell again, or to prove.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.db.session import db
from spreekbuis.questionnaires.definition import LONGEST_OF, WRITTEN, Kind, parse
from spreekbuis.questionnaires.models import Questionnaire, QuestionnaireCategory, QuestionnaireVersion

# ruff: noqa: E501 (texts)


def _texts(nl: str, en: str, fr: str, de: str) -> dict[str, str]:
    return {"nl": nl, "en": en, "fr": fr, "de": de}


def _question(key: str, kind: Kind, label: dict[str, str], help_: dict[str, str] | None = None, *,
              options: dict[str, dict[str, str]] | None = None, when: tuple[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
    return {
        "key": key, "kind": kind.value, "label": label, "help": help_ or {}, "required": False,
        "longest": LONGEST_OF[kind] if kind in WRITTEN else 0,
        "options": [{"key": option, "label": words} for option, words in (options or {}).items()],
        "condition": {"question": when[0], "value": when[1]} if when else None,
    }  # fmt: skip


def _section(key: str, title: dict[str, str], *questions: dict[str, Any], intro: dict[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
    return {"key": key, "title": title, "intro": intro or {}, "questions": list(questions)}


_WHAT = _texts("Wat er gebeurde", "What happened", "Ce qui s’est passé", "Was passiert ist")
_NOW = _texts("Hoe het nu is", "How things are now", "La situation actuelle", "Wie es jetzt ist")
_PEOPLE = _texts("Wie erbij was", "Who was there", "Qui était présent", "Wer dabei war")
_NO_NAMES = _texts(
    "Namen hoeven niet. Zeg liever wat iemand doet: leidinggevende, collega, leverancier.",
    "You do not need to give names. Say what somebody does instead: manager, colleague, supplier.",
    "Les noms ne sont pas nécessaires. Indiquez plutôt la fonction : responsable, collègue, fournisseur.",
    "Namen sind nicht nötig. Sagen Sie lieber, welche Rolle jemand hat: Führungskraft, Kollegin, Lieferant.",
)
OFTEN = _question(
    "often", Kind.ONE,
    _texts("Gebeurde het één keer of vaker?", "Did it happen once or more often?", "Est-ce arrivé une fois ou plus souvent ?", "Ist es einmal oder öfter passiert?"),
    options={
        "once": _texts("Eén keer", "Once", "Une fois", "Einmal"),
        "more": _texts("Meer dan één keer", "More than once", "Plus d’une fois", "Mehr als einmal"),
        "going_on": _texts("Het is nog altijd bezig", "It is still going on", "Cela continue encore", "Es geht noch weiter"),
    },
)  # fmt: skip
WHEN = _question(
    "when", Kind.DATE,
    _texts("Wanneer was dat?", "When was that?", "Quand était-ce ?", "Wann war das?"),
    _texts(
        "Een maand en een jaar, of alleen een jaar, is ook goed.",
        "A month and a year, or just a year, is fine too.",
        "Un mois et une année, ou seulement une année, suffisent aussi.",
        "Ein Monat und ein Jahr, oder nur ein Jahr, genügt auch.",
    ),
    when=("often", "once"),
)  # fmt: skip
SINCE = _question(
    "since", Kind.DATE,
    _texts("Sinds wanneer gebeurt het?", "Since when has it been happening?", "Depuis quand cela arrive-t-il ?", "Seit wann passiert es?"),
    _texts("Ongeveer is goed.", "Roughly is fine.", "Une date approximative suffit.", "Ungefähr genügt."),
    when=("often", "going_on"),
)  # fmt: skip
BETWEEN = _question(
    "between", Kind.PERIOD,
    _texts("Wanneer begon het?", "When did it begin?", "Quand cela a-t-il commencé ?", "Wann hat es angefangen?"),
    _texts("Ongeveer is goed.", "Roughly is fine.", "Une date approximative suffit.", "Ungefähr genügt."),
    when=("often", "more"),
)  # fmt: skip
WHERE = _question(
    "where", Kind.SHORT,
    _texts("Waar gebeurde het?", "Where did it happen?", "Où cela s’est-il passé ?", "Wo ist es passiert?"),
    _texts(
        "Bijvoorbeeld op kantoor, onderweg, online of op een feest van het werk.",
        "For instance at the office, on the way, online or at a work party.",
        "Par exemple au bureau, en chemin, en ligne ou lors d’une fête du travail.",
        "Zum Beispiel im Büro, unterwegs, online oder auf einer Feier der Arbeit.",
    ),
)  # fmt: skip
WHO = _question(
    "who", Kind.SEVERAL,
    _texts("Wie is erbij betrokken?", "Who is involved?", "Qui est concerné ?", "Wer ist beteiligt?"),
    _NO_NAMES,
    options={
        "colleague": _texts("Een of meer collega’s", "One or more colleagues", "Un ou plusieurs collègues", "Eine oder mehrere Kolleginnen oder Kollegen"),
        "manager": _texts("Mijn leidinggevende", "My manager", "Mon ou ma responsable", "Meine Führungskraft"),
        "higher": _texts("Iemand hoger in de organisatie", "Somebody higher up in the organisation", "Quelqu’un de plus haut placé dans l’organisation", "Jemand weiter oben in der Organisation"),
        "report": _texts("Iemand aan wie ik leiding geef", "Somebody whom I manage", "Quelqu’un que je dirige", "Jemand, den ich führe"),
        "outside": _texts("Iemand van buiten: een klant, burger of leverancier", "Somebody from outside: a client, citizen or supplier", "Quelqu’un de l’extérieur : un client, un citoyen ou un fournisseur", "Jemand von außen: ein Kunde, eine Bürgerin oder ein Lieferant"),
        "unknown": _texts("Dat weet ik niet", "I do not know", "Je ne sais pas", "Das weiß ich nicht"),
    },
)  # fmt: skip
WITNESSES = _question(
    "witnesses", Kind.YES_NO,
    _texts("Heeft iemand anders het gezien of gehoord?", "Did anybody else see or hear it?", "Quelqu’un d’autre l’a-t-il vu ou entendu ?", "Hat jemand anderes es gesehen oder gehört?"),
    _texts(
        "We spreken niemand aan zonder eerst met jou te overleggen.",
        "We approach nobody without talking to you first.",
        "Nous ne contactons personne sans en parler d’abord avec vous.",
        "Wir sprechen niemanden an, ohne vorher mit Ihnen zu reden.",
    ),
)  # fmt: skip
WHICH_WITNESSES = _question(
    "which_witnesses", Kind.SHORT,
    _texts("Wie was dat?", "Who was that?", "Qui était-ce ?", "Wer war das?"), _NO_NAMES, when=("witnesses", "yes"),
)  # fmt: skip
TOLD = _question(
    "told", Kind.YES_NO,
    _texts("Heb je het al aan iemand verteld?", "Have you told anybody yet?", "En avez-vous déjà parlé à quelqu’un ?", "Haben Sie schon mit jemandem darüber gesprochen?"),
)  # fmt: skip
TOLD_WHOM = _question(
    "told_whom", Kind.LONG,
    _texts("Aan wie, en wat gebeurde er daarna?", "To whom, and what happened then?", "À qui, et que s’est-il passé ensuite ?", "Mit wem, und was ist danach passiert?"),
    _NO_NAMES, when=("told", "yes"),
)  # fmt: skip
DANGER = _question(
    "danger", Kind.YES_NO,
    _texts("Is er nu gevaar voor jou of voor iemand anders?", "Is there danger now, for you or somebody else?", "Y a-t-il actuellement un danger pour vous ou pour quelqu’un d’autre ?", "Besteht jetzt Gefahr für Sie oder für jemand anderen?"),
    _texts(
        "Bij direct gevaar: bel 112. Wij lezen je melding niet op elk uur van de dag.",
        "In immediate danger, call 112. We do not read your report at every hour of the day.",
        "En cas de danger immédiat, appelez le 112. Nous ne lisons pas votre signalement à toute heure.",
        "Bei unmittelbarer Gefahr: Rufen Sie 112 an. Wir lesen Ihre Meldung nicht rund um die Uhr.",
    ),
)  # fmt: skip
WHICH_DANGER = _question(
    "which_danger", Kind.LONG,
    _texts("Wat moeten we weten om te helpen?", "What do we need to know to help?", "Que devons-nous savoir pour vous aider ?", "Was müssen wir wissen, um zu helfen?"),
    when=("danger", "yes"),
)  # fmt: skip
HOPE = _question(
    "hope", Kind.LONG,
    _texts("Wat hoop je dat er gebeurt?", "What do you hope will happen?", "Qu’espérez-vous qu’il se passe ?", "Was erhoffen Sie sich?"),
    _texts(
        "Weet je het nog niet? Dat is ook goed.",
        "You do not know yet? That is fine too.",
        "Vous ne le savez pas encore ? Ce n’est pas grave.",
        "Sie wissen es noch nicht? Auch das ist in Ordnung.",
    ),
)  # fmt: skip
EFFECT = _question(
    "effect", Kind.LONG,
    _texts("Wat doet het met jou?", "How does it affect you?", "Quel effet cela a-t-il sur vous ?", "Was macht es mit Ihnen?"),
    _texts(
        "Bijvoorbeeld op je slaap, je gezondheid of je werk. Zeg alleen wat je wilt.",
        "For instance on your sleep, your health or your work. Say only what you want to.",
        "Par exemple sur votre sommeil, votre santé ou votre travail. Dites seulement ce que vous voulez.",
        "Zum Beispiel auf Schlaf, Gesundheit oder Arbeit. Sagen Sie nur, was Sie möchten.",
    ),
)  # fmt: skip
TALKED = _question(
    "talked", Kind.YES_NO,
    _texts("Heb je er al met de ander over gesproken?", "Have you talked about it with the other person?", "En avez-vous déjà parlé avec l’autre personne ?", "Haben Sie schon mit der anderen Person darüber gesprochen?"),
    _texts("Dat hoeft niet.", "You do not have to.", "Ce n’est pas obligatoire.", "Das müssen Sie nicht."),
)  # fmt: skip
CAUSES = _question(
    "causes", Kind.SEVERAL,
    _texts("Waar ligt het volgens jou aan?", "What do you think causes it?", "Quelle en est la cause, selon vous ?", "Woran liegt es Ihrer Meinung nach?"),
    options={
        "amount": _texts("Te veel werk", "Too much work", "Trop de travail", "Zu viel Arbeit"),
        "content": _texts("Het werk zelf", "The work itself", "Le travail lui-même", "Die Arbeit selbst"),
        "hours": _texts("De uren, of het thuiswerk", "The hours, or working from home", "Les horaires ou le télétravail", "Die Arbeitszeiten oder das Homeoffice"),
        "people": _texts("De sfeer of de mensen", "The atmosphere or the people", "L’ambiance ou les personnes", "Die Stimmung oder die Menschen"),
        "changes": _texts("Veranderingen op het werk", "Changes at work", "Des changements au travail", "Veränderungen bei der Arbeit"),
        "home": _texts("Iets thuis", "Something at home", "Quelque chose à la maison", "Etwas zu Hause"),
    },
)  # fmt: skip
LEAVE = _question(
    "leave", Kind.YES_NO,
    _texts("Ben je nu thuis van je werk?", "Are you off work now?", "Êtes-vous actuellement en arrêt de travail ?", "Sind Sie zurzeit krankgeschrieben?"),
)  # fmt: skip
KNOWN_BY = _question(
    "known_by", Kind.SEVERAL,
    _texts("Hoe weet je het?", "How do you know?", "Comment le savez-vous ?", "Woher wissen Sie es?"),
    options={
        "saw": _texts("Ik zag of hoorde het zelf", "I saw or heard it myself", "Je l’ai vu ou entendu moi-même", "Ich habe es selbst gesehen oder gehört"),
        "papers": _texts("Uit documenten of mails", "From documents or e-mails", "Par des documents ou des e-mails", "Aus Dokumenten oder E-Mails"),
        "others": _texts("Iemand anders vertelde het", "Somebody else told me", "Quelqu’un d’autre me l’a raconté", "Jemand anderes hat es erzählt"),
        "suspect": _texts("Ik vermoed het", "I suspect it", "Je le soupçonne", "Ich vermute es"),
    },
)  # fmt: skip
LOST = _question(
    "lost", Kind.YES_NO,
    _texts("Kan bewijs binnenkort verdwijnen?", "May evidence disappear soon?", "Des preuves risquent-elles de disparaître bientôt ?", "Könnten Beweise bald verschwinden?"),
    _texts(
        "Zoek of kopieer zelf niets waar je niet aan mag.",
        "Do not search or copy anything that you may not access.",
        "Ne cherchez et ne copiez rien à quoi vous n’avez pas accès.",
        "Suchen oder kopieren Sie nichts, worauf Sie keinen Zugriff haben dürfen.",
    ),
)  # fmt: skip
WHICH_LOST = _question(
    "which_lost", Kind.SHORT,
    _texts("Welk bewijs, en wanneer?", "Which evidence, and when?", "Quelles preuves, et quand ?", "Welche Beweise, und wann?"),
    when=("lost", "yes"),
)  # fmt: skip
REPRISALS = _question(
    "reprisals", Kind.YES_NO,
    _texts("Ben je bang voor gevolgen voor jou?", "Are you afraid of consequences for you?", "Craignez-vous des conséquences pour vous ?", "Haben Sie Angst vor Folgen für Sie?"),
    _texts(
        "Je kunt bescherming vragen aan de Vlaamse Ombudsdienst.",
        "You can ask the Flemish Ombudsman Service for protection.",
        "Vous pouvez demander une protection au Service de médiation flamand.",
        "Sie können den Flämischen Ombudsdienst (Vlaamse Ombudsdienst) um Schutz bitten.",
    ),
)  # fmt: skip
HURT = _question(
    "hurt", Kind.YES_NO,
    _texts("Is iemand gewond geraakt of ziek geworden?", "Has anybody been hurt or fallen ill?", "Quelqu’un a-t-il été blessé ou est-il tombé malade ?", "Wurde jemand verletzt oder krank?"),
)  # fmt: skip
_ABOUT = [OFTEN, WHEN, BETWEEN, SINCE, WHERE]
_OTHERS = _section("people", _PEOPLE, WHO, WITNESSES, WHICH_WITNESSES)


@dataclass(frozen=True, slots=True)
class Default:
    code: str
    name: str
    categories: tuple[str, ...]
    sections: tuple[dict[str, Any], ...]


DEFAULTS = (
    Default(
        "behaviour", "Grensoverschrijdend gedrag",
        ("bullying", "aggression", "sexual_behaviour", "discrimination"),
        (
            _section("what", _WHAT, *_ABOUT), _OTHERS,
            _section("now", _NOW, DANGER, WHICH_DANGER, TOLD, TOLD_WHOM, EFFECT, HOPE),
        ),
    ),
    Default(
        "conflict", "Conflict", ("conflict",),
        (_section("what", _WHAT, SINCE | {"condition": None}, WHO), _section("now", _NOW, TALKED, TOLD, TOLD_WHOM, EFFECT, HOPE)),
    ),
    Default(
        "burnout", "Burn-out", ("burnout",),
        (_section("what", _WHAT, SINCE | {"condition": None}, CAUSES), _section("now", _NOW, LEAVE, TOLD, TOLD_WHOM, DANGER, WHICH_DANGER, HOPE)),
    ),
    Default(
        "integrity", "Integriteit",
        ("fraud", "bribery", "theft", "conflict_of_interest", "ict_misuse", "leak"),
        (
            _section("what", _WHAT, *_ABOUT, KNOWN_BY), _OTHERS,
            _section("now", _NOW, LOST, WHICH_LOST, TOLD, TOLD_WHOM, REPRISALS, HOPE),
        ),
    ),
    Default(
        "safety", "Veiligheid op het werk", ("safety",),
        (_section("what", _WHAT, *_ABOUT, HURT), _section("now", _NOW, DANGER, WHICH_DANGER, TOLD, TOLD_WHOM, HOPE)),
    ),
    Default("open", "Privé en iets anders", ("private", "other"), (_section("now", _NOW, DANGER, WHICH_DANGER, TOLD, TOLD_WHOM, HOPE),)),
)  # fmt: skip


def load_questionnaires() -> None:
    """Publish the questionnaires that are not there yet. One that is there belongs to the central office: it stays."""
    for default in DEFAULTS:
        new = db.session.scalar(
            insert(Questionnaire)
            .values(code=default.code, name=default.name, version=1)
            .on_conflict_do_nothing()
            .returning(Questionnaire.code)
        )
        if new is None:
            continue
        definition = {"sections": list(default.sections)}
        parse(definition)
        db.session.add(QuestionnaireVersion(code=default.code, version=1, definition=definition))
        for category in default.categories:
            db.session.execute(
                insert(QuestionnaireCategory)
                .values(category=category, questionnaire=default.code)
                .on_conflict_do_nothing()
            )
    db.session.flush()
