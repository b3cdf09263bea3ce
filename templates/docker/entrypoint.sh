#!/bin/sh
# Brings the container's surroundings into the state that schemas.yaml asks for, then becomes the application.
set -eu
# 2: warnings only, the application can run.
auto-heal --quiet --wait "${SELFHEAL_WAIT:-30}" || test $? -eq 2
exec "$@"
