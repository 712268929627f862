"""placeholder"""

from spreekbuis.web.room import Room

room = Room("questionnaires")
