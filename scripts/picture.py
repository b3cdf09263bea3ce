#!/usr/bin/env python3
"""Draws docs/run.svg: what a terminal shows when the broken example is started. Runs it for real, in a folder of its own.

usage: scripts/picture.py FOLDER_WITH_THE_COMMANDS > docs/run.svg
"""
import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLUMNS = 118
COLORS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}


def terminal(command, folder, environment):
    """What the command prints on a terminal."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "cols", str(COLUMNS), "rows", "50"], stdin=slave, check=True)
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
    os.close(slave)
    output = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux says EIO when the last writer has gone
            break
        if not part:
            break
        output += part
    process.wait()
    os.close(master)
    return output.decode().replace("\r\n", "\n")


def pieces(line):
    """The line as (color, text), from its escape sequences."""
    color = None
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            color = next((COLORS[code] for code in codes if code in COLORS), None)
        elif part:
            yield color, part


def draw(lines):
    height, width = 19, COLUMNS * 8.4 + 40
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{len(lines) * height + 40}" role="img"'
          ' aria-label="A terminal: the broken example is validated, healed and validated again">')
    print('<rect width="100%" height="100%" rx="8" fill="#0d1117"/>')
    print('<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e6edf3">')
    for number, line in enumerate(lines):
        spans = "".join(
            f'<tspan fill="{color}">{html.escape(text)}</tspan>' if color else html.escape(text)
            for color, text in pieces(line))
        print(f'<text x="20" y="{number * height + 32}" xml:space="preserve">{spans}</text>')
    print("</g></svg>")


def main():
    commands = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="selfheal-picture-")
    try:
        for name in ("schemas.yaml", ".env.example"):
            shutil.copy(os.path.join(TOP, name), folder)
        environment = dict(os.environ, SELFHEAL_BIN=commands, TERM="xterm-256color", XDG_CACHE_HOME=folder + "/cache",
                           PATH="/usr/bin:/bin")
        environment.pop("NO_COLOR", None)
        heal = [commands + "/auto-heal", "--quiet"]
        subprocess.run(heal, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(["sqlite3", "app/data.db", "ALTER TABLE product_catalog DROP COLUMN updated_at;"
                        "DROP INDEX idx_market_ticks_product;"], cwd=folder, check=True)
        os.remove(folder + "/.env")
        shutil.rmtree(folder + "/backend")
        shown = ['$ sqlite3 app/data.db "ALTER TABLE product_catalog DROP COLUMN updated_at"',
                 '$ sqlite3 app/data.db "DROP INDEX idx_market_ticks_product"', "$ rm -r .env backend",
                 "$ ./run_full_app.sh --no-start"]
        launcher = [TOP + "/run_full_app.sh", "--no-start", "--root", folder]
        lines = terminal(launcher, folder, environment).replace(folder + "/", "").splitlines()
        draw(shown + lines)
    finally:
        shutil.rmtree(folder)


main()
