#!/usr/bin/env bash
# Installs the plugins that ship, without their tests, so that nobody else may write them.
# usage: install-plugins.sh FOLDER
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../plugins"

folder=$1
install -d -m 755 "$folder"
for description in */plugin.yaml; do
  plugin=${description%/*}
  install -d -m 755 "$folder/$plugin" "$folder/$plugin/bin"
  install -m 644 "$description" "$folder/$plugin/plugin.yaml"
  for file in "$plugin"/bin/*; do
    [[ -f $file ]] || continue
    mode=644
    [[ ! -x $file ]] || mode=755
    install -m $mode "$file" "$folder/$file"
  done
done
