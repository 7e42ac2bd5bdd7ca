#!/bin/sh
# Installs what tests (or, with "venv", the virtual environment) need from the system, when root;
# otherwise prints the one line to run.
set -eu

need=""
missing() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }

if [ "${1:-}" = venv ]; then
	need=" python3-venv"
else
	missing redis-server redis-server
	missing chromium chromium
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need="$need postgresql"
	fc-list :lang=zh 2>/dev/null | grep -q . || need="$need fonts-wqy-microhei"
fi
[ -n "$need" ] || exit 0
if [ "$(id -u)" = 0 ]; then
	echo "installing:$need"
	apt-get update -qq
	# Package scripts may start servers; the tests start their own.
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
else
	echo "This needs system packages. Please run:  sudo apt-get install -y$need" >&2
	exit 1
fi
