#!/usr/bin/env bash
# healthy PORT PATH: whether this container answers 200 there. Started every few seconds, so it is no Python.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
read -r status <&3
cat <&3 >/dev/null
[[ $status == *' 200 '* ]]
