#!/bin/sh
# Removes from an environment what a run never reads: Ray's Java and RLlib, libraries' own tests, headers.
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
rm -rf "$packages/ray/jars" "$packages/ray/rllib" "$packages/ray/cpp" "$packages/torch/include" "$packages/torch/share"
find "$packages" -type d \( -name tests -o -name test \) -path '*/site-packages/*' \
  ! -path '*/torch/*' ! -path '*/numba/*' -prune -exec rm -rf {} +
