"""Translation: what has no variables is looked up once per language and process.

flask-babel finds context, locale and catalogue anew for every string.
"""

from typing import Any

from flask import Flask
from flask_babel import Babel, Domain, get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup


class Words(Domain):
    """flask-babel's texts, remembered. `_` and `ngettext` of the templates too.

    As in Jinja's new style, a literal % in a template is written %%. Variables are escaped in pages and stay as they
    are in mails, which are plain text.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known: dict[tuple[str, str], str] = {}

    def gettext(self, string: str, **variables: object) -> str:
        locale = get_locale()
        key = (locale.language if locale else "", string)
        text = self._known.get(key)
        if text is None:
            text = self._known[key] = get_translations().ugettext(string)
        return text % variables if variables else text

    @pass_eval_context
    def in_template(self, context: EvalContext, string: str, /, **variables: object) -> str:
        text = self.gettext(string)
        return (Markup(text) if context.autoescape else text) % variables  # noqa: S704 (ours)

    @pass_eval_context
    def counted_in_template(
        self, context: EvalContext, one: str, many: str, num: int, /, **variables: Any
    ) -> str:
        text = get_translations().ungettext(one, many, num)
        return (Markup(text) if context.autoescape else text) % {"num": num, **variables}  # noqa: S704 (ours)


def install(app: Flask, babel: Babel) -> None:
    """Take the place of flask-babel's own look-ups, in code and in the templates."""
    words = babel.domain_instance = Words()
    app.jinja_env.globals.update(
        _=words.in_template, gettext=words.in_template, ngettext=words.counted_in_template
    )
