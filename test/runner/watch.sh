#!/bin/sh
# watch.sh NAME=VALUE: waits until its standard input ends, which it does however the test run ends. Then it kills every
# process that was started with NAME=VALUE in its environment, and all below those: nothing that tests start outlives
# them.
trap '' INT TERM HUP QUIT

kill_with_all_below() {
  for below in $(cat "/proc/$1/task/"*/children 2>/dev/null); do kill_with_all_below "$below"; done
  kill -KILL "$1" 2>/dev/null
}

started() {
  grep -lszx -e "$1" /proc/[0-9]*/environ | cut -d / -f 3
}

cat >/dev/null
# A process may start another one between the look and the kill.
for _ in 1 2 3 4 5; do
  left=$(started "$1")
  [ -n "$left" ] || exit 0
  for pid in $left; do kill_with_all_below "$pid"; done
done
