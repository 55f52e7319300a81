#!/usr/bin/env bash
# Installs what the tests need from Debian when root; otherwise says how. Usage: system.sh venv|chromium|postgresql ...
set -euo pipefail

need() { # need <what is missing> <apt packages...>
  local what=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $* ..."
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  elif [ -n "${CI:-}" ]; then
    echo "$what is missing and CI skips nothing: apt-get install $*" >&2
    exit 1
  else
    echo "$what is missing; the tests that need it will be skipped. To run them: sudo apt-get install $*" >&2
  fi
}

for part in "$@"; do
  case $part in
    venv) "${PYTHON:-python3}" -c 'import venv, ensurepip' 2>/dev/null || need "Python's venv module" python3 python3-venv ;;
    chromium) command -v chromium >/dev/null || need "Chromium" chromium fonts-noto-core ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need "PostgreSQL" postgresql ;;
    *) echo "system.sh: unknown part '$part'" >&2; exit 2 ;;
  esac
done
