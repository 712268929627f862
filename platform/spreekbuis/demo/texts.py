"""What people say in the demo: short, plain, without names. A few variants per category."""

REPORTS: dict[str, tuple[str, ...]] = {
    "bullying": (
        "Een collega maakt al maanden kleinerende opmerkingen in het team. De melder slaapt er slecht van. "
        "Hoe kan dit bespreekbaar worden?",
        "De melder krijgt geen informatie meer die nodig is voor het werk. Dat begon na een verandering van "
        "taken.",
        "In de groepschat van de dienst worden grappen gemaakt over één persoon. De melder wil dat dit "
        "stopt, zonder ruzie.",
    ),
    "aggression": (
        "Aan het loket riep een bezoeker dreigende woorden. De melder vraagt wat de dienst nu hoort te doen.",
        "Tijdens een overleg werd er geroepen en op tafel geslagen. De melder blijft daar nu weg.",
    ),
    "sexual_behaviour": (
        "De melder krijgt ongepaste opmerkingen over het uiterlijk en wil weten welke stappen mogelijk zijn.",
        "Iemand raakt de melder ongevraagd aan in de gang. De melder wil eerst vertrouwelijk praten.",
    ),
    "discrimination": (
        "De melder hoort grappen over afkomst aan de koffietafel en vraagt hoe de dienst hiermee omgaat.",
        "Een aanvraag voor aangepast werk werd geweigerd zonder uitleg. De melder vraagt waarom.",
    ),
    "conflict": (
        "Twee diensten zijn het oneens over wie wat doet. Het gesprek loopt vast en de sfeer lijdt eronder.",
        "De melder en de leidinggevende verschillen van mening over de planning. Een bemiddeling is welkom.",
        "Na een samenvoeging van teams wordt er niet meer samen overlegd. De melder zoekt raad.",
    ),
    "burnout": (
        "De werkdruk is al een jaar te hoog. De melder is uitgeput en vraagt wie kan helpen.",
        "De melder is terug na een lange afwezigheid en vreest opnieuw uit te vallen.",
    ),
    "fraud": (
        "De melder ziet onkosten die niet lijken te kloppen en wil weten wie dit kan onderzoeken.",
        "Prestaties zouden zijn ingeschreven op dagen waarop niemand aanwezig was.",
    ),
    "bribery": ("Een leverancier bood een etentje en een geschenk aan bij een lopende opdracht.",),
    "theft": (
        "Er verdwijnt geregeld materiaal uit het magazijn. De melder wil dat dit onderzocht wordt.",
        "Een draagbare computer van de dienst werd te koop aangeboden.",
    ),
    "conflict_of_interest": (
        "Iemand die over een subsidie beslist, is ook bestuurder van een vereniging die ze aanvraagt.",
        "Een opdracht ging zonder vergelijking naar een bedrijf van een familielid.",
        "Een nevenactiviteit lijkt niet te passen bij de functie. De melder vraagt wat de regels zijn.",
    ),
    "ict_misuse": ("Vanuit een gedeelde mailbox worden privéberichten verstuurd.",),
    "leak": ("Een ontwerp van beslissing was bekend buiten de dienst voor het besproken werd.",),
    "safety": (
        "Aan een machine ontbreekt sinds vorige week de bescherming. Er wordt gewoon verder gewerkt.",
    ),
    "private": (
        "De melder heeft zorgen thuis die ook op het werk wegen en zoekt een luisterend oor.",
        "De melder vraagt waar hulp te vinden is bij schulden.",
    ),
    "other": ("De melder weet niet goed bij wie dit hoort en vraagt om mee te denken.",),
}

QUESTIONS = (
    "Een leidinggevende vraagt hoe een gesprek over ongewenst gedrag het best wordt voorbereid.",
    "Een contactpersoon integriteit vraagt of een klein geschenk aanvaard mag worden.",
    "Een personeelsdienst vraagt waar de deontologische code te vinden is.",
    "Een vertrouwenspersoon vraagt wanneer een formeel verzoek mogelijk is.",
    "Een personeelslid vraagt wat de spreekplicht juist inhoudt.",
)

ACKNOWLEDGEMENTS = (
    "Dank je voor je vertrouwen. We hebben je verhaal goed ontvangen en bekijken het deze week.",
    "We hebben je melding ontvangen. Je hoort van ons welke stappen mogelijk zijn. Niets gebeurt zonder jou.",
)

CONTACT_NOTES = (
    "Gesprek over hoe het nu gaat. Volgende stap samen besproken.",
    "Mogelijke stappen uitgelegd. De melder denkt na.",
    "Vraag om meer uitleg beantwoord.",
    "Afspraak gemaakt voor een volgend contact.",
    "De melder laat weten dat er al iets verbeterd is.",
    "Doorverwijzing besproken, met akkoord van de melder.",
)

CLOSINGS = (
    "We hebben samen bekeken wat er mogelijk was en sluiten het dossier nu af. Je mag altijd terugkomen.",
    "De afgesproken stappen zijn gezet. We sluiten af. Komt het terug, laat het ons dan weten.",
    "We hebben gedaan wat we konden met wat er bekend is. Je dossier wordt nu afgesloten.",
)

ANSWERS = (
    "Je vraag is beantwoord. Heb je er nog een, dan mag je altijd bellen of mailen.",
    "De uitleg en de verwijzing heb je gekregen. We sluiten je vraag af.",
)

TO_QUESTIONS = {
    "told_whom": "Aan een collega die ik vertrouw. Die raadde me aan om het hier te melden.",
    "hope": "Dat iemand meekijkt en zegt welke stappen er zijn.",
}
"""Answers to questions of the questionnaires that come with the product, by their key."""

WRITTEN = (
    "Kun je nog zeggen wanneer het voor het laatst gebeurde? Alleen als je dat wilt.",
    "Ik stel voor dat we samen de mogelijke stappen bekijken. Wat zou jij graag zien gebeuren?",
)

REPLIES = ("Het laatste voorval was vorige week. Meer dan wat ik schreef weet ik niet.",)

NOTES = ("Overlegd binnen het loket: eerst luisteren, daarna samen kiezen welke stap past.",)

FEEDBACK = (
    "We hebben de vaststellingen bekeken en besproken met de bevoegde dienst. Hier lees je wat volgt.",
)
