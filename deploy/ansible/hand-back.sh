#!/bin/sh
# Replaces a database of ours, which must not be in use, by a file of the Go Pushgateway, and keeps it as FILE.kept-TIME.
#   hand-back.sh PROGRAM FILE     PROGRAM is our pushgateway
set -eu
program=$1
file=$2
umask 077
"$program" export --format=gob "$file" > "$file.export"
chown --reference="$file" "$file.export"
kept=$file.kept-$(date +%Y%m%d-%H%M%S)
for end in -wal -shm .gob.bak ""; do
  if [ -e "$file$end" ]; then mv "$file$end" "$kept$end"; fi
done
mv "$file.export" "$file"
