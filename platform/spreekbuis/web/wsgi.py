"""What the web server loads: `gunicorn spreekbuis.web.wsgi:app`."""

import os

from spreekbuis.app import create_app
from spreekbuis.settings import Settings

app = create_app(Settings.from_environment(os.environ))
