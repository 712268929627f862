"""Compiles the translations when the package is built or installed, so that they travel in the wheel."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTranslations(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's name)
        sys.path.insert(0, str(Path(self.root) / "translations"))
        from catalogs import compile_all

        compile_all()
