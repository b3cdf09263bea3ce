"""Applications of which something is in every state, with texts that try to get out of each format."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("SELFHEAL_BIN", REPOSITORY / ".build/debug"))

FORMATS = ("text", "json", "junit", "tap", "sarif", "github", "nagios", "prometheus", "markdown", "html")
# What watches a service must not change it.
CHANGING = tuple(name for name in FORMATS if name not in ("nagios", "prometheus"))

# Tags, ends of sections, comments and cells, commands, links, mentions, changes of the direction of writing, ends of lines. Control
# characters are refused in a manifest; names of files have them.
HOSTILE = ("</script><script>alert(1)</script><img src=x onerror=alert(2)> ]]> --> | `x` ``` *b* _u_ # TODO [a](http://evil.example) "
           "http://evil.example www.evil.example @you {0} $(x) %0A::error::x ##[error]y \" ' & &lt; \\ \\| 1. "
           "\u202eback \u2066 \ufeff \u2028 \U000e0041 end")
LINES = "first\n[OK] forged\n::error::forged\nok 99 - forged\n# HELP forged\n<b>forged</b>\r\n  ---\n  ...\nlast"
# As much of it as a path of the manifest can hold.
NAME = "<b>]]>|`x` # SKIP %0A::e,f=g&amp;\"'\\[a](b)@you"

# A file that the manifest includes, which findings point at.
INCLUDED = "more, line=1::%0A #ü.yaml"

# What only a database or a folder can hold.
CONTROL = "a\x1b[31mred\x1b]0;title\x07\x9b2J\r\n[OK] forged\n::error::forged\t\x7f\x08\ufffe\uffff<i>|]]>"

SECRETS = ("canary-Zk3vR7tLw2Kp8NbY4mCd", "sk-canaryaBcDeFgHiJkLmNoPqRsT", "canary pass word", "AKIACANARYABCDEFGHIJ")


def manifest():
    """Every status but healed stays, whatever is healed."""
    return {
        "version": 1,
        "app": "shop",
        "include": [INCLUDED],
        "env": {
            "template": ".env.example",
            "variables": {
                "GONE": {"required": True, "hint": HOSTILE}, "SOFT": {"hint": LINES},
                "TOKEN": {"secret": True, "pattern": "^never$"}, "PASSWORD": {"secret": True, "type": "int"},
            },
        },
        "directories": ["data", f"made/{NAME}", "ok", "file-in-the-way"],
        "dependencies": {
            "commands": {"sh": {}, "no-such-command": {"severity": "warning"}},
            "python": {"requirements": "requirements.txt"},
        },
        "databases": {
            "data/healed.db": {"tables": {NAME: {"columns": {"id": "INTEGER", NAME: "TEXT DEFAULT '\u202e<b>|'"}}}},
            "data/rows.db": {"tables": {"t": {"columns": {"id": "INTEGER PRIMARY KEY", "n": "TEXT NOT NULL"}}}},
            "data/extra.db": {"tables": {"t": {"columns": {"id": "INTEGER"}}}, "extras": "warn"},
            "data/locked.db": {"tables": {"t": {"columns": {"id": "INTEGER"}}}},
            "file-in-the-way/blocked.db": {"tables": {"t": {"columns": {"id": "INTEGER"}}}},
            "tenants/*.db": {"tables": {"t": {"columns": {"id": "INTEGER", "n": "TEXT"}}}},
        },
    }


def run_sql(path, *statements):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def make(root):
    """The application before anything is healed."""
    root = Path(root)
    for folder in ("data", "ok", "tenants"):
        (root / folder).mkdir()
    # JSON is YAML, but for its pairs of surrogates.
    text = json.dumps(manifest(), indent=1).replace("\\udb40\\udc41", "\\U000e0041")
    (root / "schemas.yaml").write_text(text)
    (root / INCLUDED).write_text(json.dumps({"files": [{"path": "gone.toml", "template": f"{NAME}.example"}]}))
    (root / ".env").write_text(
        f"SOFT=\nTOKEN={SECRETS[0]}\nPASSWORD='{SECRETS[2]}'\nOTHER={SECRETS[1]}\nAWS_ACCESS_KEY_ID={SECRETS[3]}\n")
    (root / ".env.example").write_text("SOFT=\n")
    (root / "requirements.txt").write_text("\n")
    (root / "file-in-the-way").write_text("")
    run_sql(root / "data/healed.db", f"CREATE TABLE {quoted(NAME)} (id INTEGER)")
    run_sql(root / "data/rows.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, n TEXT)", "INSERT INTO t VALUES (1, NULL)")
    run_sql(root / "data/extra.db", "CREATE TABLE t (id INTEGER)", f"CREATE TABLE {quoted(CONTROL)} (id INTEGER)",
            f"CREATE TABLE {quoted(HOSTILE)} (id INTEGER)")
    run_sql(root / "data/locked.db", "CREATE TABLE t (id INTEGER)")
    for name in (b"plain.db", b"<b>|`#.db", b"not \xff utf-8 \xc3.db", b"line\nbreak\x1b[31m.db"):
        shutil.copy(root / "data/locked.db", os.path.join(os.fsencode(root), b"tenants", name))


@contextlib.contextmanager
def locked(root):
    """Meanwhile nobody else can read one of the databases."""
    connection = sqlite3.connect(Path(root) / "data/locked.db", isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def run(root, tool, *arguments, check=None):
    """What a tool does in a root: exit status, standard output and standard error as bytes."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root), "XDG_CACHE_HOME": f"{root}/../cache"}
    answer = subprocess.run([PROGRAMS / tool, *arguments], cwd=root, env=environment, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=120)
    if check is not None and answer.returncode != check:
        raise AssertionError(f"{tool} {arguments} ended with {answer.returncode}, not {check}: {answer}")
    return answer
