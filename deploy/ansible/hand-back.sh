#!/bin/sh
# Puts a file of the Go Pushgateway in the place of a database of ours, which nobody may be using, and keeps that as FILE.kept-TIME.
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
