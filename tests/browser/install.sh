#!/bin/sh
# Installs Chromium when there is none: from the distribution as root, else Playwright's own.
# Usage: install.sh FOLDER-WITH-PLAYWRIGHT
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium with apt"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core >/dev/null
else
  echo "Installing Chromium with Playwright"
  "$1/playwright" install chromium
fi
