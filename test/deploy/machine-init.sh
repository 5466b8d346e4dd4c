#!/bin/sh
# Becomes a systemd that knows no units but those in /etc/systemd/system, which are none, and in UNITS. To be run as the first
# process of new mount, pid, ipc, uts, net and cgroup namespaces; what it mounts is seen and written in those only.
#   machine-init.sh UNITS BINARIES     both folders; programs in BINARIES are found in /usr/local/bin
set -eu
units=$1
binaries=$2

mount --make-rprivate /
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  umount /sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/lock /run/upper /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
for folder in /etc/systemd/system /etc/default /var/lib /opt /usr/local; do mount -t tmpfs tmpfs "$folder"; done
mkdir /usr/local/bin
cp -r "$binaries/." /usr/local/bin/
ip link set lo up

# Without a colon at its end the variable takes the place of the system's folders of units.
export container=namespaces SYSTEMD_UNIT_PATH="/etc/systemd/system:$units"
exec /lib/systemd/systemd --system --unit=default.target --show-status=no --log-level=warning --log-target=console \
  --default-standard-output=inherit --default-standard-error=inherit
