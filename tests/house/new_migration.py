"""Writes the migration that makes the schema follow the models: `make migration m="what changes"`.

Compares with a PostgreSQL that starts for this and goes away, brought to the present head. Read what it wrote:
autogenerate sees no renames, and no change of a policy or a grant of an existing table.
"""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from spreekbuis.db.bootstrap import alembic_config, migrate, prepare
from spreekbuis.embedded.postgres import EmbeddedPostgres


def main(message: str) -> int:
    if not re.fullmatch(r"[A-Za-z0-9 ,.'()-]{3,100}", message):
        print('Say what changes, in English: make migration m="Add the language of a case"')
        return 2
    with tempfile.TemporaryDirectory(prefix="spreekbuis-migration-", dir="/var/tmp") as folder:
        data = Path(folder)
        data.chmod(0o755)  # the server runs as another user when we are root
        postgres = EmbeddedPostgres(data / "postgres", fsync=False)
        postgres.start()
        try:
            owner = prepare(postgres.admin_url, "spreekbuis", data / "passwords").owner
            migrate(owner)
            config = alembic_config(owner)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            made = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
        finally:
            postgres.stop()
    print(made.path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
