#!/bin/sh
# SPDX-License-Identifier: MIT
# The requests of this example and their answers. usage: requests.sh [http://127.0.0.1:80 [http://127.0.0.1:8080]]
web=${1:-http://127.0.0.1:80}
api=${2:-http://127.0.0.1:8080}
name=k8s-traefik.info
token='Authorization: Bearer let-me-in'

ask() { # ask WHAT [curl options] URL
    printf '\n# %s\n' "$1"
    shift
    printf '$ curl'
    for word; do
        case $word in *[!A-Za-z0-9_:./=-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    curl -s -i --max-time 10 "$@" | tr -d '\r' | grep -v -i '^\(date\|server\|content-length\):' | cut -c1-1200
    echo
}

printf 'waiting for both services to be routed and to answer '
for _ in $(seq 120); do
    python=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H "Host: $name" -H "$token" "$web/pybackend/ready")
    r=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H "Host: $name" -H "$token" "$web/rbackend/ready")
    [ "$python$r" = 200200 ] && break
    printf .
    sleep 0.5
done
echo
[ "$python$r" = 200200 ] || { echo "not ready: pybackend $python, rbackend $r"; exit 1; }

ask 'no token: the auth server says no, in its own words' -H "Host: $name" "$web/pybackend/foobar"
ask 'a bad token' -H "Host: $name" -H 'Authorization: Bearer guess' "$web/pybackend/foobar"
ask 'a good token: the service sees /foobar, who asks (X-Auth-User, X-Auth-Role) and for whom (X-Forwarded-*)' \
    -H "Host: $name" -H "$token" "$web/pybackend/foobar"
ask 'Python computes' -H "Host: $name" -H "$token" -H 'Content-Type: application/json' \
    -d '{"test": 700, "grade": 3.6, "rank": 2}' "$web/pybackend/admission"
ask 'R computes' -H "Host: $name" -H "$token" -H 'Content-Type: application/json' \
    -d '{"test": 700, "grade": 3.6, "rank": 2}' "$web/rbackend/admission"
ask 'a host nobody serves' -H 'Host: nobody.example' "$web/"
ask 'what the router knows' "$api/api/providers/docker/frontends"
ask 'alive' "$api/ping"
printf '\ndashboard: %s/dashboard/\n' "$api"
