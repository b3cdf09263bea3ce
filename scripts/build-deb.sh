#!/usr/bin/env bash
# Builds a Debian package of the release build, and prints its path.
# usage: build-deb.sh [FOLDER]     FOLDER: where it is put; .build/deb unless given
# BIN: a folder with a built selfheal; the release build unless set. DEBFULLNAME, DEBEMAIL: who maintains the package.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
out=${1:-$here/.build/deb}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"
umask 022

programs=${BIN:-$(scripts/build-release.sh)}
# The same package from the same sources, whenever it is built.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$work/bin"
cp -L "$programs/selfheal" "$work/bin/selfheal"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$work/bin/selfheal"
for name in validate-startup auto-heal; do ln -s selfheal "$work/bin/$name"; done
ZSH_FUNCTIONS=share/zsh/vendor-completions scripts/install.sh "$work/bin" "$root/usr"
gzip -9n "$root"/usr/share/man/man1/*.1
for name in validate-startup auto-heal; do [[ -L $root/usr/bin/$name ]]; done

maintainer="${DEBFULLNAME:-The SelfHeal authors} <${DEBEMAIL:-selfheal@users.noreply.github.com}>"
version=$("$root/usr/bin/selfheal" --version)-1
architecture=$(dpkg --print-architecture)
doc=$root/usr/share/doc/selfheal
rm "$doc/LICENSE" # the copyright file holds it
mv "$doc/CHANGELOG.md" "$doc/changelog"
cat >"$doc/changelog.Debian" <<CHANGES
selfheal ($version) unstable; urgency=medium

  * This release; what it brings is in changelog.gz.

 -- $maintainer  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
CHANGES
gzip -9n "$doc/changelog" "$doc/changelog.Debian"
install -m 644 packaging/debian/copyright "$doc/copyright"
install -D -m 644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/selfheal"

# Nothing where the program is static; else the packages of its libraries.
depends=''
if readelf -d "$root/usr/bin/selfheal" 2>/dev/null | grep -q '(NEEDED)'; then
  mkdir "$work/debian"
  printf 'Source: selfheal\n\nPackage: selfheal\nArchitecture: any\n' >"$work/debian/control"
  depends=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/bin/selfheal" | sed -n 's/^shlibs:Depends=//p')
fi

mkdir -m 755 "$root/DEBIAN"
size=$(du --summarize --apparent-size --block-size=1024 --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@MAINTAINER@/$maintainer/" -e "s/@SIZE@/$size/" -e "s/@DEPENDS@/$depends/" \
  -e '/^Depends: $/d' packaging/debian/control.in >"$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

package=$out/selfheal_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >&2
printf '%s\n' "$package"
