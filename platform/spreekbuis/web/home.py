"""The public start page, and the pages that explain."""

from flask import render_template
from flask.typing import ResponseReturnValue

from spreekbuis.web.access import Audience
from spreekbuis.web.room import Room

room = Room("home")


@room.get("/", Audience.EVERYONE)
def start() -> ResponseReturnValue:
    return render_template("home/start.html")
