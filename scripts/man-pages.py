#!/usr/bin/env python3
"""Writes the manual pages of the programs, from what the programs say about themselves.

usage: man-pages.py PROGRAMS FOLDER

PROGRAMS is a folder with selfheal, validate-startup and auto-heal; each of them prints its options as JSON. A page is
written for each program and each subcommand (selfheal-plan.1), in mdoc(7).
"""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("validate-startup", "auto-heal", "selfheal")
EXIT_STATUS = re.compile(r"Exit status(?:, [^:]*)?:")

ENVIRONMENT = {
    "COLUMNS": "The width of a terminal that does not tell it.",
    "NO_COLOR": "When it is set and not empty, nothing is coloured unless --color always says so.",
    "TERM": "On a terminal of the kind dumb, nothing is coloured and no progress is shown.",
    "XDG_CACHE_HOME": "Where what commands and plugins answered is remembered, in selfheal. Unless it is set: ~/.cache.",
}
FILES = {
    "schemas.yaml": "The manifest: what the application expects of its surroundings.",
    ".selfheal/": "In the application's root: the journal of runs that changed something, and backups of databases.",
    "plugins/": "Beside the manifest: a folder for each plugin.",
}


def text(words):
    """One line of running text. Dashes of options must stay dashes, and no line may look like a request."""
    line = words.replace("\\", "\\e").replace("--", "\\-\\-").strip()
    return "\\&" + line if line[:1] in (".", "'") else line


def argument(word):
    """An argument of a macro that cannot be taken for another macro, nor for punctuation."""
    return "\\&" + word.replace("\\", "\\e").replace('"', "\\(dq") if word else ""


def prose(words):
    """Paragraphs, with each sentence on a line of its own, as mdoc(7) asks."""
    out = []
    for paragraph in re.split(r"\n\s*\n", words.strip()):
        if out:
            out.append(".Pp")
        sentences = re.split(r"(?<=[.;:?!])\s+(?=\S)", " ".join(paragraph.split()))
        for sentence in sentences:
            # Short lines: that of a terminal, and of diff.
            line = ""
            for word in sentence.split():
                if line and len(line) + len(word) > 76:
                    out.append(text(line))
                    line = word
                else:
                    line = f"{line} {word}".strip()
            out.append(text(line))
    return out


def flag(name):
    dash = "-" if name["kind"] == "long" else ""
    return f"Fl {dash}{name['name']}"


def shown(arguments):
    return [a for a in arguments if a.get("shouldDisplay", True)]


def heading(option):
    """The line above an option's explanation: -q, --quiet, or --root dir."""
    if option["kind"] == "positional":
        return f".It Ar {argument(option['valueName'])}"
    # The short name first, as everywhere.
    names = sorted(option["names"], key=lambda name: name["kind"] == "long")
    value = f" Ar {argument(option['valueName'])}" if option["kind"] == "option" else ""
    return ".It " + " , ".join(flag(name) for name in names) + value


def synopsis(name, parent, arguments, has_subcommands):
    out = [f".Nm {name}" if not parent else f".Nm {parent[0]} {' '.join(parent[1:] + [name])}"]
    for option in shown(arguments):
        if option["kind"] == "positional":
            word = f"Ar {argument(option['valueName'])}"
        else:
            preferred = option["preferredName"]
            if preferred["name"] in ("help", "version"):
                continue
            word = flag(preferred) + (f" Ar {argument(option['valueName'])}" if option["kind"] == "option" else "")
        if option["isRepeating"]:
            out.append(f".Oo {word} Oc Ns ...")
        else:
            out.append(f".Op {word}" if option["isOptional"] else f".{word}")
    if has_subcommands:
        out += [".Ar command", ".Op Ar argument ..."]
    return out


def option_text(option):
    words = [option.get("abstract", ""), option.get("discussion", "")]
    values = option.get("allValues")
    if values:
        words.append(f"One of {', '.join(values)}.")
    default = option.get("defaultValue")
    if default not in (None, "", "false"):
        words.append(f"Default: {re.sub(r'[.]0$', '', default)}.")
    return prose(" ".join(word.strip() for word in words if word)) or [".Pp"]


