"""The central actors and the kinds of actors, in Dutch and English. Functional addresses only, never a person.

Addresses are examples until the central office sets its own.
"""

from typing import Any

# ruff: noqa: E501 (texts)

KINDS: list[dict[str, Any]] = [
    {"code": "coordinator", "central": True, "names": {"nl": "Coördinator Integriteitszorg", "en": "Integrity coordinator"}},
    {"code": "audit", "central": True, "names": {"nl": "Audit", "en": "Audit"}},
    {"code": "prevention", "central": True, "names": {"nl": "Preventieadviseur psychosociaal welzijn", "en": "Prevention adviser for psychosocial wellbeing"}},
    {"code": "diversity", "central": True, "names": {"nl": "Diversiteitsbeleid", "en": "Diversity policy"}},
    {"code": "wellbeing_centre", "central": True, "names": {"nl": "Dienstencentrum Welzijn", "en": "Wellbeing service centre"}},
    {"code": "ombudsman", "central": True, "names": {"nl": "Ombudsdienst", "en": "Ombudsman"}},
    {"code": "social_service", "central": True, "names": {"nl": "Sociale dienst", "en": "Social service"}},
    {
        "code": "integrity_contact", "central": False,
        "names": {"nl": "Contactpersoon integriteit", "en": "Integrity contact person"},
        "offers": {
            "nl": "Beantwoordt vragen over integriteit in je entiteit en helpt je melden.",
            "en": "Answers questions about integrity in your entity and helps you report.",
        },
    },
    {
        "code": "confidential_counsellor", "central": False,
        "names": {"nl": "Vertrouwenspersoon", "en": "Confidential counsellor"},
        "offers": {
            "nl": "Luistert in vertrouwen als je last hebt van pesten, agressie, ongewenst gedrag of een conflict.",
            "en": "Listens in confidence when bullying, aggression, unwanted behaviour or a conflict troubles you.",
        },
    },
    {
        "code": "hr_partner", "central": False,
        "names": {"nl": "HR-businesspartner of -specialist", "en": "HR business partner or specialist"},
        "offers": {
            "nl": "Helpt bij vragen over je loopbaan, je uren, je afspraken of je team.",
            "en": "Helps with questions about your career, hours, agreements or team.",
        },
    },
    {
        "code": "diversity_officer", "central": False,
        "names": {"nl": "Diversiteitsambtenaar", "en": "Diversity officer"},
        "offers": {
            "nl": "Helpt als je op het werk ongelijk behandeld wordt, of iets nodig hebt om te kunnen werken.",
            "en": "Helps when you are treated unequally at work, or need something to be able to work.",
        },
    },
    {
        "code": "control_anchor", "central": False,
        "names": {"nl": "Ankerpunt organisatiebeheersing", "en": "Internal control anchor"},
        "offers": {
            "nl": "Volgt op of afspraken en controles in je entiteit goed werken.",
            "en": "Follows up whether agreements and controls in your entity work well.",
        },
    },
    {
        "code": "line_manager", "central": False,
        "names": {"nl": "Leidinggevende", "en": "Line manager"},
        "offers": {
            "nl": "Is vaak de eerste met wie je kunt praten, tenzij het over die persoon zelf gaat.",
            "en": "Is often the first to talk to, unless it is about that very person.",
        },
    },
]  # fmt: skip

ACTORS: list[dict[str, Any]] = [
    {
        "code": "coordinator", "kind": "coordinator", "confidential": True, "position": 1,
        "names": {"nl": "Coördinator Integriteitszorg", "en": "Integrity coordinator"},
        "offers": {
            "nl": "Geeft raad over integriteit en wijst de weg naar de juiste dienst.",
            "en": "Gives advice about integrity and shows the way to the right service.",
        },
        "email": "integriteit@voorbeeld.example", "phone": None,
    },
    {
        "code": "audit_vlaanderen", "kind": "audit", "confidential": True, "position": 2,
        "names": {"nl": "Audit Vlaanderen", "en": "Audit Flanders"},
        "offers": {
            "nl": "Onderzoekt zware fraude en misbruik. Je hoeft niet eerst bij ons te komen.",
            "en": "Investigates serious fraud and abuse. You do not have to come to us first.",
        },
        "email": "melding.audit@voorbeeld.example", "phone": None,
    },
    {
        "code": "prevention_gdpb", "kind": "prevention", "confidential": True, "position": 3,
        "names": {"nl": "Preventieadviseurs psychosociaal welzijn (GDPB)", "en": "Prevention advisers for psychosocial wellbeing (GDPB)"},
        "offers": {
            "nl": "Luisteren als je je door het werk niet goed voelt, en helpen met een informeel of formeel verzoek.",
            "en": "Listen when work makes you unwell, and help with an informal or formal request.",
        },
        "email": "preventie@voorbeeld.example", "phone": None,
    },
    {
        "code": "diversity", "kind": "diversity", "confidential": True, "position": 4,
        "names": {"nl": "Dienst Diversiteitsbeleid", "en": "Diversity Policy Service"},
        "offers": {
            "nl": "Helpt bij vragen over discriminatie en gelijke kansen op het werk.",
            "en": "Helps with questions about discrimination and equal opportunities at work.",
        },
        "email": "diversiteit@voorbeeld.example", "phone": None,
    },
    {
        "code": "wellbeing_centre", "kind": "wellbeing_centre", "confidential": True, "position": 5,
        "names": {"nl": "Dienstencentrum Welzijn", "en": "Wellbeing Service Centre"},
        "offers": {
            "nl": "Ondersteunt entiteiten en medewerkers bij welzijn op het werk (Agentschap Overheidspersoneel).",
            "en": "Supports entities and staff with wellbeing at work (Agency for Government Personnel).",
        },
        "email": "welzijn@voorbeeld.example", "phone": None,
    },
    {
        "code": "ombudsman", "kind": "ombudsman", "confidential": True, "position": 6,
        "names": {"nl": "Vlaamse Ombudsdienst", "en": "Flemish Ombudsman Service"},
        "offers": {
            "nl": "Beschermt je als je bang bent voor gevolgen van je melding. Dat kan voor, tijdens en na je melding.",
            "en": "Protects you when you fear consequences of your report: before, during and after it.",
        },
        "email": "ombudsdienst@voorbeeld.example", "phone": None,
    },
    {
        "code": "social_service", "kind": "social_service", "confidential": True, "position": 7,
        "names": {"nl": "Sociale dienst", "en": "Social service"},
        "offers": {
            "nl": "Helpt bij zorgen thuis, over geld of over je gezondheid.",
            "en": "Helps with worries at home, about money or about your health.",
        },
        "email": "socialedienst@voorbeeld.example", "phone": None,
    },
]  # fmt: skip
