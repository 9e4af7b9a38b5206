#!/bin/sh
# Lays out archived requests for map and reduce, one folder each: <month>/<request>/input.txt
# Reads: <request>.event files. Handler of a bridge from the archive bucket to the bucket of the work.
set -eu
cd "$ROOT_FOLDER"

for event in *.event; do
  [ -e "$event" ] || continue
  seconds=$(sed -n 's/.*"EventTimeStamp":\([0-9]*\).*/\1/p' "$event")
  folder=$(date -u -d "@$seconds" +%Y-%m)/${event%.event}
  mkdir -p "$folder"
  { echo "$event"; date -u -d "@$seconds" '+%Y-%m-%d %H:%M:%S'; cat "$event"; } >"$folder/input.txt"
done