def definitions(title, entries, macro):
    out = [f".Sh {title}", ".Bl -tag -width Ds"]
    for name, words in entries.items():
        out += [f".It {macro} {argument(name)}", *prose(words)]
    return [*out, ".El"]


def statuses(words):
    """What a discussion says of exit statuses, `0 all is well; 1 something is wrong`, as a list."""
    out = [".Sh EXIT STATUS"]
    if not words:
        return [*out, "0 when it did what it was asked to, 64 when the command line is wrong, and", "more than 0 otherwise."]
    parts = re.split(r"[;.]\s+(?=\d+\s)", words.strip().rstrip("."))
    out.append(".Bl -tag -width Ds")
    for part in parts:
        number, meaning = part.split(maxsplit=1)
        if not number.isdigit():
            raise SystemExit(f"an exit status that is no number: {part!r}")
        out += [f".It {number}", *prose(meaning[0].upper() + meaning[1:] + ".")]
    return [*out, ".El"]


def page(command, parent, version, date):
    name = command["commandName"]
    title = "-".join(parent + [name])
    subcommands = [c for c in command.get("subcommands", []) if c.get("shouldDisplay", True) and c["commandName"] != "help"]
    arguments = command.get("arguments", [])
    abstract = command.get("abstract", "").strip()
    description, status, *_ = [*EXIT_STATUS.split(command.get("discussion", ""), maxsplit=1), ""]

    out = ['.\\" Written by scripts/man-pages.py; changes belong into the help texts of the program.']
    out += [f".Dd {date}", f".Dt {title.upper()} 1", f".Os selfheal {version}", ".Sh NAME", f".Nm {title}"]
    out += [f".Nd {text(abstract[:1].lower() + abstract[1:]).rstrip('.')}", ".Sh SYNOPSIS"]
    out += synopsis(name, parent, arguments, bool(subcommands))
    out += [".Sh DESCRIPTION", *prose(abstract)]
    if description.strip():
        out += [".Pp", *prose(description)]
    if subcommands:
        out += [".Pp", "The commands are:", ".Bl -tag -width Ds"]
        for subcommand in subcommands:
            out += [f".It Cm {argument(subcommand['commandName'])}", *prose(subcommand.get("abstract", ""))]
        out.append(".El")
    options = shown(arguments)
    if options:
        out += [".Sh OPTIONS", ".Bl -tag -width Ds"]
        for option in options:
            out += [heading(option), *option_text(option)]
        out.append(".El")
    out += definitions("ENVIRONMENT", ENVIRONMENT, "Ev")
    out += definitions("FILES", FILES, "Pa")
    out += statuses(status)
    related = [f"{other} 1" for other in PROGRAMS if other != title]
    related += [f"{title}-{c['commandName']} 1" for c in subcommands if c["commandName"] not in PROGRAMS]
    if len(parent) > 1:
        related.append("-".join(parent) + " 1")
    related = sorted(set(related))
    out += [".Sh SEE ALSO"] + [f".Xr {other} ," for other in related[:-1]] + [f".Xr {related[-1]}"]
    yield f"{title}.1", "\n".join(out) + "\n"
    for subcommand in subcommands:
        # The two main tools have pages of their own, under their own names.
        if subcommand["commandName"] not in PROGRAMS:
            yield from page(subcommand, parent + [name], version, date)


def date_of_sources():
    """The same pages from the same sources, whenever they are made."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if seconds is None:
        top = Path(__file__).resolve().parents[1]
        found = subprocess.run(
            ["git", "-C", top, "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
        seconds = found.stdout.strip() or str(int((top / "CHANGELOG.md").stat().st_mtime))
    day = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return f"{day:%B} {day.day}, {day.year}"


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__.split("\n\n")[1])
    programs, folder = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    date = date_of_sources()
    for name in PROGRAMS:
        def ask(option):
            return subprocess.run(
                [programs.resolve() / name, option], capture_output=True, text=True, check=True).stdout

        version = ask("--version").strip()
        tree = json.loads(ask("--experimental-dump-help"))
        if tree["serializationVersion"] != 0:
            raise SystemExit(f"{name} describes itself in an unknown version {tree['serializationVersion']}")
        for file, contents in page(tree["command"], [], version, date):
            (folder / file).write_text(contents)


main()
