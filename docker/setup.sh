#!/usr/bin/env bash
# Before Elasticsearch starts: an authority, certificates, a password for its user `elastic`, and first settings.
#
# What is there stays, so it may run again. It runs as root, since each file is for one user alone: 1000 is
# Elasticsearch, 10001 Overheard. The authority's key is on a volume that Overheard does not see.
set -euo pipefail
umask 077
root=${1:-} # another root than the container's, for the test
certs=$root/certs access=$root/access data=$root/data
rm -rf "$certs"/tmp.* # of a run that was killed

if [ ! -f "$certs/ca/ca.crt" ]; then
  work=$(mktemp -d -p "$certs")
  elasticsearch-certutil ca --silent --pem --days 3650 --out "$work/ca.zip"
  unzip -q "$work/ca.zip" -d "$work"
  mv "$work/ca" "$certs/"
  rm -r "$work"
fi

if [ ! -f "$certs/elasticsearch/elasticsearch.crt" ]; then
  work=$(mktemp -d -p "$certs")
  cat >"$work/instances.yml" <<'END'
instances:
  - name: web
    dns: [localhost, web]
    ip: [127.0.0.1]
  - name: elasticsearch
    dns: [localhost, elasticsearch]
    ip: [127.0.0.1]
END
  elasticsearch-certutil cert --silent --pem --days 3650 --in "$work/instances.yml" --out "$work/certs.zip" \
    --ca-cert "$certs/ca/ca.crt" --ca-key "$certs/ca/ca.key"
  unzip -q "$work/certs.zip" -d "$work"
  rm -rf "$certs/web"
  mv "$work/web" "$work/elasticsearch" "$certs/"
  rm -r "$work"
fi

if [ ! -s "$certs/password" ]; then
  head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$certs/password.new"
  mv "$certs/password.new" "$certs/password"
fi

chown -R 1000:0 "$certs"
chown -R 0:0 "$certs/ca"
chmod 755 "$certs/ca" # its certificate is for everybody, its key for root
chmod 644 "$certs/ca/ca.crt"

chown 10001:10001 "$access" "$data"
chmod 700 "$access" "$data"
install -o 10001 -g 10001 -m 644 "$certs/ca/ca.crt" "$access/ca.crt"
for file in web.crt web.key; do
  [ -f "$access/$file" ] || install -o 10001 -g 10001 -m 600 "$certs/web/$file" "$access/$file"
done
[ -f "$data/overheard.toml" ] ||
  install -o 10001 -g 10001 -m 600 "$root/docker/overheard.toml" "$data/overheard.toml"
