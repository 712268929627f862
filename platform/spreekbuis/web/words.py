"""Translation for templates: what has no variables is looked up once per language and process.

flask-babel finds context, locale and catalogue anew for every string; a page has some fifty of them.
"""

from flask import Flask
from flask_babel import get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


class Words:
    """`_` and `ngettext` of the templates. As in Jinja's new style, a literal % is written %%.

    Variables are escaped in pages and stay as they are in mails, which are plain text.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Markup] = {}

    @pass_eval_context
    def gettext(self, context: EvalContext, string: str, /, **variables: object) -> str:
        language = str(get_locale().language)
        text = self._known.get((language, string))
        if text is None:
            text = self._known[language, string] = Markup(get_translations().ugettext(string))  # noqa: S704 (ours)
        return (text if context.autoescape else str(text)) % variables

    @pass_eval_context
    def ngettext(self, context: EvalContext, one: str, many: str, num: int, /, **variables: object) -> str:
        text = get_translations().ungettext(one, many, num)
        return (Markup(text) if context.autoescape else text) % {"num": num, **variables}  # noqa: S704 (ours)


def install(app: Flask) -> None:
    """Take the place of flask-babel's own functions in the templates. Call after flask-babel was set up."""
    words = Words()
    app.jinja_env.globals.update(_=words.gettext, gettext=words.gettext, ngettext=words.ngettext)
