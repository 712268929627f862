"""Templates compiled once per language, with their texts in place, and values written out cheaply.

A list of 25 rows shows some five hundred values and a page some fifty texts: looking each text up and wrapping each
value cost more than all queries of the page.
"""

from typing import Any, cast

from flask.templating import Environment
from flask_babel import get_locale, get_translations
from jinja2 import Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]


def shown(value: object) -> str:
    """What Jinja's `escape` gives, as a plain string: the parts of a page are joined, never escaped again."""
    if type(value) is str:  # the part of `escape` that is written in C
        return _escape_inner(value)
    return value if type(value) is Markup else escape(value)


class _Texts(dict[str, Markup]):
    """The texts of the templates in one language, looked up when first asked. As in Jinja, % is written %%."""

    def __missing__(self, string: str) -> Markup:
        text = self[string] = Markup(get_translations().ugettext(string) % {})  # noqa: S704 (ours)
        return text


class _Generator(CodeGenerator):
    """Writes `{{ value }}` as a call of `shown`, and texts and icons without variables as they are."""

    environment: "Templates"

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        text = self._text_of(node) or self._icon_of(node)
        return super()._output_child_to_const(node, frame, finalize) if text is None else str(text)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        text = self._text_of(node)
        if text is None:
            super().visit_Call(node, frame, forward_caller=forward_caller)
        else:
            self.write(f"environment.texts[{node.args[0].as_const()!r}]")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Collects a loop in a list: giving each of its pieces to the page alone passes every block around it."""
        if frame.buffer is not None or frame.require_output_check or node.recursive:
            super().visit_For(node, frame)
            return
        collecting = frame.copy()
        self.buffer(collecting)
        super().visit_For(node, collecting)
        self.writeline(f"yield ''.join({collecting.buffer})", node)

    def _text_of(self, node: nodes.Expr) -> Markup | None:
        """The text of `_('text')`, without variables, in the language of these templates."""
        match node:
            case nodes.Call(
                node=nodes.Name(name="_"),
                args=[nodes.Const(value=str(text))],
                kwargs=[],
                dyn_args=None,
                dyn_kwargs=None,
            ) if self.environment.overlayed:
                return self.environment.texts[text]
        return None

    def _icon_of(self, node: nodes.Expr) -> Markup | None:
        """The drawing of `icon('name')`: it is the same on every page."""
        match node:
            case nodes.Call(node=nodes.Name(name="icon"), args=[nodes.Const(value=str(name))]):
                module: Any = self.environment.get_template("parts/icons.html").module
                return cast(Markup, module.icon(name))
        return None


class _Template(Template):
    def _get_default_module(self, ctx: Any = None) -> Any:  # noqa: ARG002 (Jinja gives it)
        """What `{% from … import … %}` gives. Jinja compares the globals at each import: ours never differ."""
        return super()._get_default_module()


class Templates(Environment):
    """Jinja's environment, and under it one for each language in which a page was asked."""

    code_generator_class = _Generator
    template_class = _Template
    shown = staticmethod(shown)
    texts: _Texts

    def get_or_select_template(self, *args: Any, **kwargs: Any) -> Template:
        """The template in the language of the reader; `render_template` asks for it."""
        locale = get_locale()
        if self.overlayed or locale is None:
            return super().get_or_select_template(*args, **kwargs)
        languages: dict[str, Templates] = self.__dict__.setdefault("languages", {})
        language = languages.get(locale.language)
        if language is None:
            language = self.overlay()
            language.texts = _Texts()
            languages[locale.language] = language
        return language.get_or_select_template(*args, **kwargs)
