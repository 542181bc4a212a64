#!/bin/sh
# Compiled functions were put into the image; Numba looks for them where it may write.
cp -r /opt/trunkline/numba /tmp/numba
exec trunkline "$@"
