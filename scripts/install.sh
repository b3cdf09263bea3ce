#!/usr/bin/env bash
# Installs the commands and all that belongs to them, or removes them again.
# usage: install.sh PROGRAMS PREFIX      PROGRAMS: a folder with a built selfheal
#        install.sh --remove PREFIX
# ZSH_FUNCTIONS: where zsh looks for completions, below PREFIX; share/zsh/site-functions unless set.
set -euo pipefail
if (($# != 2)); then
  sed -n '3,4s/^# *//p' "$0" >&2
  exit 64
fi
programs=$1
mkdir -p "$2"
prefix=$(realpath -- "$2")
[[ $programs == --remove ]] || programs=$(realpath -- "$programs")
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

names=(selfheal validate-startup auto-heal)
bash_folder=$prefix/share/bash-completion/completions
zsh_folder=$prefix/${ZSH_FUNCTIONS:-share/zsh/site-functions}
fish_folder=$prefix/share/fish/vendor_completions.d
man_folder=$prefix/share/man/man1
doc_folder=$prefix/share/doc/selfheal
share=$prefix/share/selfheal

if [[ $programs == --remove ]]; then
  for name in "${names[@]}"; do
    rm -f "$prefix/bin/$name" "$bash_folder/$name" "$zsh_folder/_$name" "$fish_folder/$name.fish" \
      "$man_folder/$name.1"{,.gz}
  done
  rm -f "$man_folder"/selfheal-*.1{,.gz}
  rm -rf "$doc_folder" "$share"
  exit
fi

# Beside its name first: a run that goes on meanwhile keeps the binary it has.
install -d "$prefix/bin"
install -m 755 "$programs/selfheal" "$prefix/bin/.selfheal.new"
mv -f "$prefix/bin/.selfheal.new" "$prefix/bin/selfheal"
for name in validate-startup auto-heal; do ln -sfn selfheal "$prefix/bin/$name"; done

install -d "$bash_folder" "$zsh_folder" "$fish_folder" "$man_folder" "$doc_folder" "$share"
for name in "${names[@]}"; do
  "$prefix/bin/$name" --generate-completion-script bash |
    sed '1{/^#!/d}' >"$bash_folder/$name" # it is read, not run
  "$prefix/bin/$name" --generate-completion-script zsh >"$zsh_folder/_$name"
  "$prefix/bin/$name" --generate-completion-script fish >"$fish_folder/$name.fish"
done
scripts/man-pages.py "$prefix/bin" "$man_folder"
chmod 644 "$bash_folder"/{selfheal,validate-startup,auto-heal} "$zsh_folder"/_{selfheal,validate-startup,auto-heal} \
  "$fish_folder"/{selfheal,validate-startup,auto-heal}.fish "$man_folder"/{selfheal,validate-startup,auto-heal,selfheal-*}.1

install -m 644 README.md CHANGELOG.md LICENSE docs/*.md docs/report.schema.json "$doc_folder"
# Readable for all and writable for nobody else, whatever the checkout's modes are; plugins that others may write are refused.
copy() { # FOLDER TARGET
  local file mode
  while IFS= read -r -d '' file; do
    mode=644
    [[ ! -x $1/$file ]] || mode=755
    install -D -m $mode "$1/$file" "$2/$file"
  done < <(cd "$1" && find . -type f ! -path '*/__pycache__/*' ! -path '*/tests/*' -print0)
}
copy templates "$share/templates"
install -m 755 run_full_app.sh "$share/run_full_app.sh"
if [[ -x scripts/install-plugins.sh ]]; then
  scripts/install-plugins.sh "$share/plugins"
elif [[ -d plugins ]]; then
  copy plugins "$share/plugins"
fi
chmod -R go-w "$share"
