"""The baseline: a bare Flask page, served by the same server with the same settings."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page() -> str:
    return "<!doctype html><title>bare</title><p>A page of nothing."
