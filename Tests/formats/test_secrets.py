"""Canaries in secret variables."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import hostile


class Secrets(unittest.TestCase):
    """Values of secret variables reach no output, no file and no journal, whatever is asked for."""

    def test_no_byte_of_them_appears_anywhere(self):
        with tempfile.TemporaryDirectory(prefix="selfheal-secrets-") as name:
            root, out = Path(name) / "root", Path(name) / "out"
            root.mkdir()
            out.mkdir()
            hostile.make(root)
            said = {}
            for format in hostile.FORMATS:
                for tool, options in [("validate-startup", ["--check-only"]), ("validate-startup", []), ("auto-heal", []),
                                      ("auto-heal", ["--dry-run"]), ("selfheal", ["plan"]), ("selfheal", ["undo"])]:
                    for more in ([], ["--verbose"]):
                        file = out / f"{len(said)}.{format}"
                        answer = hostile.run(root, tool, *options, "--format", format, *more, "--output", f"{format}={file}",
                                             "--output", f"json={file}.json")
                        said[f"{tool} {options} {format} {more}"] = answer.stdout + answer.stderr
            for words in (["history"], ["history", "1"], ["history", "1", "--format", "json"], ["history", "--format", "json"]):
                said[str(words)] = hostile.run(root, "selfheal", *words, check=0).stdout
            places = {place: place.read_bytes() for place in Path(name).rglob("*") if place.is_file() and place.name != ".env"}
            self.assertTrue(any(".selfheal/journal.db" in str(place) for place in places))
            self.assertTrue(any(b"TOKEN in .env does not match its pattern" in text for text in said.values()))
            self.assertGreater(sum(place.parent == out for place in places), 100)
            for place, text in [*said.items(), *places.items()]:
                for secret in hostile.SECRETS:
                    self.assertNotIn(secret.encode(), text, place)

    def test_what_plugins_tell_is_told_without_them(self):
        secrets = {"in .env": "canary-of-env-file", "in the environment": "canary-of-environment", "in settings": "canary-of-settings",
                   "written in settings": "canary-of-manifest",
                   "a number": "481516234277", "nested": "canary-nested", "in a command": "canary-of-command",
                   "in a URL": "canary-of-url"}
        with tempfile.TemporaryDirectory(prefix="selfheal-secrets-") as name:
            root, out, seen = Path(name) / "root", Path(name) / "out", Path(name) / "seen"
            for folder in (root, out, seen):
                folder.mkdir()
            (root / ".env").write_text(f"HIDDEN={secrets['in .env']}\n")
            (root / "schemas.yaml").write_text(
                "version: 1\nenv: {variables: {HIDDEN: {secret: true}}}\n"
                'plugins:\n  tells: {password: "${SETTING_PASSWORD}"}\n  fails: {password: "${SETTING_PASSWORD}", deep: {api_key: canary-of-manifest}, pin_token: 481516234277, credentials: {value: canary-nested}}\n'
                '  watches: {kind: nagios, command: [/bin/sh, -c, "cat .env; echo; echo $0 $2 | tee /dev/stderr; env | tr \'\\\\n\' \' \'; exit 1", x, --password, canary-of-command]}\n')
            tells = """
                all=$(printf '%s' "$request $HIDDEN $SERVICE_TOKEN ${DATABASE_URL#*user:} $(cat .env)" | tr -d '\\n"\\\\')
                echo "$all" >&2
                m='"message":"'$all'","subject":"'$all'","hint":"'$all'","evidence":{"'$all'":"'$all'"}'
                if [ "$1" = heal ]; then
                  echo '{"protocol":1,"outcomes":[{"id":"x","subject":"'$all'","outcome":"failed","message":"'$all'"}]}'
                  exit
                fi
                echo '{"protocol":1,"confirmations":["'$all'"],"findings":[{"id":"x",'$m',"repair":{"title":"'$all'","detail":"'$all'"}}],
                  "measurements":[{"label":"'$all'","value":1}]}'
            """
            for plugin, script in (("tells", tells), ("fails", 'echo "$request $SERVICE_TOKEN" >&2; exit 1')):
                folder = root / "plugins" / plugin
                (folder / "bin").mkdir(parents=True)
                (folder / "plugin.yaml").write_text(
                    f"name: {plugin}\nversion: 1\nprotocols: [1]\ncapabilities: [check, heal]\nenvironment: [SERVICE_TOKEN, DATABASE_URL]\n"
                    f"writes: [{seen}]\n")
                (folder / "bin" / plugin).write_text(
                    f"#!/bin/bash\nrequest=$(cat)\nprintf '%s\\n' \"$request\" >>{seen}/{plugin}.request\n"
                    f"cat /proc/$$/cmdline /proc/$PPID/cmdline >>{seen}/commands\n{script}\n")
                (folder / "bin" / plugin).chmod(0o755)
            environment = {"PATH": "/usr/bin:/bin", "HOME": name, "XDG_CACHE_HOME": f"{name}/cache",
                           "SERVICE_TOKEN": secrets["in the environment"], "SETTING_PASSWORD": secrets["in settings"],
                           "DATABASE_URL": f"postgres://user:{secrets['in a URL']}@host/db"}
            said = {}
            for format in hostile.FORMATS:
                for tool, options in (("validate-startup", []), ("auto-heal", []), ("auto-heal", ["--dry-run"]), ("selfheal", ["plan"])):
                    file = out / f"{len(said)}.{format}"
                    command = [hostile.PROGRAMS / tool, *options, "--verbose", "--format", format, "--output", f"{format}={file}"]
                    answer = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    said[f"{tool} {options} {format}"] = answer.stdout + answer.stderr
            for words in (["history"], ["history", "1", "--format", "json"]):
                command = [hostile.PROGRAMS / "selfheal", *words]
                said[str(words)] = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE).stdout
            # The plugins were given them, so that there was something to tell.
            self.assertIn(secrets["in settings"], (seen / "tells.request").read_text())
            self.assertIn("[redacted]", said["validate-startup [] text"].decode())
            places = {place: place.read_bytes() for place in Path(name).rglob("*")
                      if place.is_file() and place.name not in (".env", "schemas.yaml") and not place.name.endswith(".request")}
            self.assertIn(seen / "commands", places)
            for place, text in [*said.items(), *places.items()]:
                for where, secret in secrets.items():
                    self.assertNotIn(secret.encode(), text, f"{where}, found in {place}")


if __name__ == "__main__":
    unittest.main()
