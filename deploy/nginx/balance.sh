#!/bin/sh
# Starts nginx, and keeps its list of replicas up to date: those whose /health/ready answers 200, which nginx does not check by
# itself. A replica that shuts down answers 503 there for DRAIN_DELAY_MS before it closes its port, so nothing is sent to it by
# then. The name of a replica is looked up each time, because it may come back under another address. If no replica is ready, all
# are listed, because one may still answer.
#
# REPLICAS: "API=MANAGEMENT ...", each as host:port. NGINX_CONF and REPLICAS_CONF are for a try outside of a container.
set -eu
: "${REPLICAS:=gateway-1:3000=gateway-1:3001 gateway-2:3000=gateway-2:3001}"
: "${NGINX_CONF:=/etc/nginx/nginx.conf}"
: "${REPLICAS_CONF:=/tmp/replicas.conf}"

listed() {
  for replica in $REPLICAS; do
    echo "server ${replica%%=*} max_fails=10 fail_timeout=1s;"
  done
}

ready() {
  for replica in $REPLICAS; do
    if curl -sf -m 1 -o /dev/null "http://${replica#*=}/health/ready"; then
      echo "server ${replica%%=*} max_fails=10 fail_timeout=1s;"
    fi
  done
}

# A failure, such as a name that is not known yet, changes nothing in nginx. The next round tries again.
follow() {
  while sleep 0.5; do
    now=$(ready)
    now=${now:-$(listed)}
    [ "$now" = "$(cat "$REPLICAS_CONF")" ] && continue
    before=$(cat "$REPLICAS_CONF")
    echo "$now" > "$REPLICAS_CONF"
    if nginx -q -t -c "$NGINX_CONF"; then nginx -c "$NGINX_CONF" -s reload; else echo "$before" > "$REPLICAS_CONF"; fi
  done
}

now=$(ready)
echo "${now:-$(listed)}" > "$REPLICAS_CONF"
follow &
exec nginx -c "$NGINX_CONF" -g 'daemon off;'
