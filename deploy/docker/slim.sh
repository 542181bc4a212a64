#!/bin/sh
# Removes from an environment what a run never reads: Ray's Java and RLlib, libraries' own tests, headers.
set -eu
packages=$(echo "$1"/lib/python3*/site-packages)
rm -rf "$packages/ray/jars" "$packages/ray/rllib" "$packages/ray/cpp"
rm -rf "$packages/torch/include" "$packages/torch/share" "$packages/torch/test"
find "$packages/torch/bin" -type f ! -name torch_shm_manager -delete
find "$packages" -type d \( -name tests -o -name test \) ! -path '*/torch/*' ! -path '*/numba/*' -prune -exec rm -rf {} +
