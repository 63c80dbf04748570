#!/bin/sh
# Runs a command as an unprivileged user on a read-only file system: the folder of the replayed image as /app, the libraries of
# this machine, and the given secrets. Needs root. Usage: jail.sh <folder> <node> <secrets> <command…>
set -e
if [ "$JAILED" != yes ]; then
  JAILED=yes exec unshare --mount --propagation private "$0" "$@"
fi
image=$1 node=$2 secrets=$3
shift 3
jail=$(mktemp -d)
mount -t tmpfs -o mode=755 tmpfs "$jail"
for name in usr etc proc dev; do
  mkdir "$jail/$name"
  mount --rbind "/$name" "$jail/$name"
done
for name in bin lib lib64; do
  [ -L "/$name" ] && cp -P "/$name" "$jail/$name" && continue
  [ -d "/$name" ] && mkdir "$jail/$name" && mount --rbind "/$name" "$jail/$name"
done
mkdir -p "$jail/app" "$jail/node" "$jail/run/secrets"
mount --bind "$image/app" "$jail/app"
mount --bind "$(dirname "$node")" "$jail/node"
mount --bind "$secrets" "$jail/run/secrets"
for name in app node run/secrets usr etc; do mount -o remount,bind,ro "$jail/$name"; done
mount -o remount,ro "$jail"
exec env PATH=/node:/usr/bin:/bin:/usr/sbin chroot --userspec=65532:65532 "$jail" "$@"
