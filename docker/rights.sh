#!/usr/bin/env bash
# When Elasticsearch answers: an API key that may use Overheard's own indices, and nothing else.
#
# A key that Elasticsearch still knows stays, so it may run again. No secret stands on a command line.
set -euo pipefail
umask 077
root=${1:-} url=${2:-https://elasticsearch:9200} # others than the container's, for the test
key=$root/access/api_key

ask() { # ask OPTION-OF-CURL ARGUMENTS...: who asks is an option that only curl's standard input tells
  printf '%s\n' "$1" |
    curl --silent --show-error --fail-with-body --max-time 60 --cacert "$root/certs/ca/ca.crt" --config - "${@:2}"
}

if [ -s "$key" ] && ask "header = \"Authorization: ApiKey $(cat "$key")\"" --output /dev/null \
  "$url/_security/_authenticate"; then
  exit 0
fi
make_key() {
  ask "user = \"elastic:$(cat "$root/certs/password")\"" --header 'Content-Type: application/json' --data '{
    "name": "overheard",
    "role_descriptors": {"overheard": {
      "cluster": ["monitor"],
      "indices": [{"names": ["overheard-*"], "privileges": ["all"]}]
    }}
  }' "$url/_security/api_key"
}
# Elasticsearch makes its index of users and roles when it first starts; who needs that at the same moment is refused.
for attempt in 1 2 3 4 5; do
  if answer=$(make_key); then break; fi
  echo "attempt $attempt: expected an API key from $url; got: $answer" >&2
  [ "$attempt" -lt 5 ]
  sleep 3
done
sed -n 's/.*"encoded":"\([^"]*\)".*/\1/p' <<<"$answer" >"$key.new"
[ -s "$key.new" ]
chown 10001:10001 "$key.new"
mv "$key.new" "$key"
