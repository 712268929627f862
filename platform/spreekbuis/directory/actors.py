"""The central actors in the four languages. Functional addresses only, never a person.

What an installation starts with: the central office keeps them from then on (directory.central_actors).
"""

from typing import Any

# ruff: noqa: E501 (texts)

ACTORS: list[dict[str, Any]] = [
    {
        "code": "coordinator", "kind": "coordinator", "confidential": True, "position": 1,
        "names": {
            "nl": "Coördinator Integriteitszorg",
            "en": "Integrity coordinator",
            "fr": "Coordinateur de l’intégrité",
            "de": "Integritätskoordinator",
        },
        "offers": {
            "nl": "Geeft raad over integriteit en wijst de weg naar de juiste dienst.",
            "en": "Gives advice about integrity and shows the way to the right service.",
            "fr": "Conseille en matière d’intégrité et oriente vers le bon service.",
            "de": "Berät zu Integrität und weist den Weg zur richtigen Stelle.",
        },
        "email": "integriteit@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "audit_vlaanderen", "kind": "audit", "confidential": True, "position": 2,
        "names": {
            "nl": "Audit Vlaanderen",
            "en": "Audit Flanders",
            "fr": "Audit Vlaanderen (audit flamand)",
            "de": "Audit Vlaanderen (flämischer Rechnungsprüfungsdienst)",
        },
        "offers": {
            "nl": "Onderzoekt zware fraude en misbruik. Je hoeft niet eerst bij ons te komen.",
            "en": "Investigates serious fraud and abuse. You do not have to come to us first.",
            "fr": "Enquête sur les fraudes et abus graves. Vous ne devez pas passer d’abord par nous.",
            "de": "Untersucht schweren Betrug und Missbrauch. Sie müssen nicht zuerst zu uns kommen.",
        },
        "email": "melding.audit@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "prevention_gdpb", "kind": "prevention", "confidential": True, "position": 3,
        "names": {
            "nl": "Preventieadviseurs psychosociaal welzijn (GDPB)",
            "en": "Prevention advisers for psychosocial wellbeing (GDPB)",
            "fr": "Conseillers en prévention aspects psychosociaux (GDPB)",
            "de": "Präventionsberater für psychosoziales Wohlbefinden (GDPB)",
        },
        "offers": {
            "nl": "Luisteren als je je door het werk niet goed voelt, en helpen met een informeel of formeel verzoek.",
            "en": "Listen when work makes you unwell, and help with an informal or formal request.",
            "fr": "Écoutent si le travail vous fait souffrir et aident pour une demande informelle ou formelle.",
            "de": "Hören zu, wenn Ihre Arbeit Ihnen zusetzt, und helfen bei einem informellen oder formellen Antrag.",
        },
        "email": "preventie@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "diversity", "kind": "diversity", "confidential": True, "position": 4,
        "names": {
            "nl": "Dienst Diversiteitsbeleid",
            "en": "Diversity Policy Service",
            "fr": "Service de la politique de diversité",
            "de": "Dienst für Diversitätspolitik",
        },
        "offers": {
            "nl": "Helpt bij vragen over discriminatie en gelijke kansen op het werk.",
            "en": "Helps with questions about discrimination and equal opportunities at work.",
            "fr": "Aide pour les questions de discrimination et d’égalité des chances au travail.",
            "de": "Hilft bei Fragen zu Diskriminierung und Chancengleichheit am Arbeitsplatz.",
        },
        "email": "diversiteit@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "wellbeing_centre", "kind": "wellbeing_centre", "confidential": True, "position": 5,
        "names": {
            "nl": "Dienstencentrum Welzijn",
            "en": "Wellbeing Service Centre",
            "fr": "Centre de services Bien-être",
            "de": "Dienstleistungszentrum Wohlbefinden",
        },
        "offers": {
            "nl": "Ondersteunt entiteiten en medewerkers bij welzijn op het werk (Agentschap Overheidspersoneel).",
            "en": "Supports entities and staff with wellbeing at work (Agency for Government Personnel).",
            "fr": "Soutient les entités et les collaborateurs pour le bien-être au travail (Agence du personnel de l’Autorité flamande).",
            "de": "Unterstützt Einrichtungen und Personal beim Wohlbefinden am Arbeitsplatz (Agentur für das Personal der flämischen Behörden).",
        },
        "email": "welzijn@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "ombudsman", "kind": "ombudsman", "confidential": True, "position": 6,
        "names": {
            "nl": "Vlaamse Ombudsdienst",
            "en": "Flemish Ombudsman Service",
            "fr": "Service de médiation flamand",
            "de": "Flämischer Ombudsdienst",
        },
        "offers": {
            "nl": "Beschermt je als je bang bent voor gevolgen van je melding. Dat kan voor, tijdens en na je melding.",
            "en": "Protects you when you fear consequences of your report: before, during and after it.",
            "fr": "Vous protège si vous craignez les conséquences de votre signalement : avant, pendant et après.",
            "de": "Schützt Sie, wenn Sie Folgen Ihrer Meldung befürchten: vor, während und nach der Meldung.",
        },
        "email": "ombudsdienst@voorbeeld.example", "languages": ["nl"],
    },
    {
        "code": "social_service", "kind": "social_service", "confidential": True, "position": 7,
        "names": {
            "nl": "Sociale dienst",
            "en": "Social service",
            "fr": "Service social",
            "de": "Sozialdienst",
        },
        "offers": {
            "nl": "Helpt bij zorgen thuis, over geld of over je gezondheid.",
            "en": "Helps with worries at home, about money or about your health.",
            "fr": "Aide en cas de soucis à la maison, d’argent ou de santé.",
            "de": "Hilft bei Sorgen zu Hause, um Geld oder um Ihre Gesundheit.",
        },
        "email": "socialedienst@voorbeeld.example", "languages": ["nl"],
    },
]  # fmt: skip
