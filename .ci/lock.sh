#!/usr/bin/env bash
# Resolves the locks from pyproject.toml: name==version with hashes, and no addresses in them.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
resolve() { "$uv" pip compile -q --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 "$@"; }
# The build back-end is locked too, so that the editable install needs nothing that was not checked.
resolve pyproject.toml <(echo setuptools) -o requirements/base.lock
# torch comes by pip itself (Makefile): its builds differ by machine, and one version has many hashes. What it needs is locked here.
resolve --extra dev --extra finetune --override <(echo 'torch; sys_platform == "none"') -c <(grep == requirements/base.lock | sed 's/ *\\$//') pyproject.toml <(printf '%s\n' setuptools sympy networkx fsspec filelock jinja2) -o requirements/dev.lock
echo uv | resolve - -o requirements/uv.lock
