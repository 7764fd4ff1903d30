# Addresses and keys of the running stack of this clone, for your shell: `. docs/examples/env.sh` from the clone's root.
# Standard variables, so the AWS CLI, boto3 and psql find the stack. `./sluice` itself needs none of them.

_sluice() { # _sluice FILE NAME…: one value of a JSON file below .sluice/
    python3 -c 'import json, sys
value = json.load(open(".sluice/" + sys.argv[1]))
for name in sys.argv[2:]:
    value = value[name]
print(value)' "$@"
}

AWS_ENDPOINT_URL=http://127.0.0.1:$(_sluice ports.json aws)
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1

# psql talks to the Redshift gate
PGPORT=$(_sluice ports.json redshift)
PGPASSWORD=$(_sluice secrets.json postgres_password)
export PGHOST=127.0.0.1 PGPORT PGUSER=sluice PGDATABASE=warehouse PGPASSWORD

# the collector: an HTTP API is found by its host name, which on a laptop goes into the header Host
COLLECTOR=$AWS_ENDPOINT_URL
COLLECTOR_HOST=$(_sluice data/outputs.json CollectorUrl)
COLLECTOR_HOST=${COLLECTOR_HOST#http://}
WRITE_KEY=$(_sluice secrets.json write_keys aurora)
AIRFLOW_URL=http://127.0.0.1:$(_sluice ports.json airflow)
export COLLECTOR COLLECTOR_HOST WRITE_KEY AIRFLOW_URL
