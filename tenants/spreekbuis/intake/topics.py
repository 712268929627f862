"""The topics in a reporter's words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.catalogue import TOPIC_LABELS, Topic

TOPIC_WORDS: dict[Topic, LazyString] = {**TOPIC_LABELS, Topic.OTHER: _l("Ik weet het niet zeker")}
TOPIC_CARDS: dict[Topic, tuple[str, LazyString]] = {
    Topic.WELLBEING: ("heart", _l("Hoe mensen met elkaar omgaan, of hoe je je voelt door je werk.")),
    Topic.INTEGRITY: ("scales", _l("Iemand schendt de regels of het vertrouwen in de overheid.")),
    Topic.SAFETY: ("helmet", _l("Een plek, machine of manier van werken is gevaarlijk.")),
    Topic.PRIVATE: ("home", _l("Zorgen thuis, over geld of over je gezondheid.")),
    Topic.OTHER: ("question", _l("Geen probleem. Vertel het gewoon, wij kijken samen.")),
}
"""Icon and hint of each."""
