#!/usr/bin/env bash
# The style of every Swift file, and the traps of every shell script.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
swift=$(scripts/find-swift.sh)

# Files git knows or would add: neither builds nor databases.
mapfile -d '' -t files < <(git ls-files -z --cached --others --exclude-standard)
swift_files=() shell_files=()
for file in "${files[@]}"; do
  [[ -f $file && ! -L $file ]] || continue
  case $file in
    *.swift) swift_files+=("$file") ;;
    *.sh) shell_files+=("$file") ;;
    *)
      line=''
      IFS= read -r -n 80 line <"$file" 2>/dev/null || :
      [[ ! $line =~ ^'#!'.*[/\ ](ba|da)?sh($|\ ) ]] || shell_files+=("$file")
      ;;
  esac
done

if ((${#swift_files[@]} == 0 || ${#shell_files[@]} == 0)); then
  echo "[ERROR] git lists no sources here" >&2
  exit 1
fi
"$swift/swift" format lint --strict --parallel "${swift_files[@]}"
shellcheck --external-sources "${shell_files[@]}"
echo "[OK] ${#swift_files[@]} Swift files and ${#shell_files[@]} shell scripts are clean"
