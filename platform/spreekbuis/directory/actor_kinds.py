"""The kinds of actors, central and in each entity, in the four languages."""

from typing import Any

# ruff: noqa: E501 (texts)

KINDS: list[dict[str, Any]] = [
    {
        "code": "coordinator", "central": True, "confidential": None,
        "names": {
            "nl": "Coördinator Integriteitszorg",
            "en": "Integrity coordinator",
            "fr": "Coordinateur de l’intégrité",
            "de": "Integritätskoordinator",
        },
        "offers": None,
    },
    {
        "code": "audit", "central": True, "confidential": None,
        "names": {
            "nl": "Audit",
            "en": "Audit",
            "fr": "Audit",
            "de": "Audit",
        },
        "offers": None,
    },
    {
        "code": "prevention", "central": True, "confidential": None,
        "names": {
            "nl": "Preventieadviseur psychosociaal welzijn",
            "en": "Prevention adviser for psychosocial wellbeing",
            "fr": "Conseiller en prévention aspects psychosociaux",
            "de": "Präventionsberater für psychosoziales Wohlbefinden",
        },
        "offers": None,
    },
    {
        "code": "diversity", "central": True, "confidential": None,
        "names": {
            "nl": "Diversiteitsbeleid",
            "en": "Diversity policy",
            "fr": "Politique de diversité",
            "de": "Diversitätspolitik",
        },
        "offers": None,
    },
    {
        "code": "wellbeing_centre", "central": True, "confidential": None,
        "names": {
            "nl": "Dienstencentrum Welzijn",
            "en": "Wellbeing service centre",
            "fr": "Centre de services Bien-être",
            "de": "Dienstleistungszentrum Wohlbefinden",
        },
        "offers": None,
    },
    {
        "code": "ombudsman", "central": True, "confidential": None,
        "names": {
            "nl": "Ombudsdienst",
            "en": "Ombudsman",
            "fr": "Service de médiation",
            "de": "Ombudsdienst",
        },
        "offers": None,
    },
    {
        "code": "social_service", "central": True, "confidential": None,
        "names": {
            "nl": "Sociale dienst",
            "en": "Social service",
            "fr": "Service social",
            "de": "Sozialdienst",
        },
        "offers": None,
    },
    {
        "code": "desk_integrity", "central": False, "confidential": True,
        "names": {
            "nl": "Loket Integriteit",
            "en": "Integrity desk",
            "fr": "Guichet Intégrité",
            "de": "Meldestelle Integrität",
        },
        "offers": {
            "nl": "Leest meldingen over integriteit en veiligheid. Antwoordt op je vragen en laat je melding onderzoeken.",
            "en": "Reads reports about integrity and safety. Answers your questions and has your report examined.",
            "fr": "Lit les signalements sur l’intégrité et la sécurité. Répond à vos questions et fait examiner votre signalement.",
            "de": "Liest Meldungen zu Integrität und Sicherheit. Beantwortet Ihre Fragen und lässt Ihre Meldung prüfen.",
        },
    },
    {
        "code": "desk_wellbeing", "central": False, "confidential": True,
        "names": {
            "nl": "Loket Welzijn",
            "en": "Wellbeing desk",
            "fr": "Guichet Bien-être",
            "de": "Meldestelle Wohlbefinden",
        },
        "offers": {
            "nl": "Leest meldingen over welzijn. Luistert, geeft raad en zoekt met jou naar een oplossing.",
            "en": "Reads reports about wellbeing. Listens, advises and looks for a solution with you.",
            "fr": "Lit les signalements sur le bien-être. Écoute, conseille et cherche une solution avec vous.",
            "de": "Liest Meldungen zum Wohlbefinden. Hört zu, berät und sucht mit Ihnen eine Lösung.",
        },
    },
    {
        "code": "integrity_contact", "central": False, "confidential": True,
        "names": {
            "nl": "Contactpersoon integriteit",
            "en": "Integrity contact person",
            "fr": "Personne de contact intégrité",
            "de": "Kontaktperson Integrität",
        },
        "offers": {
            "nl": "Beantwoordt vragen over integriteit in je entiteit en helpt je melden.",
            "en": "Answers questions about integrity in your entity and helps you report.",
            "fr": "Répond aux questions sur l’intégrité dans votre entité et vous aide à signaler.",
            "de": "Beantwortet Fragen zur Integrität in Ihrer Einrichtung und hilft Ihnen bei der Meldung.",
        },
    },
    {
        "code": "confidential_counsellor", "central": False, "confidential": True,
        "names": {
            "nl": "Vertrouwenspersoon",
            "en": "Confidential counsellor",
            "fr": "Personne de confiance",
            "de": "Vertrauensperson",
        },
        "offers": {
            "nl": "Luistert in vertrouwen als je last hebt van pesten, agressie, ongewenst gedrag of een conflict.",
            "en": "Listens in confidence when bullying, aggression, unwanted behaviour or a conflict troubles you.",
            "fr": "Vous écoute en toute confiance en cas de harcèlement, d’agression, de comportement indésirable ou de conflit.",
            "de": "Hört Ihnen vertraulich zu bei Mobbing, Aggression, unerwünschtem Verhalten oder einem Konflikt.",
        },
    },
    {
        "code": "hr_partner", "central": False, "confidential": False,
        "names": {
            "nl": "HR-businesspartner of -specialist",
            "en": "HR business partner or specialist",
            "fr": "Partenaire ou spécialiste RH",
            "de": "HR-Partner oder -Spezialist",
        },
        "offers": {
            "nl": "Helpt bij vragen over je loopbaan, je uren, je afspraken of je team.",
            "en": "Helps with questions about your career, hours, agreements or team.",
            "fr": "Aide pour les questions sur votre carrière, vos horaires, vos accords ou votre équipe.",
            "de": "Hilft bei Fragen zu Ihrer Laufbahn, Ihren Arbeitszeiten, Ihren Absprachen oder Ihrem Team.",
        },
    },
    {
        "code": "diversity_officer", "central": False, "confidential": True,
        "names": {
            "nl": "Diversiteitsambtenaar",
            "en": "Diversity officer",
            "fr": "Fonctionnaire diversité",
            "de": "Diversitätsbeauftragter",
        },
        "offers": {
            "nl": "Helpt als je op het werk ongelijk behandeld wordt, of iets nodig hebt om te kunnen werken.",
            "en": "Helps when you are treated unequally at work, or need something to be able to work.",
            "fr": "Aide si vous êtes traité de façon inégale au travail, ou si vous avez besoin d’un aménagement pour pouvoir travailler.",
            "de": "Hilft, wenn Sie am Arbeitsplatz ungleich behandelt werden oder etwas brauchen, um arbeiten zu können.",
        },
    },
    {
        "code": "control_anchor", "central": False, "confidential": False,
        "names": {
            "nl": "Ankerpunt organisatiebeheersing",
            "en": "Internal control anchor",
            "fr": "Point d’ancrage maîtrise de l’organisation",
            "de": "Ansprechstelle für interne Kontrolle",
        },
        "offers": {
            "nl": "Volgt op of afspraken en controles in je entiteit goed werken.",
            "en": "Follows up whether agreements and controls in your entity work well.",
            "fr": "Vérifie que les accords et les contrôles fonctionnent bien dans votre entité.",
            "de": "Verfolgt, ob Absprachen und Kontrollen in Ihrer Einrichtung gut funktionieren.",
        },
    },
    {
        "code": "line_manager", "central": False, "confidential": False,
        "names": {
            "nl": "Leidinggevende",
            "en": "Line manager",
            "fr": "Responsable hiérarchique",
            "de": "Führungskraft",
        },
        "offers": {
            "nl": "Is vaak de eerste met wie je kunt praten, tenzij het over die persoon zelf gaat.",
            "en": "Is often the first to talk to, unless it is about that very person.",
            "fr": "Est souvent la première personne à qui parler, sauf s’il s’agit d’elle-même.",
            "de": "Ist oft die erste Person, mit der Sie sprechen können, außer wenn es um diese Person selbst geht.",
        },
    },
]  # fmt: skip
"""`confidential` of a central kind is None: its actors say so themselves."""
