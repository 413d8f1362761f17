#!/bin/sh
# Starts nginx, and keeps in its list the replicas whose /health/ready answers 200: nginx alone does not ask. A replica that
# leaves says so DRAIN_DELAY_MS before it closes its port, so by then nothing is sent to it any more. A replica that comes
# back, perhaps under another address, is looked up anew. When none is ready, all are listed: one may still answer.
#
# REPLICAS: "API=MANAGEMENT ..." with host:port each. NGINX_CONF, REPLICAS_CONF: for trying it outside of a container.
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

# A failure, such as a name that is not known yet, leaves nginx as it is; the next round tries again.
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
